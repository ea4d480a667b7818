"""The portfolio scaler: volatility target x drawdown step-down x fractional Kelly.

The volatility target divides by the larger of two figures: a forecast from the symbols' own volatilities, and what the
model portfolio has lately realised. Step-down and Kelly look at its realised returns too; the backtest kernel keeps that state.
"""

from math import sqrt
from typing import Annotated

from pydantic import Field, model_validator

from core.compiled import lanes
from core.config import Bars, Config, Fraction
from core.types import Array


class ScalerConfig(Config):
    """How much of the raw portfolio to hold."""

    target_vol: Fraction = 0.20
    """Volatility the portfolio aims at, annualised."""
    correlation: Fraction = 0.5
    """Between any two symbols, in the forecast of the portfolio's volatility."""
    mismatch: Fraction = 0.05
    """Share of the squared gross risk that stays when longs and shorts balance, because their betas differ."""
    vol_half_life: Bars = 72
    """Bars after which a realised squared return counts half; the volatility assumed is never below that of the book as it was
    held, leverage included."""
    max_leverage: Annotated[float, Field(gt=0.0, le=10.0)] = 2.0
    """Largest factor on the raw portfolio, whose gross is 1, after step-down and Kelly too."""
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
    kelly_cap: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    """Largest factor Kelly may ask for."""
    kelly_half_life: Bars = 2160
    """Bars after which a realised return counts half."""

    @model_validator(mode="after")
    def _limits_fit(self) -> "ScalerConfig":
        if self.stepdown_end <= self.stepdown_start:
            raise ValueError(f"stepdown_end = {self.stepdown_end} must be above stepdown_start = {self.stepdown_start}")
        if self.kelly_floor > self.kelly_cap:
            raise ValueError(f"kelly_floor = {self.kelly_floor} must not be above kelly_cap = {self.kelly_cap}")
        return self


def forecast_vol(raw: Array, vol: Array, correlation: float, mismatch: float) -> float:
    """Forecast a portfolio's volatility from its symbols' own, with one correlation for all pairs.

    With risks x = weight x volatility: sqrt((1 - c) sum x^2 + c (sum x)^2 + m (sum |x|)^2), the constant-correlation model
    (Elton and Gruber 1973) and a term for what a balanced book keeps of the market.

    Parameters
    ----------
    raw : (W,) weights; NaN counts as nothing held
    vol : (W,) annualised fraction; 0 where unknown

    Returns
    -------
    annualised fraction, at the size of `raw`
    """
    squares, net, gross = 0.0, 0.0, 0.0
    for i in range(lanes(raw)):
        risk = raw[i] * vol[i]
        risk = risk if risk == risk else 0.0  # noqa: PLR0124 - NaN alone differs from itself
        squares += risk * risk
        net += risk
        gross += abs(risk)
    return sqrt((1.0 - correlation) * squares + correlation * net * net + mismatch * gross * gross)


def stepdown(drawdown: float, start: float, end: float, floor: float) -> float:
    """Share of the book that a drawdown leaves: 1 up to `start`, falling in a line to `floor` at `end`.

    Parameters
    ----------
    drawdown : fraction of the peak, positive
    """
    depth = min(max((drawdown - start) / (end - start), 0.0), 1.0)
    return 1.0 - (1.0 - floor) * depth


def kelly_factor(mean: float, variance: float, fraction: float, limits: tuple[float, float]) -> float:
    """Size that fractional Kelly allows, within the limits (floor, cap).

    Parameters
    ----------
    mean, variance : of the realised return per bar, at the size it was held
        Growth-optimal leverage on it is mean / variance; no variance yet means no opinion, 1.
    """
    if variance <= 0.0:
        return 1.0
    floor, cap = limits
    return min(max(fraction * mean / variance, floor), cap)
