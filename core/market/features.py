"""Features several rooms share: returns, volatility, days. Row t uses rows ``[: t + 1]`` only."""

import numpy as np
from numba import njit

from core.market.timeframe import DAY
from core.types import Array, Ints

_VARIANCE_FLOOR = 1e-18  # a frozen price would drive the average into subnormal numbers, 15 times slower


def bars_per_year(bar_ms: int) -> float:
    """Bars in 365 days of 24 hours."""
    return 365 * DAY / bar_ms


def simple_returns(close: Array) -> Array:
    """(T, N) close over the previous close, minus 1; 0 where either is missing and in the first row."""
    out = np.zeros_like(close)
    out[1:] = close[1:] / close[:-1] - 1.0
    return np.nan_to_num(out, nan=0.0)


@njit(cache=True)
def ewma_variance(close: Array, half_life: float) -> Array:
    """(T, N) exponentially weighted mean of squared returns, per bar.

    Starts at the first squared return; a bar without a price, or right after one, leaves the average as it was.
    NaN until a symbol has had its first return.
    """
    decay = 0.5 ** (1.0 / half_life)
    count, width = close.shape
    out = np.full((count, width), np.nan)
    for i in range(width):
        variance = np.nan
        for t in range(1, count):
            r = close[t, i] / close[t - 1, i] - 1.0
            if np.isfinite(r):
                variance = r * r if np.isnan(variance) else decay * variance + (1.0 - decay) * r * r
                variance = max(variance, _VARIANCE_FLOOR)
            out[t, i] = variance
    return out


def day_of(moments: Ints) -> Ints:
    """UTC day number of moments in milliseconds."""
    return moments // DAY


def decision_rows(close_time: Ints, bar_ms: int, rebalance: int) -> Ints:
    """Rows whose close falls on the calendar of decisions: every `rebalance` bars since 1970, UTC.

    The calendar does not depend on where the data starts, so a live flow and a backtest decide at the same moments.
    """
    return np.flatnonzero((close_time // bar_ms) % rebalance == 0).astype(np.int64)


def last_decision(close_time: int, bar_ms: int, rebalance: int) -> int:
    """Return the newest moment of that calendar at or before a close, milliseconds."""
    return close_time // (bar_ms * rebalance) * (bar_ms * rebalance)
