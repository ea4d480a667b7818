"""Funding: the rate longs paid shorts at every settlement, keyed by (venue, symbol, settlement time)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import polars as pl
from duckdb import DuckDBPyConnection

from core.market.timeframe import bar_ms, utc
from storage.database import Database
from storage.frames import TIME, MemoryTable, Merge, Series, Shape, admitted, merged
from storage.panels import Cells, Extent

SHAPE = Shape(
    subject="funding",
    schema={"venue": pl.String, "symbol": pl.String, "settled_at": TIME, "rate": pl.Float64, "source": pl.String},
    key=("venue", "symbol", "settled_at"),
    values=("rate",),
)

_DIFFERING = """
    select o.venue, o.symbol, o.settled_at, s.rate, o.rate, count(*) over ()
    from offered o join funding s using (venue, symbol, settled_at)
    where o.rate <> s.rate
    order by o.venue, o.symbol, o.settled_at limit $shown
"""
_INSERT = """
    insert into funding by name
    select o.* from offered o anti join funding using (venue, symbol, settled_at)
"""
_SERIES = """
    select venue, symbol, min(settled_at), max(settled_at), count(*)
    from funding group by venue, symbol order by venue, symbol
"""
_NEWEST = "select symbol, max(settled_at) from funding where venue = $venue group by symbol order by symbol"
_CELLS = """
    with names as (select unnest($symbols::varchar[]) as symbol, unnest(range(len($symbols))) as code)
    select epoch_ms(settled_at) as time, code, rate from funding join names using (symbol)
    where venue = $venue and settled_at > $after and settled_at <= $until
"""
_CHECKSUM = """
    select count(*), coalesce(sum(hash(hash(symbol, settled_at, rate))), 0) from funding
    where venue = $venue and settled_at > $after and settled_at <= $until and list_contains($symbols::varchar[], symbol)
"""


class Funding(Protocol):
    """The funding of all markets.

    1. A frame has the columns of `SHAPE`, finite rates (fraction of notional) and no settlement twice; any other frame is
       refused with DataError and changes nothing.
    2. Venues stamp a settlement up to seconds late, each source in its own way: it is stored under the nearest full minute.
    3. `merge` adds what is new, counts what is the same, reports what differs and keeps what is stored.
    4. Funding of a symbol without bars is taken in too, bars may follow; until then it is in no panel, and `without_bars`
       names it.
    """

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in settlements, in one transaction."""
        ...

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue and symbol; the timeframe is ``"funding"`` and gaps are not counted."""
        ...

    def newest(self, venue: str) -> dict[str, datetime]:
        """Time (UTC) of the last settlement of every symbol."""
        ...


class DuckFunding:
    """`Funding` in market.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in settlements, in one transaction."""
        return merged(self._database, _checked(frame), SHAPE, differing=_DIFFERING, insert=_INSERT)

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue and symbol."""
        with self._database.read() as connection:
            return _described(connection.execute(_SERIES).fetchall())

    def newest(self, venue: str) -> dict[str, datetime]:
        """Time (UTC) of the last settlement of every symbol."""
        with self._database.read() as connection:
            rows = connection.execute(_NEWEST, {"venue": venue}).fetchall()
        return {symbol: last.astimezone(UTC) for symbol, last in rows}


class MemoryFunding:
    """`Funding` in memory."""

    def __init__(self) -> None:
        self._table = MemoryTable(SHAPE)

    @property
    def rows(self) -> pl.DataFrame:
        """Every settlement."""
        return self._table.rows

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in settlements."""
        return self._table.merge(_checked(frame))

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue and symbol."""
        return _described(self._table.spans("venue", "symbol").rows())

    def newest(self, venue: str) -> dict[str, datetime]:
        """Time (UTC) of the last settlement of every symbol."""
        return {series.symbol: series.last for series in self.series() if series.venue == venue}

    def cells(self, extent: Extent) -> Cells:
        """Return the settlements of these symbols, as `funding_cells` does."""
        mine = pl.col("venue") == extent.venue, pl.col("symbol").is_in(extent.symbols)
        rows = self._table.rows.filter(*mine)
        code = rows["symbol"].replace_strict({name: i for i, name in enumerate(extent.symbols)}, return_dtype=pl.Int64)
        time = rows["settled_at"].dt.epoch("ms")
        return {"time": time.to_numpy(), "code": code.to_numpy(), "rate": rows["rate"].to_numpy()}


def funding_cells(connection: DuckDBPyConnection, extent: Extent) -> Cells:
    """Return the settlements of these symbols in this grid: time (ms), code of the symbol, rate."""
    found = connection.execute(_CELLS, _within(extent)).fetchnumpy()
    return {name: np.asarray(column) for name, column in found.items()}


def funding_checksum(connection: DuckDBPyConnection, extent: Extent) -> tuple[int, int]:
    """Return the number and a checksum of what `funding_cells` answers."""
    ((count, checksum),) = connection.execute(_CHECKSUM, _within(extent)).fetchall()
    return count, checksum


def without_bars(funding: Iterable[Series], bars: Iterable[Series]) -> tuple[Series, ...]:
    """Return the funding of symbols that have no bars at all: it is stored, and no panel will ever show it.

    Parameters
    ----------
    funding, bars : what `Funding.series` and `Bars.series` say
    """
    known = {(series.venue, series.symbol) for series in bars}
    return tuple(series for series in funding if (series.venue, series.symbol) not in known)


def _within(extent: Extent) -> dict[str, Any]:
    after, until = utc(extent.first), utc(extent.last + bar_ms(extent.timeframe))
    return {"venue": extent.venue, "symbols": list(extent.symbols), "after": after, "until": until}


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    punctual = admitted(frame, SHAPE).with_columns(pl.col("settled_at").dt.round("1m"))
    return admitted(punctual, SHAPE)  # two stamps of one settlement are one settlement twice


def _described(rows: Iterable[tuple[Any, ...]]) -> tuple[Series, ...]:
    return tuple(
        Series(venue, symbol, "funding", first.astimezone(UTC), last.astimezone(UTC), settlements, gaps=0)
        for venue, symbol, first, last, settlements in rows
    )
