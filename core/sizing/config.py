"""What can be set about sizing: caps, the scaler, stops. Apart from the formulas, which a single live bar runs without this."""

from typing import Annotated

from pydantic import Field, model_validator

from core.config import Bars, Config, Fraction

Multiple = Annotated[float, Field(ge=0.0, le=100.0)]


class CapsConfig(Config):
    """Limits on target weights, as fractions of equity."""

    symbol: Fraction = 0.25
    """Largest weight of one symbol, long or short."""
    asset: Fraction = 0.25
    """Largest sum of absolute weights of symbols on the same coin."""
    gross: float = Field(default=1.5, ge=0.0, le=10.0)
    """Largest sum of absolute weights."""
    liquidity: Fraction = 0.01
    """Largest share of a symbol's usual daily traded value that a position may be."""


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


class StopsConfig(Config):
    """When a position leaves between decisions. 0 means never.

    Research only: the live flow sends no conditional orders yet, and so no release with stops can be deployed.
    """

    trail_atr: Multiple = 0.0
    """Distance from the best price since entry, in average true ranges of the bar before."""
    stop_atr: Multiple = 0.0
    """Distance from the entry, in average true ranges at the entry."""
    atr_bars: Bars = 24
    """Bars over which the true range is smoothed (Wilder)."""
