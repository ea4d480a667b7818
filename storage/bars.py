"""Bars: what every market did, closed bars only, keyed by (venue, symbol, timeframe, open time)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import polars as pl
from duckdb import DuckDBPyConnection

from core.errors import DataError
from core.market.panel import Panel
from core.market.timeframe import bar_ms, milliseconds
from storage.database import Database
from storage.frames import TIME, MemoryTable, Merge, Series, Shape, admitted, merged
from storage.funding import MemoryFunding, funding_cells
from storage.panels import PRICES, Cells, Extent, Request, absence, assembled, extent_of

SHAPE = Shape(
    subject="bars",
    schema={
        "venue": pl.String,
        "symbol": pl.String,
        "timeframe": pl.String,
        "open_time": TIME,
        **dict.fromkeys(PRICES, pl.Float64),
        "source": pl.String,
    },
    key=("venue", "symbol", "timeframe", "open_time"),
    values=PRICES,
)

_DIFFERING = """
    select o.venue, o.symbol, o.timeframe, o.open_time,
           s.open, s.high, s.low, s.close, s.volume, o.open, o.high, o.low, o.close, o.volume, count(*) over ()
    from offered o join bars s using (venue, symbol, timeframe, open_time)
    where o.open <> s.open or o.high <> s.high or o.low <> s.low or o.close <> s.close or o.volume <> s.volume
    order by o.venue, o.symbol, o.timeframe, o.open_time limit $shown
"""
_INSERT = """
    insert into bars by name
    select o.* from offered o anti join bars using (venue, symbol, timeframe, open_time)
"""
_SERIES = """
    select venue, symbol, timeframe, min(open_time), max(open_time), count(*)
    from bars group by venue, symbol, timeframe order by venue, symbol, timeframe
"""
_NEWEST = """
    select symbol, max(open_time) from bars
    where venue = $venue and timeframe = $timeframe group by symbol order by symbol
"""
_EXTENTS = """
    select symbol, epoch_ms(min(open_time)), epoch_ms(max(open_time)) from bars
    where venue = $venue and timeframe = $timeframe and open_time >= $start and open_time < $end
      and ($symbols::varchar[] is null or list_contains($symbols::varchar[], symbol))
    group by symbol order by symbol
"""
_CELLS = """
    with names as (select unnest($symbols::varchar[]) as symbol, unnest(range(len($symbols))) as code)
    select epoch_ms(open_time) as time, code, open, high, low, close, volume from bars join names using (symbol)
    where venue = $venue and timeframe = $timeframe and open_time >= $start and open_time < $end
"""


class Bars(Protocol):
    """The bars of all markets.

    1. A frame has the columns of `SHAPE`, finite numbers, open times on the grid of its timeframe, no bar twice; any other
       frame is refused with DataError and changes nothing.
    2. `merge` adds what is new, counts what is the same, reports what differs and keeps what is stored.
    """

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in bars, in one transaction."""
        ...

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue, symbol and timeframe."""
        ...

    def newest(self, venue: str, timeframe: str) -> dict[str, datetime]:
        """Open time (UTC) of the last bar of every symbol."""
        ...

    def panel(
        self,
        venue: str,
        timeframe: str,
        start: datetime | None = None,
        end: datetime | None = None,
        symbols: tuple[str, ...] | None = None,
    ) -> Panel:
        """Align the bars that open in ``[start, end)``; None leaves that side open, or takes every symbol.

        The grid runs without a hole from the first to the last bar there is; symbols are alphabetical, and one without a
        bar in the range is left out.

        Raises
        ------
        DataError
            When there is no such bar; the message says what is stored.
        """
        ...


class DuckBars:
    """`Bars` in market.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in bars, in one transaction."""
        return merged(self._database, _checked(frame), SHAPE, differing=_DIFFERING, insert=_INSERT)

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue, symbol and timeframe."""
        with self._database.read() as connection:
            return _series(connection)

    def newest(self, venue: str, timeframe: str) -> dict[str, datetime]:
        """Open time (UTC) of the last bar of every symbol."""
        with self._database.read() as connection:
            rows = connection.execute(_NEWEST, {"venue": venue, "timeframe": timeframe}).fetchall()
        return {symbol: last.astimezone(UTC) for symbol, last in rows}

    def panel(
        self,
        venue: str,
        timeframe: str,
        start: datetime | None = None,
        end: datetime | None = None,
        symbols: tuple[str, ...] | None = None,
    ) -> Panel:
        """Align the bars that open in ``[start, end)``."""
        request = Request.of(venue, timeframe, start, end, symbols)
        with self._database.read() as connection:
            rows = connection.execute(_EXTENTS, request.values).fetchall()
            if not rows:
                raise DataError(absence(request, _series(connection)))
            extent = extent_of(request, rows)
            within = {**request.values, "symbols": list(extent.symbols)}
            found = connection.execute(_CELLS, within).fetchnumpy()
            funding = funding_cells(connection, extent)
        return assembled(extent, {name: np.asarray(column) for name, column in found.items()}, funding)


