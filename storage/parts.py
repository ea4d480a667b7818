"""Bars and funding cut into parts, one for each series and year, so that a copy elsewhere need only take what changed.

A part is named by what it holds and marked by a checksum that DuckDB computes over its rows (`storage.contents` says why such a
mark can be believed). The mark may change without the rows, with DuckDB's version; never the rows without the mark.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from storage import bars, funding
from storage.database import Database
from storage.frames import Shape

SHAPES: dict[str, Shape] = {"bars": bars.SHAPE, "funding": funding.SHAPE}

_BARS = """
    select venue, timeframe, symbol, year(open_time) as year, count(*),
           sum(hash(hash(open_time, open, high, low, close, volume, source)))
    from bars group by venue, timeframe, symbol, year order by venue, timeframe, symbol, year
"""
_FUNDING = """
    select venue, 'funding', symbol, year(settled_at) as year, count(*), sum(hash(hash(settled_at, rate, source)))
    from funding group by venue, symbol, year order by venue, symbol, year
"""
_BARS_OF = """
    select * from bars where venue = $venue and timeframe = $timeframe and symbol = $symbol and year(open_time) = $year
    order by open_time
"""
_FUNDING_OF = "select * from funding where venue = $venue and symbol = $symbol and year(settled_at) = $year order by settled_at"


@dataclass(frozen=True, slots=True)
class Part:
    """One series in one year, UTC.

    Parameters
    ----------
    table : ``bars`` or ``funding``
    timeframe : of the bars, or ``funding``
    rows : how many there are
    mark : other rows have another one
    """

    table: str
    venue: str
    timeframe: str
    symbol: str
    year: int
    rows: int
    mark: str


class Parts:
    """The parts of market.duckdb."""

    def __init__(self, market: Database) -> None:
        self._market = market

    def all(self) -> tuple[Part, ...]:
        """Look at every stored row, and say which parts there are."""
        with self._market.read() as connection:
            found = [("bars", row) for row in connection.execute(_BARS).fetchall()]
            found += [("funding", row) for row in connection.execute(_FUNDING).fetchall()]
        return tuple(_part(table, row) for table, row in found)

    def rows(self, part: Part) -> pl.DataFrame:
        """Return the rows of a part as its table takes them, sorted by time."""
        values = {"venue": part.venue, "symbol": part.symbol, "year": part.year}
        if part.table == "bars":
            values["timeframe"] = part.timeframe
        with self._market.read() as connection:
            query = _BARS_OF if part.table == "bars" else _FUNDING_OF
            frame = connection.sql(query, params=values).pl()
        schema = SHAPES[part.table].schema
        return frame.select(*schema).cast(dict(schema))


def _part(table: str, row: tuple[Any, ...]) -> Part:
    venue, timeframe, symbol, year, rows, checksum = row
    return Part(table, venue, timeframe, symbol, year, rows, f"{duckdb.__version__}-{checksum}")
