"""Bars: what every market did, closed bars only, keyed by (venue, symbol, timeframe, open time)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

import polars as pl
from duckdb import DuckDBPyConnection

from core.errors import DataError
from core.market.checks import BARS, require_good
from core.market.panel import Panel
from core.market.timeframe import bar_ms, milliseconds
from storage.contents import cells, found
from storage.database import Database
from storage.frames import TIME, MemoryTable, Merge, Series, Shape, admitted, merged
from storage.funding import MemoryFunding
from storage.kept import KeptPanels
from storage.panels import PRICES, Cells, Extent, Request, absence, assembled, extent_of
from storage.resampled import resampled
from storage.soundness import require_sound_bars, require_sound_funding

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
_TURNOVER = """
    select symbol, sum(close * volume) from bars
    where venue = $venue and timeframe = $timeframe and open_time >= $start and open_time < $end
    group by symbol order by symbol
"""
_VENUES = "select distinct venue from bars order by venue"
_NEWEST = """
    select symbol, max(open_time) from bars
    where venue = $venue and timeframe = $timeframe group by symbol order by symbol
"""


class Bars(Protocol):
    """The bars of all markets.

    1. A frame has the columns of `SHAPE`, positive prices with open and close inside ``[low, high]``, volumes from 0 up, open
       times on the grid of its timeframe, no bar twice, in any order; any other frame is refused with DataError and changes
       nothing.
    2. `merge` adds what is new, counts what is the same, reports what differs and keeps what is stored.
    3. A panel is made of one stored timeframe: of all that divide the one asked for and have such bars in the range, the
       longest. So stored bars win, and 4h bars are otherwise made of 1h rather than of 1m bars.
    4. A bar made of shorter ones has the first open, the highest high, the lowest low, the last close and the sum of the
       volumes. It exists when at least one of them does: missing minutes count as minutes in which nothing traded, so a
       series that begins in the middle of an hour begins with a bar of what there is.
    5. A bar is given only when it is closed: when the last stored short bar of its symbol, in or out of the range asked for,
       ends with it or later. So no later merge of newer bars changes a bar that was given, and a symbol that was delisted in
       the middle of an hour is without that hour.
    """

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in bars, in one transaction."""
        ...

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue, symbol and timeframe."""
        ...

    def venues(self) -> tuple[str, ...]:
        """Return the venues that have bars, by name."""
        ...

    def newest(self, venue: str, timeframe: str) -> dict[str, datetime]:
        """Open time (UTC) of the last bar of every symbol."""
        ...

    def turnover(self, venue: str, timeframe: str, start: datetime, end: datetime) -> dict[str, float]:
        """Return the quote currency traded in the bars that open in ``[start, end)``, per symbol that has any."""
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
        bar in the range is left out, with its funding.

        Raises
        ------
        DataError
            When there is no such bar; the message says what is stored. When a bar or a settlement in the range was spoiled
            by hand: the message names it.
        """
        ...


class DuckBars:
    """`Bars` in market.duckdb; large panels are kept in the folder ``panels`` beside it, or where `kept` says."""

    def __init__(self, database: Database, kept: KeptPanels | None = None) -> None:
        self._database = database
        self._kept = kept or KeptPanels(database.path.with_name("panels"))

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in bars, in one transaction."""
        return merged(self._database, _checked(frame), SHAPE, differing=_DIFFERING, insert=_INSERT)

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue, symbol and timeframe."""
        with self._database.read() as connection:
            return _series(connection)

    def venues(self) -> tuple[str, ...]:
        """Return the venues that have bars, by name."""
        with self._database.read() as connection:
            return tuple(venue for (venue,) in connection.execute(_VENUES).fetchall())

    def newest(self, venue: str, timeframe: str) -> dict[str, datetime]:
        """Open time (UTC) of the last bar of every symbol."""
        with self._database.read() as connection:
            rows = connection.execute(_NEWEST, {"venue": venue, "timeframe": timeframe}).fetchall()
        return {symbol: last.astimezone(UTC) for symbol, last in rows}

    def turnover(self, venue: str, timeframe: str, start: datetime, end: datetime) -> dict[str, float]:
        """Return the quote currency traded in the bars that open in ``[start, end)``, per symbol that has one."""
        values = {"venue": venue, "timeframe": timeframe, "start": start, "end": end}
        with self._database.read() as connection:
            return dict(connection.execute(_TURNOVER, values).fetchall())

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
            contents = found(connection, request)
            if contents is None:
                raise DataError(absence(request, _series(connection)))
            if (kept := self._kept.get(contents)) is not None:
                return kept
            bars, funding = cells(connection, request, contents)
        panel = _panel(contents.extent, bars, funding)
        self._kept.keep(contents, panel)
        return panel


class MemoryBars:
    """`Bars` in memory; funding comes from its twin."""

    def __init__(self, funding: MemoryFunding) -> None:
        self._table = MemoryTable(SHAPE)
        self._funding = funding

    @property
    def rows(self) -> pl.DataFrame:
        """Every bar."""
        return self._table.rows

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Take in bars."""
        return self._table.merge(_checked(frame))

    def series(self) -> tuple[Series, ...]:
        """Say what is stored, by venue, symbol and timeframe."""
        return _described(self._table.spans("venue", "symbol", "timeframe").rows())

    def venues(self) -> tuple[str, ...]:
        """Return the venues that have bars, by name."""
        return tuple(sorted(self._table.rows["venue"].unique()))

    def newest(self, venue: str, timeframe: str) -> dict[str, datetime]:
        """Open time (UTC) of the last bar of every symbol."""
        mine = [s for s in self.series() if (s.venue, s.timeframe) == (venue, timeframe)]
        return {series.symbol: series.last for series in mine}

    def turnover(self, venue: str, timeframe: str, start: datetime, end: datetime) -> dict[str, float]:
        """Return the quote currency traded in the bars that open in ``[start, end)``, per symbol that has one."""
        asked = self._table.rows.filter(
            (pl.col("venue") == venue)
            & (pl.col("timeframe") == timeframe)
            & pl.col("open_time").is_between(start, end, closed="left")
        )
        return dict(asked.group_by("symbol").agg((pl.col("close") * pl.col("volume")).sum()).sort("symbol").rows())

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
        rows = self._bars(request)
        if rows.is_empty():
            raise DataError(absence(request, self.series()))
        time = rows["open_time"].dt.epoch("ms").to_numpy()
        first, last = int(time.min()), int(time.max())
        extent = extent_of(request, [(name, first, last) for name in sorted(set(rows["symbol"]))])
        return _panel(extent, _cells(rows, extent), self._funding.cells(extent))

    def _bars(self, request: Request) -> pl.DataFrame:
        mine = self._table.rows.filter(pl.col("venue") == request.venue)
        wanted = pl.lit(request.symbols is None) | pl.col("symbol").is_in(request.symbols or ())
        asked = pl.col("open_time").is_between(request.start, request.end, closed="left") & wanted
        for source in request.sources(mine["timeframe"].unique()):
            rows = resampled(mine.filter(pl.col("timeframe") == source), source, request.timeframe).filter(asked)
            if rows.height:
                return rows
        return mine.clear()


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    rows = admitted(frame, SHAPE)
    for timeframe in rows["timeframe"].unique():
        bar_ms(timeframe)  # ConfigError for an unknown one
    require_good(rows, BARS, SHAPE.subject)
    return rows


def _panel(extent: Extent, bars: Cells, funding: Cells) -> Panel:
    require_sound_bars(extent, bars)
    require_sound_funding(extent, funding)
    return assembled(extent, bars, funding)


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