class MemoryBars:
    """`Bars` in memory; funding comes from its twin."""

    def __init__(self, funding: MemoryFunding) -> None:
        self._table = MemoryTable(SHAPE)
        self._funding = funding

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in bars."""
        return self._table.merge(_checked(frame))

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue, symbol and timeframe."""
        return _described(self._table.spans("venue", "symbol", "timeframe").rows())

    def newest(self, venue: str, timeframe: str) -> dict[str, datetime]:
        """Open time (UTC) of the last bar of every symbol."""
        mine = [s for s in self.series() if (s.venue, s.timeframe) == (venue, timeframe)]
        return {series.symbol: series.last for series in mine}

    def panel(
        self,
        venue: str,
        timeframe: str,
        start: datetime | None = None,
        end: datetime | None = None,
        symbols: tuple[str, ...] | None = None,
    ) -> Panel:
        """Align the bars that open in ``[start, end)``."""
        request = Request.of(venue, timeframe, start, end, symbols)
        rows = self._table.rows.filter(
            pl.col("venue") == venue,
            pl.col("timeframe") == timeframe,
            pl.col("open_time").is_between(request.start, request.end, closed="left"),
            pl.lit(symbols is None) | pl.col("symbol").is_in(symbols or ()),
        )
        if rows.is_empty():
            raise DataError(absence(request, self.series()))
        time = rows["open_time"].dt.epoch("ms").to_numpy()
        first, last = int(time.min()), int(time.max())
        extent = extent_of(request, [(name, first, last) for name in sorted(set(rows["symbol"]))])
        return assembled(extent, _cells(rows, extent), self._funding.cells(extent))


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    rows = admitted(frame, SHAPE)
    for timeframe in rows["timeframe"].unique():
        astray = rows.filter(
            pl.col("timeframe") == timeframe, pl.col("open_time").dt.epoch("ms") % bar_ms(timeframe) != 0
        ).head(1)
        if astray.height:
            raise DataError(f"bars: {' '.join(map(str, astray.select(SHAPE.key).row(0)))} is off the {timeframe} grid")
    return rows


def _cells(rows: pl.DataFrame, extent: Extent) -> Cells:
    code = rows["symbol"].replace_strict({name: i for i, name in enumerate(extent.symbols)}, return_dtype=pl.Int64)
    values = {name: rows[name].to_numpy() for name in PRICES}
    return {"time": rows["open_time"].dt.epoch("ms").to_numpy(), "code": code.to_numpy(), **values}


def _series(connection: DuckDBPyConnection) -> tuple[Series, ...]:
    return _described(connection.execute(_SERIES).fetchall())


def _described(rows: Iterable[tuple[Any, ...]]) -> tuple[Series, ...]:
    described = []
    for venue, symbol, timeframe, first, last, bars in rows:
        span = (milliseconds(last) - milliseconds(first)) // bar_ms(timeframe) + 1
        described.append(Series(venue, symbol, timeframe, first.astimezone(UTC), last.astimezone(UTC), bars, span - bars))
    return tuple(described)
