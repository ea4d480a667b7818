"""A release: everything that decides target weights, frozen and named by its content.

Two runs of the same release on the same bars hold the same weights, in a backtest, in a rehearsal and live. So whatever
the scaler remembers must start somewhere known: `book_start`.
"""

from datetime import UTC, datetime
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from core.backtest.costs import CostConfig
from core.config import Bars, Config, Fraction, Moment
from core.market.timeframe import DAY, bar_ms
from core.risk.limits import RiskConfig
from core.sizing.config import CapsConfig, ScalerConfig, StopsConfig
from core.strategies.registry import strategy, strategy_config
from core.universe import UniverseConfig


class Sleeve(Config):
    """One strategy with its parameters and its share of the portfolio."""

    strategy: str
    """Name of a registered strategy."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Complete after validation: defaults are written out, so that a later default changes no release."""
    budget: Fraction = 1.0
    """Share of the raw portfolio's gross."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: Any) -> Any:
        if not isinstance(values, dict) or "strategy" not in values:
            return values
        config = strategy_config(values["strategy"], values.get("params", {}))
        return {**values, "params": config.model_dump(mode="json")}

    @property
    def config(self) -> Config:
        """Parameters as the strategy's own type."""
        return strategy_config(self.strategy, self.params)

    @property
    def history(self) -> int:
        """Bars the signal needs before its first row."""
        return strategy(self.strategy).history(self.config)


class Release(Config):
    """What is deployed."""

    venue: str
    """Whose bars it reads."""
    timeframe: str = "1h"
    """Bars that signals read."""
    sleeves: tuple[Sleeve, ...]
    universe: UniverseConfig = UniverseConfig()
    rebalance: Bars = 24
    """Bars between decisions, counted from 1970 UTC."""
    vol_half_life: Bars = 168
    """Bars after which a squared return counts half in a symbol's volatility."""
    vol_floor: Fraction = 0.10
    """Annualised volatility below which a symbol counts as this."""
    scaler: ScalerConfig = ScalerConfig()
    caps: CapsConfig = CapsConfig()
    stops: StopsConfig = StopsConfig()
    band: Fraction = 0.25
    """A position is left alone while it is within this share of its target."""
    costs: CostConfig = CostConfig()
    risk: RiskConfig = RiskConfig()
    book_start: Moment = datetime(2021, 1, 1, tzinfo=UTC)
    """Where the model book starts, flat; step-down and Kelly read what it has realised since."""
    parent: str | None = None
    """Fingerprint of the release this one was to replace."""

    @field_validator("timeframe")
    @classmethod
    def _known_timeframe(cls, value: str) -> str:
        bar_ms(value)
        return value

    @field_validator("book_start")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return value.astimezone(UTC)

    @model_validator(mode="after")
    def _budgets_fit(self) -> Self:
        total = sum(sleeve.budget for sleeve in self.sleeves)
        if not self.sleeves or total > 1.0 + 1e-9:
            raise ValueError(f"{len(self.sleeves)} sleeves with budgets that sum to {total:g}: at least one, and at most 1")
        return self

    @property
    def warmup_bars(self) -> int:
        """Bars before `book_start` that a first decision there looks back on."""
        days = max(2 * self.universe.min_listed_days, self.universe.liquidity_days) + 1
        slowest = max(sleeve.history for sleeve in self.sleeves)
        return max(slowest, 10 * self.vol_half_life, days * DAY // bar_ms(self.timeframe)) + 1


def baseline(venue: str, timeframe: str, book_start: datetime) -> Release:
    """Return the documented defaults as a release: what runs, on paper, before anything has passed the gate."""
    return Release(venue=venue, timeframe=timeframe, sleeves=(Sleeve(strategy="xsmom"),), book_start=book_start)
