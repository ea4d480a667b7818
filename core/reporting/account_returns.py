"""What an account earned: returns between the looks at it, so that money moved in or out is neither a gain nor a loss.

1. Returns are time-weighted: what was transferred between two looks counts from the second one on.
2. Months compound to their year, years to the whole; a return belongs to the month of the look it starts at.
3. A drawdown is never above 0, and a transfer makes none.

All three are tested in tests/core/reporting/test_account_returns.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from core.backtest.drawdown import Drawdown, drawdown_spells
from core.backtest.metrics import Metrics, metrics
from core.backtest.tearsheet import Year, monthly_returns
from core.market.timeframe import milliseconds, utc
from core.types import Array, Ints

LEAST_DAYS = 30
"""Days below which figures a year say nothing."""
DRAWDOWNS_TOLD = 5


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """An account at one moment, quote currency; `transferred` is what was moved in until then, less what was moved out."""

    at: datetime
    equity: Decimal
    transferred: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Performance:
    """An account's returns from its first look to its last; fractions.

    Parameters
    ----------
    total : return of the whole time, not per year
    years : monthly returns, oldest year first
    drawdown : distance from the highest value so far, 0 or negative
    under_water : the drawdown that has not been recovered yet, None at a high
    worst : the deepest drawdowns, deepest first
    figures : yearly figures; None before `LEAST_DAYS`
    """

    since: datetime
    until: datetime
    total: float
    years: tuple[Year, ...]
    drawdown: float
    under_water: Drawdown | None
    worst: tuple[Drawdown, ...]
    figures: Metrics | None

    @property
    def days(self) -> float:
        """Days from the first look to the last."""
        return (self.until - self.since) / timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """Money won or lost since a moment, quote currency, and the return; transfers are neither, NaN when there was nothing."""

    since: datetime
    amount: Decimal
    fraction: float


def performance(points: Sequence[EquityPoint]) -> Performance | None:
    """Sum up an account; None below two looks, between which nothing can be earned."""
    if len(points) < 2:
        return None
    at, net = moments(points), returns(points)
    spells = _spells(at, net)
    return Performance(
        since=points[0].at,
        until=points[-1].at,
        total=float(np.prod(1.0 + net)) - 1.0,
        years=monthly_returns(net, at[:-1]),
        drawdown=float(water(growth(points))[-1]),
        under_water=next((spell for spell in spells if not spell.recovered), None),
        worst=tuple(sorted(spells, key=lambda spell: spell.depth)[:DRAWDOWNS_TOLD]),
        figures=_figures(points, net, at),
    )


def change_since(points: Sequence[EquityPoint], moment: datetime) -> Change | None:
    """Return the change since the last look at or before a moment, or since the first look of a younger account."""
    if not points:
        return None
    first = max((row for row, point in enumerate(points) if point.at <= moment), default=0)
    base, last = points[first], points[-1]
    amount = last.equity - base.equity - (last.transferred - base.transferred)
    return Change(base.at, amount, float(growth(points[first:])[-1]) - 1.0 if base.equity > 0 else float("nan"))


def from_peak(points: Sequence[EquityPoint]) -> float:
    """Return the distance from the highest value so far: a fraction, 0 or negative, NaN without any equity."""
    return float(water(growth(points))[-1]) if points and points[0].equity > 0 else float("nan")


def moments(points: Sequence[EquityPoint]) -> Ints:
    """(S,) when the account was looked at, milliseconds."""
    return np.array([milliseconds(point.at) for point in points], dtype=np.int64)


def returns(points: Sequence[EquityPoint]) -> Array:
    """(S - 1,) return from each look to the next, at least -1; 0 once there is nothing left to lose."""
    equity = np.array([float(point.equity) for point in points])
    moved = np.diff(np.array([float(point.transferred) for point in points]))
    before, after = equity[:-1], equity[1:] - moved
    change = np.divide(after, before, out=np.ones_like(before), where=before > 0) - 1.0
    out: Array = np.maximum(change, -1.0)
    return out


def growth(points: Sequence[EquityPoint]) -> Array:
    """(S,) what one unit of the first equity has become at each look, transfers taken out."""
    if not len(points):
        return np.zeros(0)
    out: Array = np.concatenate([[1.0], np.cumprod(1.0 + returns(points))])
    return out


def water(grown: Array) -> Array:
    """(S,) distance from the highest value so far, 0 or negative."""
    peak = np.maximum.accumulate(grown)
    return np.divide(grown, peak, out=np.ones_like(grown), where=peak > 0) - 1.0


def _spells(at: Ints, net: Array) -> tuple[Drawdown, ...]:
    """List the drawdowns; an idle return after the last look gives that look a mark of its own, and is cut off again."""
    last = utc(int(at[-1]))
    return tuple(replace(spell, end=min(spell.end, last)) for spell in drawdown_spells(np.append(net, 0.0), at))


def _figures(points: Sequence[EquityPoint], net: Array, at: Ints) -> Metrics | None:
    """Return the yearly figures; what was traded is told elsewhere."""
    if points[-1].at - points[0].at < timedelta(days=LEAST_DAYS):
        return None
    return metrics(net, np.zeros_like(net), at[:-1])
