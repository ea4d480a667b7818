"""Stages: how much money a release may move, and what it must have shown before it moves more.

    paper -> small -> full

1. A release leaves a stage upwards only without an objection; who asks for it is the business of `core.deploy.moves`.
2. The stage scales target weights once, between the model and the order plan: `staged`.

Both are tested in tests/core/deploy/test_stages.py; decision record 0015 argues for the numbers.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from core.config import Bps, Config, Fraction

Stage = Literal["paper", "small", "full"]

STAGES: tuple[Stage, ...] = ("paper", "small", "full")
"""From no money to all of it."""


class Hurdle(Config):
    """What a release must have shown in its stage before it may leave it upwards."""

    min_days: int = Field(ge=0)
    """Days in the stage."""
    min_fills: int = Field(ge=0)
    """Executions in the stage."""
    max_tracking: Bps = 10.0
    """Tracking error against the shadow run at which it stays, basis points of equity a day: where the watch starts to warn."""
    max_slippage: Bps = 2.0
    """What fills cost beyond the model at which it stays, basis points of traded value: where the watch starts to warn."""
    watched: bool = False
    """Whether both must be known; otherwise they are judged only when they are."""
    min_e_value: float | None = Field(default=None, ge=0)
    """Evidence of a net profit in live returns (statistics note 7.4), None when none is asked for."""


class StageRules(Config):
    """Share of the account's capital in each stage, and the hurdles between them (statistics note 7.1, step 6)."""

    paper_capital: Fraction = 1.0
    """The paper account holds no money, and small orders there would prove less."""
    small_capital: Fraction = 0.25
    """Share of the account at the stage between."""
    full_capital: Fraction = 1.0
    """Share of the account at the last stage."""
    to_small: Hurdle = Hurdle(min_days=14, min_fills=20)
    to_full: Hurdle = Hurdle(min_days=30, min_fills=50, watched=True, min_e_value=20.0)

    def capital(self, stage: Stage) -> float:
        """Return the share of the account that a release in this stage may use."""
        return {"paper": self.paper_capital, "small": self.small_capital, "full": self.full_capital}[stage]


@dataclass(frozen=True, slots=True)
class Standing:
    """What was seen of the live release in its stage; None is what nobody has measured.

    Parameters
    ----------
    tracking_bps_per_day, slippage_bps : as the limits in `Hurdle`
    e_value : of the live net daily returns
    """

    days: float
    fills: int
    tracking_bps_per_day: float | None = None
    slippage_bps: float | None = None
    e_value: float | None = None


Check = Callable[[Standing, Hurdle], str | None]


def staged(targets: Mapping[str, float], capital: float) -> dict[str, float]:
    """Return the account's target weights: the model's, times the stage's share of capital."""
    return {symbol: weight * capital for symbol, weight in targets.items()}


def decision_due(close: datetime, since: datetime, now: datetime) -> datetime:
    """Return the moment of the decision that is due: the newest close of the calendar, or the change of what is live since.

    A change that lies ahead of the account's clock (recorded bars) is not due yet.
    """
    return since if close < since <= now else close


def entry_stage(live: Stage, *, proven: bool) -> Stage:
    """Return where a challenger starts that replaces what is live: as a canary if proven money was at work, else on paper."""
    return "small" if proven and live != "paper" else "paper"


def enough_days(seen: Standing, hurdle: Hurdle) -> str | None:
    """Ask for time."""
    if seen.days >= hurdle.min_days:
        return None
    return f"{math.floor(10 * seen.days) / 10:.1f} days in this stage, {hurdle.min_days} are needed"


def enough_fills(seen: Standing, hurdle: Hurdle) -> str | None:
    """Ask for trades: what never traded has shown nothing."""
    return None if seen.fills >= hurdle.min_fills else f"{seen.fills} fills in this stage, {hurdle.min_fills} are needed"


def is_watched(seen: Standing, hurdle: Hurdle) -> str | None:
    """Refuse to read what nobody measured as fine."""
    if not hurdle.watched or None not in (seen.tracking_bps_per_day, seen.slippage_bps):
        return None
    return "how well it tracks its shadow run is not known: run the watch first"


def tracks(seen: Standing, hurdle: Hurdle) -> str | None:
    """Ask the account to do what the model does."""
    if seen.tracking_bps_per_day is None or seen.tracking_bps_per_day < hurdle.max_tracking:
        return None
    return f"the account strays {seen.tracking_bps_per_day:.1f} bp a day from its shadow run, limit {hurdle.max_tracking:g}"


def fills_well(seen: Standing, hurdle: Hurdle) -> str | None:
    """Ask fills to cost what the model says."""
    if seen.slippage_bps is None or seen.slippage_bps < hurdle.max_slippage:
        return None
    return f"fills cost {seen.slippage_bps:.1f} bp more than the model says, limit {hurdle.max_slippage:g}"


def earns(seen: Standing, hurdle: Hurdle) -> str | None:
    """Ask for live evidence of a profit, not for a profit."""
    if hurdle.min_e_value is None or (seen.e_value is not None and seen.e_value >= hurdle.min_e_value):
        return None
    found = "is not known" if seen.e_value is None else f"has an e-value of {seen.e_value:.2f}"
    return f"the evidence of live returns {found}, {hurdle.min_e_value:g} is needed"


CHECKS: tuple[Check, ...] = (enough_days, enough_fills, is_watched, tracks, fills_well, earns)


def promotion(stage: Stage, seen: Standing, rules: StageRules) -> tuple[str, ...]:
    """Return every reason not to promote out of a stage, in plain English; an empty tuple means go. NaN is a reason."""
    if stage == "full":
        return ("full is the highest stage",)
    hurdle = rules.to_small if stage == "paper" else rules.to_full
    return tuple(reason for check in CHECKS if (reason := check(seen, hurdle)) is not None)


def rank(stage: Stage) -> int:
    """Return how high a stage is, from 0."""
    return STAGES.index(stage)


def next_stage(stage: Stage) -> Stage:
    """Return the stage above; above full there is none, so it stays."""
    return STAGES[min(rank(stage) + 1, len(STAGES) - 1)]


def previous_stage(stage: Stage) -> Stage:
    """Return the stage below; below paper there is none, so it stays."""
    return STAGES[max(rank(stage) - 1, 0)]
