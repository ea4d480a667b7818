"""Limits on the account: the last line of defence, below everything that sizing already promises."""

from typing import Annotated

from pydantic import Field, model_validator

from core.config import Bps, Config, Fraction

Share = Annotated[Fraction, Field(gt=0.0)]
"""A fraction of which none would mean nothing."""

Multiple = Annotated[float, Field(gt=0.0, le=10.0)]
"""Times the equity: 1.5 is one and a half times, and 150 a mistake."""


class RiskConfig(Config):
    """When entries stop, everything stops, or everything is closed. A value at its limit counts as a breach.

    What sizing aims at is in `core.sizing.config`; the defaults here lie clearly above what its defaults can ask for.
    """

    daily_loss: Fraction = 0.04
    """Loss since 00:00 UTC, as a fraction of the equity then, that stops new entries."""
    drawdown_reduce: Fraction = 0.20
    """Loss from the high-water mark that stops new entries."""
    drawdown_flatten: Fraction = 0.35
    """Loss from the high-water mark that closes everything."""
    drawdown_days: int = Field(default=90, ge=1, le=3_650)
    """Days over which the high-water mark is taken; what lies further back is forgiven."""
    recovery: Share = 0.8
    """A loss rule that has fired stays until the loss is below this share of its threshold: it must not flicker."""
    max_gross: Multiple = 4.0
    """Sum of all positions' values, long or short. An order that may have filled counts as filled and an exit that may not
    have as not, so while a whole book is exchanged for another both count: leave room for twice what sizing allows."""
    max_net: Multiple = 3.5
    """Value of the longs less that of the shorts, either way."""
    max_symbol: Multiple = 0.5
    """Value of one position."""
    max_asset: Multiple = 0.75
    """Sum of the values of all positions on the same coin."""
    max_volume_share: Share = 0.05
    """Share of a symbol's daily turnover that a position may be: more could not be left within the day unnoticed."""
    max_margin_use: Share = 0.8
    """Initial margin over equity: beyond it the venue refuses orders, and soon liquidates."""
    stale_after_minutes: int = Field(default=130, ge=1, le=10_000)
    """Age of the newest closed bar beyond which no entry is made on it."""
    missing_bars: Share = 0.10
    """Share of the symbols expected at the newest close that may be missing."""
    max_clock_skew_seconds: float = Field(default=5.0, gt=0.0, le=60.0)
    """Between our clock and the venue's, either way, and between the venue's and the newest bar's."""
    quiet_hours: Annotated[float, Field(gt=0.0, le=8_760.0)] | None = 72.0
    """Hours without a trade that are told, and nothing more; three daily decisions. None never tells."""
    max_tracking_bps: Bps = 50.0
    """Distance from the backtest of the same days, a day: five times what a promotion allows."""
    protective_stop: Share | None = None
    """Distance from the price at which every entry carries a stop-loss at the venue; None is without."""
    breaker_failures: Fraction = 0.10
    """Share of requests without an answer above which the circuit breaker opens."""
    breaker_minutes: int = Field(default=5, ge=1, le=60)
    """Over how long they are counted."""
    breaker_calls: int = Field(default=20, ge=1, le=10_000)
    """Fewer requests than this have no share."""
    breaker_down_seconds: int = Field(default=30, ge=1, le=3_600)
    """Time without any answer that opens it too."""
    breaker_pause_seconds: int = Field(default=60, ge=1, le=3_600)
    """How long it stays open after the last tick with a failure."""

    @model_validator(mode="after")
    def _flattens_last(self) -> "RiskConfig":
        if self.drawdown_flatten <= self.drawdown_reduce:
            raise ValueError(
                f"drawdown_flatten = {self.drawdown_flatten} must be above drawdown_reduce = {self.drawdown_reduce}"
            )
        return self
