"""The portfolio scaler: volatility target x drawdown step-down x fractional Kelly.

The volatility target looks at the portfolio as it would be now, carried back over the recent bars, so correlations count.
Step-down and Kelly look at the returns the model portfolio has realised; the backtest kernel keeps that state.
"""

from typing import Annotated

import numpy as np
from numba import njit
from pydantic import Field, model_validator

from core.config import Bars, Config, Fraction
from core.market.features import bars_per_year
from core.types import Array, Ints


class ScalerConfig(Config):
    """How much of the raw portfolio to hold."""

    target_vol: Fraction = 0.20
    """Volatility the portfolio aims at, annualised."""
    vol_window: Bars = 720
    """Bars of past returns that forecast the portfolio's volatility."""
    max_leverage: Annotated[float, Field(gt=0.0, le=10.0)] = 2.0
    """Largest factor on the raw portfolio, whose gross is 1."""
    stepdown_start: Fraction = 0.10
    """Drawdown from which positions shrink."""
    stepdown_end: Fraction = 0.30
    """Drawdown from which they shrink no further."""
    stepdown_floor: Fraction = 0.25
    """Share that is left there."""
    kelly_fraction: Fraction = 0.5
    """Share of the growth-optimal size."""
    kelly_floor: Fraction = 0.5
    """Smallest factor Kelly may ask for: the estimate is noisy, and a book at zero never learns."""
    kelly_half_life: Bars = 2160
    """Bars after which a realised return counts half."""

    @model_validator(mode="after")
    def _steps_down(self) -> "ScalerConfig":
        if self.stepdown_end <= self.stepdown_start:
            raise ValueError(f"stepdown_end = {self.stepdown_end} must be above stepdown_start = {self.stepdown_start}")
        return self


def vol_target_leverage(raw: Array, returns: Array, rows: Ints, bar_ms: int, config: ScalerConfig) -> Array:
    """Return the leverage that would have had the target volatility over the recent bars.

    Parameters
    ----------
    raw : (D, N) fraction of equity; NaN counts as nothing held
    returns : (T, N) simple returns per bar, 0 where there was no bar

    Returns
    -------
    (D,) at most `max_leverage`; 0 where nothing is held or fewer than a tenth of the window's bars exist
    """
    out = np.zeros(len(rows))
    held = np.nan_to_num(raw)
    annual = np.sqrt(bars_per_year(bar_ms))
    for d, t in enumerate(rows):
        start = max(0, t + 1 - config.vol_window)
        if held[d].any() and (t + 1 - start) * 10 >= config.vol_window:
            vol = _vol_of(returns[start : t + 1], held[d]) * annual
            out[d] = min(config.max_leverage, config.target_vol / vol) if vol > 0 else config.max_leverage
    return out


@njit(cache=True)
def _vol_of(returns: Array, weights: Array) -> float:
    """Root mean square return per bar of fixed weights, summed in order over what is held."""
    held = np.flatnonzero(weights)
    total = 0.0
    for t in range(len(returns)):
        earned = 0.0
        for i in held:
            earned += weights[i] * returns[t, i]
        total += earned * earned
    return np.sqrt(total / len(returns))


@njit(cache=True)
def stepdown(drawdown: float, start: float, end: float, floor: float) -> float:
    """Share of the book that a drawdown leaves: 1 up to `start`, falling in a line to `floor` at `end`.

    Parameters
    ----------
    drawdown : fraction of the peak, positive
    """
    depth = min(max((drawdown - start) / (end - start), 0.0), 1.0)
    return 1.0 - (1.0 - floor) * depth


@njit(cache=True)
def kelly_factor(mean: float, variance: float, fraction: float, floor: float) -> float:
    """Share of the book that fractional Kelly allows, within [floor, 1].

    Parameters
    ----------
    mean, variance : of the realised return per bar, at the size it was held
        Growth-optimal leverage on it is mean / variance; no variance yet means no opinion, 1.
    """
    if variance <= 0.0:
        return 1.0
    return min(max(fraction * mean / variance, floor), 1.0)
