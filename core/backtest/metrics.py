"""What a series of returns amounts to. Definitions as in the statistics note; 365 days of 24 hours.

Sharpe and Sortino are of **daily** returns: hourly returns of held positions are autocorrelated, and scaling them by
the square root of 8760 would flatter.
"""

from dataclasses import dataclass

import numpy as np

from core.market.features import day_of
from core.types import Array, Ints

DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of one run; ratios are annual, `max_drawdown` is negative, `turnover_per_day` is traded value over equity."""

    sharpe: float
    sortino: float
    calmar: float
    cagr: float
    volatility: float
    max_drawdown: float
    turnover_per_day: float
    days: int


def metrics(net: Array, turnover: Array, open_time: Ints) -> Metrics:
    """Sum up net returns per bar.

    Parameters
    ----------
    net, turnover : (T,) fraction of equity at the previous close; never NaN
    open_time : (T,) milliseconds
    """
    daily = daily_returns(net, open_time)
    growth = cagr(daily)
    drawdown = max_drawdown(net)
    return Metrics(
        sharpe=sharpe(daily),
        sortino=sortino(daily),
        calmar=growth / -drawdown if drawdown < 0 else 0.0,
        cagr=growth,
        volatility=deviation(daily, ddof=1) * float(np.sqrt(DAYS_PER_YEAR)),
        max_drawdown=drawdown,
        turnover_per_day=float(turnover.sum() / max(len(daily), 1)),
        days=len(daily),
    )


def daily_returns(net: Array, open_time: Ints) -> Array:
    """Compound returns per bar into returns per UTC day, (days,); the first and last day may be short."""
    if not len(net):
        return np.zeros(0)
    day = day_of(open_time)
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    growth: Array = np.multiply.reduceat(1.0 + net, starts)
    return growth - 1.0


def daily_sums(values: Array, open_time: Ints) -> Array:
    """Add up a series per UTC day, (days,)."""
    day = day_of(open_time)
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    out: Array = np.add.reduceat(values, starts)
    return out


def sharpe(daily: Array) -> float:
    """Mean over standard deviation (n - 1) of daily returns, times the root of 365; 0 without variation."""
    spread = deviation(daily, ddof=1)
    return float(np.mean(daily) / spread * np.sqrt(DAYS_PER_YEAR)) if spread > 0 else 0.0


def deviation(values: Array, *, ddof: int) -> float:
    """Return the standard deviation; 0 for fewer than two values, and for a constant, which rounding alone makes vary."""
    if len(values) < 2:
        return 0.0
    spread = float(np.std(values, ddof=ddof))
    return spread if spread > 1e-12 * abs(float(np.mean(values))) else 0.0


def sortino(daily: Array) -> float:
    """Mean over downside deviation against 0, all n days in the denominator, times the root of 365; 0 without a loss."""
    downside = np.sqrt(np.mean(np.minimum(daily, 0.0) ** 2)) if len(daily) else 0.0
    return float(np.mean(daily) / downside * np.sqrt(DAYS_PER_YEAR)) if downside > 0 else 0.0


def cagr(daily: Array) -> float:
    """Compound growth a year; -1 when everything was lost."""
    total = float(np.prod(1.0 + daily)) if len(daily) else 1.0
    return total ** (DAYS_PER_YEAR / max(len(daily), 1)) - 1.0 if total > 0 else -1.0


def drawdowns(net: Array) -> Array:
    """(T,) distance from the running peak, 0 or negative; equity starts at 1, so a loss in the first bar counts."""
    equity = np.cumprod(1.0 + net)
    return equity / np.maximum(np.maximum.accumulate(equity), 1.0) - 1.0


def max_drawdown(net: Array) -> float:
    """Return the deepest drawdown, negative."""
    return float(drawdowns(net).min()) if len(net) else 0.0
