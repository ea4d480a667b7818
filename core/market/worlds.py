"""Worlds in which the truth about an edge is known: what the deploy gate is tried on.

The recipe of the statistics note, section 7.6: 30 coins with one common and many own shocks (Student-t, 5 degrees of freedom)
under one stochastic volatility, and a latent drift per coin with a half-life of a week. ``edge = 0`` is pure noise.
The simplest bars that a backtest accepts: a bar opens where the last one closed, and every coin trades the same value.
"""

from datetime import UTC, datetime

import numpy as np

from core.compiled import strict
from core.market.panel import Panel
from core.market.timeframe import HOUR, milliseconds
from core.types import Array

VENUE = "world"
SYMBOLS = 30
START = datetime(2020, 1, 1, tzinfo=UTC)
COMMON_VOL = 0.0055
"""Fraction per hour: the shock every coin shares."""
OWN_VOL = (0.0055, 0.0105)
"""Fraction per hour: from the steadiest coin's own shock to the wildest's."""
VOL_OF_VOL, VOL_MEMORY_HOURS = 0.35, 240
"""Of the logarithm of the common volatility: stationary deviation, and hours after which a shock has faded to 1/e."""
DRIFT_HALF_LIFE_HOURS = 168
DAILY_VALUE = 1e8
"""Quote currency each coin trades a day."""


def world_steps(rng: np.random.Generator, hours: int, edge: float) -> Array:
    """Draw (hours, SYMBOLS) returns, each hour's price over the last minus 1.

    Simple returns, where the statistics note draws log returns: without an edge every book then has no expected profit at
    any time. With log returns a coin's price drifts up by half its variance, wild coins by half their value a year.

    Parameters
    ----------
    edge : return per hour per unit of latent drift, for a coin whose own volatility is 0.8 % an hour
    """
    beta, own = rng.uniform(0.8, 1.2, SYMBOLS), rng.uniform(*OWN_VOL, SYMBOLS)
    vol = np.exp(VOL_OF_VOL * _ar1(rng, hours, 1, np.exp(-1 / VOL_MEMORY_HOURS), stationary=False) - VOL_OF_VOL**2 / 2)
    common = COMMON_VOL * vol * _student(rng, hours, 1)
    steps = beta * common + own * vol * _student(rng, hours, SYMBOLS)
    if edge > 0:
        drift = _ar1(rng, hours, SYMBOLS, 0.5 ** (1 / DRIFT_HALF_LIFE_HOURS), stationary=True)
        steps += edge * (drift - drift.mean(axis=1, keepdims=True)) * own / 0.008
    return steps


def panel_of_steps(steps: Array, symbols: tuple[str, ...] | None = None) -> Panel:
    """Return the hourly panel that returns (T, N) make of prices that start at 100; the first bar opens at `START`.

    Returns are limited to -90 %: a fat tail must not take a price below 0.
    """
    close = np.asarray(100.0 * np.cumprod(1.0 + np.maximum(steps, -0.9), axis=0), dtype=np.float64)
    opened = np.vstack([np.full((1, close.shape[1]), 100.0), close[:-1]])
    return Panel(
        venue=VENUE,
        timeframe="1h",
        symbols=symbols or tuple(f"W{number:03d}USDT" for number in range(1, close.shape[1] + 1)),
        open_time=milliseconds(START) + HOUR * np.arange(len(close), dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close),
        low=np.minimum(opened, close),
        close=close,
        volume=DAILY_VALUE / 24 / close,
        funding=np.zeros_like(close),
    )


def _student(rng: np.random.Generator, hours: int, columns: int) -> Array:
    return rng.standard_t(5, (hours, columns)) * np.sqrt(3 / 5)  # fat tails of unit variance


def _ar1(rng: np.random.Generator, hours: int, columns: int, keep: float, *, stationary: bool) -> Array:
    """Unit-variance AR(1) columns; from 0 when not begun in the stationary state."""
    state = np.sqrt(1 - keep**2) * rng.standard_normal((hours, columns))
    state[0] = rng.standard_normal(columns) if stationary else 0.0
    strict(_accumulate)(state, float(keep))
    return state


def _accumulate(state: Array, keep: float) -> None:
    for t in range(1, state.shape[0]):
        for i in range(state.shape[1]):
            state[t, i] += keep * state[t - 1, i]
