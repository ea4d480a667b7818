"""The world a simulated exchange is put into: what is listed, at which price, and what happened until now.

Prices are floats here, as market data is; they become `Decimal` on the instrument's tick where they enter the exchange.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from typing import Protocol

import numpy as np

from core.errors import DataError
from core.exchange.path import bar_path
from core.market.instrument import Instrument
from core.market.panel import Panel
from core.market.timeframe import DAY, MINUTE, bar_ms
from core.types import Array, Ints, Mask

PARTS = 4
"""Prices a bar is lived through."""

FOREVER = 1 << 62
"""Milliseconds that nobody lives to see."""


class World(Protocol):
    """Market data as of a moment; nothing after `now_ms` may show. All times are milliseconds since 1970 UTC."""

    def instruments(self, now_ms: int) -> Sequence[Instrument]:
        """Return what is listed now; ``active=False`` is listed but cannot be traded at the moment."""
        ...

    def price(self, symbol: str, now_ms: int) -> float | None:
        """Return the last price, None when there is no trading."""
        ...

    def liquidity(self, symbol: str, now_ms: int) -> float | None:
        """Return how much (base coin) can be traded at this price until it moves on; None when there is no bound."""
        ...

    def opens(self, after_ms: int, until_ms: int) -> Sequence[int]:
        """Return the moments in ``(after, until]`` at which prices move, ascending."""
        ...

    def bars(self, symbol: str, timeframe: str, start_ms: int, end_ms: int, now_ms: int) -> Array:
        """Return bars that open in ``[start, end]``, oldest first, the open one included: (K, 6).

        Columns are open time, open, high, low, close, volume. DataError when the timeframe cannot be served.
        """
        ...

    def funding(self, symbol: str, start_ms: int, end_ms: int, now_ms: int) -> Array:
        """Return rates settled in ``[start, end]``, oldest first: (K, 2) of moment and fraction of notional."""
        ...


class PanelWorld:
    """A world that replays a panel.

    1. A bar is lived in four equal parts: its open, the extreme nearer to the open, the other extreme, its close
       (`core.exchange.path`). After the last bar the price is its close.
    2. A symbol is listed from its first bar. Where its bars have a hole it cannot be traded, and the candles served are flat.
    3. A symbol whose bars end before the panel does is delisted `delist_after_ms` later, not at once: a late bar of live data
       must not settle a position.
    4. Coarser timeframes than the panel's are built from its bars; finer ones are refused.

    Parameters
    ----------
    delist_after_ms : milliseconds between a symbol's last bar and its delisting
    participation : fraction of a bar's volume that one account may trade while it lasts; None is no bound
    """

    def __init__(
        self,
        panel: Panel,
        instruments: Sequence[Instrument],
        *,
        delist_after_ms: int = DAY,
        participation: float | None = None,
    ) -> None:
        self._panel = panel
        self._participation = participation
        self._part = max(panel.bar_ms // PARTS, 1)
        self._delist_after = delist_after_ms
        self._column = {symbol: column for column, symbol in enumerate(panel.symbols)}
        self._rules = [rules for rules in instruments if rules.symbol in self._column]
        self._opened, self._length, self._newest = int(panel.open_time[0]), panel.bar_ms, len(panel) - 1
        self._lived: tuple[tuple[int, int], list[float]] = (-1, -1), []
        exists: Mask = np.isfinite(panel.close)
        self._first: Ints = exists.argmax(axis=0)
        self._last: Ints = len(panel) - 1 - exists[::-1].argmax(axis=0)
        self._ever: Mask = np.asarray(exists.any(axis=0))
        self._listed = [range(*life) for life in zip(*self._lives(), strict=True)]

    def instruments(self, now_ms: int) -> Sequence[Instrument]:
        """Every listed symbol that has rules; it trades where there is a price, whatever the venue's rules said later."""
        listed = [rules for rules in self._rules if now_ms in self._listed[self._column[rules.symbol]]]
        return [replace(rules, active=self.price(rules.symbol, now_ms) is not None) for rules in listed]

    def price(self, symbol: str, now_ms: int) -> float | None:
        """Price of the part of the bar that it is; the last close after the panel's end; None where there is no bar."""
        row, column = self._row(now_ms), self._column.get(symbol)
        if row < 0 or column is None:
            return None
        price = self._prices(row, self._elapsed(row, now_ms))[column]
        return None if isnan(price) else price

    def liquidity(self, symbol: str, now_ms: int) -> float | None:
        """Offer an equal share of the bar's volume in each of its parts; nothing where there is no bar."""
        if self._participation is None:
            return None
        row, column = self._row(now_ms), self._column.get(symbol)
        volume = float(self._panel.volume[row, column]) if row >= 0 and column is not None else 0.0
        return 0.0 if np.isnan(volume) else volume * self._participation / PARTS

    def opens(self, after_ms: int, until_ms: int) -> Sequence[int]:
        """Begins of the parts of the bars, and the close of the last one."""
        end = self._opened + (self._newest + 1) * self._length
        start = self._opened + max(0, (after_ms - self._opened) // self._part + 1) * self._part
        return range(start, min(until_ms, end) + 1, self._part)

    def bars(self, symbol: str, timeframe: str, start_ms: int, end_ms: int, now_ms: int) -> Array:
        """Rows of the panel up to now, gathered into the timeframe asked for."""
        length = bar_ms(timeframe)
        if length % self._panel.bar_ms:
            raise DataError(f"interval {timeframe}: this market is recorded in {self._panel.timeframe} bars")
        column = self._known(symbol)
        start = -(-start_ms // length) * length
        stop = min(end_ms // length * length + length - 1, now_ms)
        first = max(self._panel.row_at(start), int(self._first[column]))
        last = min(self._row(stop), int(self._last[column]))
        if last < first or not self._ever[column]:
            return np.empty((0, 6))
        return _gathered(self._rows(column, first, last + 1, now_ms), length)

    def funding(self, symbol: str, start_ms: int, end_ms: int, now_ms: int) -> Array:
        """Return the sums of the panel at the closes of its bars: those on the funding grid, and any other that is not 0."""
        column, times = self._known(symbol), self._panel.close_time
        first = int(np.searchsorted(times, start_ms))
        stop = int(np.searchsorted(times, min(end_ms, now_ms), side="right"))
        rates, moments = self._panel.funding[first:stop, column], times[first:stop]
        exists: Mask = np.isfinite(self._panel.close[first:stop, column])
        due = exists & ((moments % (self._interval(symbol) * MINUTE) == 0) | (rates != 0))
        return np.column_stack([moments[due], rates[due]])

    def _known(self, symbol: str) -> int:
        if symbol not in self._column:
            raise DataError(f"symbol invalid {symbol}: this market has no data of it")
        return self._column[symbol]

    def _interval(self, symbol: str) -> int:
        return next((rules.funding_minutes for rules in self._rules if rules.symbol == symbol), 480)

    def _row(self, moment_ms: int) -> int:
        return min(max((moment_ms - self._opened) // self._length, -1), self._newest)

    def _elapsed(self, row: int, now_ms: int) -> int:
        """Which part of the bar it is: 0 to 3, and 3 for ever after the last bar."""
        return min((now_ms - self._opened) // self._part - row * PARTS, PARTS - 1)

    def _prices(self, row: int, part: int) -> list[float]:
        """Return the price of every symbol in a part of a bar; asked for one by one, they are worked out once."""
        asked, prices = self._lived
        if asked != (row, part):
            panel = self._panel
            bars = zip(*(side[row].tolist() for side in (panel.open, panel.high, panel.low, panel.close)), strict=True)
            prices = [bar_path(*bar)[part] for bar in bars]
            self._lived = (row, part), prices
        return prices

    def _lives(self) -> tuple[list[int], list[int]]:
        """Return when each symbol is listed, and when it is delisted: never, if it has a bar at the panel's end."""
        panel, ended = self._panel, self._last < len(self._panel) - 1
        until = np.where(ended, panel.close_time[self._last] + self._delist_after, FOREVER)
        return panel.open_time[self._first].tolist(), np.where(self._ever, until, 0).tolist()

    def _rows(self, column: int, first: int, stop: int, now_ms: int) -> Array:
        panel = self._panel
        prices = [part[first:stop, column] for part in (panel.open, panel.high, panel.low, panel.close, panel.volume)]
        rows = np.column_stack([panel.open_time[first:stop], *prices])
        for row in np.flatnonzero(np.isnan(rows[:, 4])):
            rows[row, 1:5], rows[row, 5] = self._close_before(column, first + int(row)), 0.0
        if now_ms < panel.close_time[stop - 1]:
            self._unfinish(rows[-1], now_ms)
        return rows

    def _unfinish(self, bar: Array, now_ms: int) -> None:
        """Take out of an open bar what has not happened yet."""
        parts = int((now_ms - bar[0]) // self._part)
        lived = bar_path(*(float(price) for price in bar[1:5]))[: parts + 1]
        bar[2:5] = max(lived), min(lived), lived[-1]
        bar[5] *= parts / PARTS

    def _close_before(self, column: int, row: int) -> float:
        known: Array = self._panel.close[:row, column]
        return float(known[np.isfinite(known)][-1])


def _gathered(rows: Array, length: int) -> Array:
    opens = rows[:, 0] // length * length
    starts = np.flatnonzero(np.diff(opens, prepend=opens[0] - length))
    ends = np.append(starts[1:], len(rows)) - 1
    high = np.maximum.reduceat(rows[:, 2], starts)
    low = np.minimum.reduceat(rows[:, 3], starts)
    volume = np.add.reduceat(rows[:, 5], starts)
    return np.column_stack([opens[starts], rows[starts, 1], high, low, rows[ends, 4], volume])
