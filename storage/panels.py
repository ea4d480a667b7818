"""From rows to a panel: cells named by time and symbol code are scattered into NaN-filled arrays.

A rate settled at τ belongs to the bar with ``open time < τ <= close time``. What is scattered has been judged by
`storage.soundness` before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError
from core.market.panel import Panel
from core.market.timeframe import TIMEFRAMES, bar_ms
from core.types import Array, Ints
from storage.frames import Series

PRICES = ("open", "high", "low", "close", "volume")

Cells = dict[str, NDArray[Any]]
"""Columns of equal length: ``time`` (ms), ``code`` (column of the symbol) and the values."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for: bars that open in ``[start, end)``; `symbols` None means all."""

    venue: str
    timeframe: str
    start: datetime
    end: datetime
    symbols: tuple[str, ...] | None

    @classmethod
    def of(
        cls,
        venue: str,
        timeframe: str,
        start: datetime | None,
        end: datetime | None,
        symbols: tuple[str, ...] | None,
    ) -> Self:
        """Close the open sides, and bring every moment to UTC; ConfigError for one without a time zone."""
        for moment in (start, end):
            if moment is not None and moment.tzinfo is None:
                raise ConfigError(f"bars: {moment} has no time zone; give an aware UTC datetime")
        since, until = (start or _EPOCH).astimezone(UTC), min((end or _FOREVER).astimezone(UTC), _FOREVER)
        return cls(venue, timeframe, since, until, symbols)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The moments ``[start, end)`` that the bars asked for cover, each bar whole."""
        return _next_open(self.start, self.timeframe), _next_open(self.end, self.timeframe)

    def sources(self, stored: Iterable[str]) -> tuple[str, ...]:
        """Return those of the stored timeframes that this one can be made of, the longest first: itself, if it is there."""
        if self.timeframe not in TIMEFRAMES:
            return ()
        parts = [name for name in stored if name in TIMEFRAMES and bar_ms(self.timeframe) % bar_ms(name) == 0]
        return tuple(sorted(parts, key=bar_ms, reverse=True))

    def __str__(self) -> str:
        names = "" if self.symbols is None else f" {', '.join(self.symbols[:5]) or 'no symbol at all'}"
        since = "" if self.start == _EPOCH else f" from {self.start:%Y-%m-%d %H:%M}"
        until = "" if self.end == _FOREVER else f" before {self.end:%Y-%m-%d %H:%M}"
        return f"{self.venue} {self.timeframe}{names}{since}{until}"


@dataclass(frozen=True, slots=True)
class Extent:
    """The labels of a panel to come.

    Parameters
    ----------
    symbols : alphabetical, each with at least one bar
    first, last : open times of the oldest and the newest bar, milliseconds
    """

    venue: str
    timeframe: str
    symbols: tuple[str, ...]
    first: int
    last: int

    @property
    def open_time(self) -> Ints:
        """(T,) the grid, milliseconds."""
        return np.arange(self.first, self.last + 1, bar_ms(self.timeframe), dtype=np.int64)

    @property
    def shape(self) -> tuple[int, int]:
        """(T, N)."""
        return (self.last - self.first) // bar_ms(self.timeframe) + 1, len(self.symbols)


def assembled(extent: Extent, bars: Cells, funding: Cells) -> Panel:
    """Return the panel of these bars (`PRICES`) and settlements (`rate`); funding outside the grid is left out."""
    count, width = extent.shape
    cell = (bars["time"] - extent.first) // bar_ms(extent.timeframe) * width + bars["code"]
    prices = {name: _scattered((count, width), cell, bars[name]) for name in PRICES}
    funds = _funding(extent, funding)
    return Panel(extent.venue, extent.timeframe, extent.symbols, extent.open_time, funding=funds, **prices)


def extent_of(request: Request, rows: Iterable[tuple[str, int, int]]) -> Extent:
    """Return the labels of the panel, from rows of symbol, first and last open time (ms) of the bars it is made of."""
    names, first, last = zip(*rows, strict=True)
    length = bar_ms(request.timeframe)
    return Extent(request.venue, request.timeframe, tuple(names), min(first) // length * length, max(last) // length * length)


def absence(request: Request, stored: tuple[Series, ...]) -> str:
    """Say in one line why the request finds nothing, and what there is."""
    mine = [s for s in stored if s.venue == request.venue and request.sources([s.timeframe])]
    if not mine:
        there = ", ".join(sorted({f"{s.venue} {s.timeframe}" for s in stored}))
        return f"bars: none of {request.venue} {request.timeframe}; stored: {there or 'nothing yet, import or ingest first'}"
    first, last = min(s.first for s in mine), max(s.last for s in mine)
    symbols = len({s.symbol for s in mine})
    return f"bars: none of {request}; stored: {symbols} symbols, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _next_open(moment: datetime, timeframe: str) -> datetime:
    length = timedelta(milliseconds=bar_ms(timeframe))
    return _EPOCH - (_EPOCH - moment) // length * length


def _scattered(shape: tuple[int, int], cell: Ints, values: Array) -> Array:
    cells = np.full(shape, np.nan)
    cells.reshape(-1)[cell] = values
    return cells


def _funding(extent: Extent, funding: Cells) -> Array:
    rates = np.zeros(extent.shape)
    # One millisecond earlier, so that a settlement at the close falls into the bar that ends there.
    row = (funding["time"] - extent.first - 1) // bar_ms(extent.timeframe)
    inside = (row >= 0) & (row < len(rates))
    np.add.at(rates, (row[inside], funding["code"][inside]), funding["rate"][inside])
    return rates
