"""Drawdowns one by one: how deep, how long, and how long the way back.

Equity is marked at the open of the first bar (1.0) and at each close; a drawdown lasts from the last mark at the peak to
the first mark at or above it, in calendar time. One that is still open counts to the last mark.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from core.backtest.metrics import drawdowns
from core.market.timeframe import utc
from core.types import Array, Ints


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One stay under water; `depth` is negative, `end` the recovery, or the last mark while there is none."""

    depth: float
    peak: datetime
    trough: datetime
    end: datetime
    recovered: bool

    @property
    def days(self) -> float:
        """Days from peak to end."""
        return (self.end - self.peak) / timedelta(days=1)

    @property
    def recovery_days(self) -> float:
        """Days from trough to end."""
        return (self.end - self.trough) / timedelta(days=1)


def drawdown_spells(net: Array, open_time: Ints) -> tuple[Drawdown, ...]:
    """List every drawdown, oldest first.

    Parameters
    ----------
    net : (T,) return per bar, at least -1, never NaN
    open_time : (T,) milliseconds, a grid without holes; a single bar has no length, so its marks coincide
    """
    water = np.concatenate([[0.0], drawdowns(net), [0.0]])
    marks = _marks(open_time)
    under = water < 0.0
    peaks = np.flatnonzero(~under[:-1] & under[1:])
    ends = np.flatnonzero(under[:-1] & ~under[1:]) + 1
    return tuple(_spell(water, marks, int(peak), int(end)) for peak, end in zip(peaks, ends, strict=True))


def worst_drawdowns(net: Array, open_time: Ints, *, count: int = 5) -> tuple[Drawdown, ...]:
    """Return the deepest drawdowns, deepest first; parameters as for `drawdown_spells`."""
    return tuple(sorted(drawdown_spells(net, open_time), key=lambda spell: spell.depth)[:count])


def longest_drawdown(net: Array, open_time: Ints) -> Drawdown | None:
    """Return the drawdown that took longest, None when equity never fell; parameters as for `drawdown_spells`."""
    return max(drawdown_spells(net, open_time), key=lambda spell: spell.days, default=None)


def _marks(open_time: Ints) -> Ints:
    """Moments of equity: the first open, then each close."""
    if not len(open_time):
        return open_time
    step = open_time[1] - open_time[0] if len(open_time) > 1 else 0
    return np.append(open_time, open_time[-1] + step)


def _spell(water: Array, marks: Ints, peak: int, end: int) -> Drawdown:
    trough = peak + int(np.argmin(water[peak:end]))
    last = min(end, len(marks) - 1)
    return Drawdown(
        depth=float(water[trough]),
        peak=utc(int(marks[peak])),
        trough=utc(int(marks[trough])),
        end=utc(int(marks[last])),
        recovered=end == last,
    )
