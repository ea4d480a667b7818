"""Bars and funding cut into parts, one for each series and year, so that a copy elsewhere need only take what changed.

A part is named by what it holds and marked by a checksum that DuckDB computes over its rows (`storage.contents` says why such a
mark can be believed). The mark may change without the rows, with DuckDB's version; never the rows without the mark.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import duckdb
import polars as pl

from storage import bars, funding
from storage.bars import MemoryBars
from storage.database import Database
from storage.frames import Shape
from storage.funding import MemoryFunding

SHAPES: dict[str, Shape] = {"bars": bars.SHAPE, "funding": funding.SHAPE}
KEY = ("venue", "timeframe", "symbol", "year")

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


class Parts(Protocol):
    """The parts of all stored bars and funding."""

    def all(self) -> tuple[Part, ...]:
        """Look at every stored row, and say which parts there are: by table, venue, timeframe, symbol and year."""
        ...

    def rows(self, part: Part) -> pl.DataFrame:
        """Return the rows of a part as its table takes them, sorted by time."""
        ...


class DuckParts:
    """`Parts` of market.duckdb."""

    def __init__(self, market: Database) -> None:
        self._market = market

    def all(self) -> tuple[Part, ...]:
        """Look at every stored row, and say which parts there are: by table, venue, timeframe, symbol and year."""
        with self._market.read() as connection:
            found = [("bars", row) for row in connection.execute(_BARS).fetchall()]
            found += [("funding", row) for row in connection.execute(_FUNDING).fetchall()]
        return tuple(_part(table, row, duckdb.__version__) for table, row in found)

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


class MemoryParts:
    """`Parts` of the memory twins of bars and funding."""

    def __init__(self, bars: MemoryBars, funding: MemoryFunding) -> None:
        self._bars = bars
        self._funding = funding

    def all(self) -> tuple[Part, ...]:
        """Look at every stored row, and say which parts there are: by table, venue, timeframe, symbol and year."""
        return tuple(
            _part(table, (*names, rows.height, int(rows.hash_rows().sum())), pl.__version__)
            for table in SHAPES
            for names, rows in self._table(table).sort(*KEY).group_by(*KEY, maintain_order=True)
        )

    def rows(self, part: Part) -> pl.DataFrame:
        """Return the rows of a part as its table takes them, sorted by time."""
        mine = [pl.col(name) == getattr(part, name) for name in KEY]
        schema = SHAPES[part.table].schema
        return self._table(part.table).filter(*mine).select(*schema).sort(_time(part.table))

    def _table(self, table: str) -> pl.DataFrame:
        rows = self._bars.rows if table == "bars" else self._funding.rows.with_columns(timeframe=pl.lit("funding"))
        return rows.with_columns(year=pl.col(_time(table)).dt.year())


def _time(table: str) -> str:
    return "open_time" if table == "bars" else "settled_at"


def _part(table: str, row: tuple[Any, ...], version: str) -> Part:
    venue, timeframe, symbol, year, rows, checksum = row
    return Part(table, venue, timeframe, symbol, year, rows, f"{version}-{checksum}")
