"""The benchmark's market: synthetic hourly bars with one factor, fat tails and slow drifts, always the same.

Everything is drawn from one generator in the order written here, so that two machines and two years compare the same work.
"""

from typing import NamedTuple

import numpy as np

from core.types import Array

SEED = 7
HALF_LIFE = 72
ATR_BARS = 24


class Bars(NamedTuple):
    """(T, N) each; open is the previous close, `funding` the rate settled in the bar, `value` the quote currency traded."""

    open: Array
    high: Array
    low: Array
    close: Array
    funding: Array
    value: Array


class Features(NamedTuple):
    """(T, N) each: what a process computes once per panel and every set of parameters shares."""

    log_close: Array
    vol: Array
    atr: Array


def make_bars(count: int = 17_520, width: int = 50) -> Bars:
    """Draw `count` bars of `width` symbols."""
    rng = np.random.default_rng(SEED)
    market = rng.standard_t(4, count) * 0.004
    betas = rng.uniform(0.6, 1.4, width)
    scale = rng.uniform(0.004, 0.012, width)
    drift = _drifts(rng, count, width)
    residual = rng.standard_t(4, (count, width))
    logs = np.clip(market[:, None] * betas + residual * scale / 1.41 + drift, -0.25, 0.25)
    start = rng.uniform(0.5, 200.0, width)
    close = start * np.exp(np.cumsum(logs, axis=0))
    opened = np.vstack([start, close[:-1]])
    high = np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, 0.6, close.shape)) * scale)
    low = np.minimum(opened, close) * (1.0 - np.abs(rng.normal(0.0, 0.6, close.shape)) * scale)
    funding = np.zeros(close.shape)
    funding[::8] = rng.normal(1e-4, 1e-4, funding[::8].shape)
    return Bars(opened, high, low, close, funding, np.exp(rng.normal(14.0, 1.0, close.shape)))


def make_features(bars: Bars) -> Features:
    """Compute them with NumPy: EWMA volatility of log returns per bar, and Wilder's average true range."""
    log_close = np.log(bars.close)
    returns = log_close - np.log(bars.open)
    before = np.vstack([bars.open[:1], bars.close[:-1]])
    reach = np.maximum(bars.high, before) - np.minimum(bars.low, before)
    reach[0] = bars.high[0] - bars.low[0]
    variance = _smoothed(returns**2, 1.0 - 0.5 ** (1.0 / HALF_LIFE))
    return Features(log_close, np.sqrt(variance), _smoothed(reach, 1.0 / ATR_BARS))


def _drifts(rng: np.random.Generator, count: int, width: int) -> Array:
    """(T, N) a vector that moves every 24 bars: d <- 0.97 d + N(0, 3e-5)."""
    days = np.zeros((-(-count // 24), width))
    drift = np.zeros(width)
    for day in range(len(days)):
        drift = 0.97 * drift + rng.normal(0.0, 3e-5, width)
        days[day] = drift
    return np.repeat(days, 24, axis=0)[:count]


def _smoothed(values: Array, alpha: float) -> Array:
    out = values.copy()
    for t in range(1, len(values)):
        out[t] = (1.0 - alpha) * out[t - 1] + alpha * values[t]
    return out
