"""The risk verdict: what the account may do now, and why. The harshest rule wins, every reason is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from pydantic import Field, model_validator

from core.config import Config, Fraction


class Verdict(IntEnum):
    """From mildest to harshest."""

    ALLOW = 0
    REDUCE_ONLY = 1
    """Exits only."""
    HALT = 2
    """No orders at all."""
    FLATTEN = 3
    """Close everything."""


class RiskConfig(Config):
    """Limits on the account. A value at the limit counts as a breach."""

    daily_loss: Fraction = 0.04
    """Loss since 00:00 UTC, as a fraction of the equity then, that stops new entries."""
    drawdown_reduce: Fraction = 0.20
    """Loss from the peak that stops new entries."""
    drawdown_flatten: Fraction = 0.35
    """Loss from the peak that closes everything."""
    stale_after_minutes: int = Field(default=130, ge=1, le=10_000)
    """Age of the newest closed bar beyond which no entry is made on it."""

    @model_validator(mode="after")
    def _flattens_last(self) -> "RiskConfig":
        if self.drawdown_flatten <= self.drawdown_reduce:
            raise ValueError(
                f"drawdown_flatten = {self.drawdown_flatten} must be above drawdown_reduce = {self.drawdown_reduce}"
            )
        return self


@dataclass(frozen=True, slots=True)
class RiskView:
    """Everything the rules look at; equity in quote currency."""

    now: datetime
    newest_close: datetime
    equity: Decimal
    day_start_equity: Decimal
    peak_equity: Decimal
    emergency_stop: bool
    book_differs: str
    """How the venue's positions differ from our books; empty when they agree."""


Finding = tuple[Verdict, str]
Rule = Callable[[RiskView, RiskConfig], Finding | None]


def emergency_stop(view: RiskView, _limits: RiskConfig) -> Finding | None:
    """Flatten while the operator's emergency stop is set."""
    return (Verdict.FLATTEN, "the emergency stop is set") if view.emergency_stop else None


def book_differs(view: RiskView, _limits: RiskConfig) -> Finding | None:
    """Halt when the venue's positions and our books disagree: a person must look."""
    return (Verdict.HALT, f"positions differ: {view.book_differs}") if view.book_differs else None


def stale_data(view: RiskView, limits: RiskConfig) -> Finding | None:
    """Allow exits only when the newest closed bar is too old."""
    age = view.now - view.newest_close
    if age < timedelta(minutes=limits.stale_after_minutes):
        return None
    return Verdict.REDUCE_ONLY, f"the newest bar closed at {view.newest_close:%Y-%m-%d %H:%M} UTC, {age} ago"


def clock_behind(view: RiskView, _limits: RiskConfig) -> Finding | None:
    """Allow exits only when the newest bar closes in the future: a clock is wrong."""
    if view.newest_close <= view.now + timedelta(seconds=5):
        return None
    return Verdict.REDUCE_ONLY, f"the newest bar closes at {view.newest_close:%Y-%m-%d %H:%M} UTC, after the venue's own clock"


def daily_loss(view: RiskView, limits: RiskConfig) -> Finding | None:
    """Allow exits only for the rest of a bad day."""
    loss = _loss(view.equity, view.day_start_equity)
    if loss < Decimal(str(limits.daily_loss)):
        return None
    return Verdict.REDUCE_ONLY, f"down {loss:.2%} since 00:00 UTC, limit {limits.daily_loss:.2%}"


def drawdown(view: RiskView, limits: RiskConfig) -> Finding | None:
    """Stop entries, then flatten, as the loss from the peak grows."""
    loss = _loss(view.equity, view.peak_equity)
    if loss >= Decimal(str(limits.drawdown_flatten)):
        return Verdict.FLATTEN, f"down {loss:.2%} from the peak, limit {limits.drawdown_flatten:.2%}"
    if loss >= Decimal(str(limits.drawdown_reduce)):
        return Verdict.REDUCE_ONLY, f"down {loss:.2%} from the peak, entries stop at {limits.drawdown_reduce:.2%}"
    return None


def _loss(equity: Decimal, reference: Decimal) -> Decimal:
    """Return the fraction of the reference that is gone; all of it when there never was any equity."""
    return 1 - equity / reference if reference > 0 else Decimal(1)


RULES: tuple[Rule, ...] = (emergency_stop, book_differs, stale_data, clock_behind, daily_loss, drawdown)


def judge(view: RiskView, limits: RiskConfig) -> tuple[Verdict, tuple[str, ...]]:
    """Apply every rule; return the harshest verdict and all reasons, harshest first."""
    findings = sorted(filter(None, (rule(view, limits) for rule in RULES)), key=lambda f: -f[0])
    return (findings[0][0] if findings else Verdict.ALLOW), tuple(reason for _, reason in findings)
