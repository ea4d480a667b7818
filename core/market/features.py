"""Features several rooms share: returns, volatility, days. Row t uses rows ``[: t + 1]`` only."""

import numpy as np

from core.compiled import strict
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


def ewma_variance(close: Array, half_life: float) -> Array:
    """(T, N) exponentially weighted mean of squared returns, per bar.

    Starts at the first squared return; a bar without a price, or right after one, leaves the average as it was.
    NaN until a symbol has had its first return.
    """
    squares = np.full_like(close, np.nan)
    squares[1:] = (close[1:] / close[:-1] - 1.0) ** 2
    return smoothed(squares, 0.5 ** (1.0 / half_life), _VARIANCE_FLOOR)


def average_true_range(high: Array, low: Array, close: Array, bars: int) -> Array:
    """(T, N) Wilder's average true range (1978), in price: smoothed by 1 / bars, starting at the first high - low.

    A bar without a price leaves it as it was; NaN before a symbol's first bar.
    """
    reach = high - low
    reach[1:] = np.fmax(reach[1:], np.fmax(np.abs(high[1:] - close[:-1]), np.abs(low[1:] - close[:-1])))
    return smoothed(np.where(np.isfinite(close), reach, np.nan), 1.0 - 1.0 / bars, 0.0)


def smoothed(values: Array, decay: float, floor: float) -> Array:
    """(T, N) exponentially weighted mean of each column: starts at its first number, skips NaN, is never below `floor`.

    NaN before the first number.
    """
    out = np.full_like(values, np.nan)
    strict(smooth)(values, decay, floor, out)
    return out


def smooth(values: Array, decay: float, floor: float, out: Array) -> None:
    """Fill `out` for `smoothed`."""
    for i in range(values.shape[1]):
        mean = np.nan
        for t in range(values.shape[0]):
            if not np.isnan(values[t, i]):
                mean = values[t, i] if np.isnan(mean) else decay * mean + (1.0 - decay) * values[t, i]
                mean = max(mean, floor)
            out[t, i] = mean


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
