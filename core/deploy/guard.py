"""The deploy gate: evidence in, objections out. No objection means deploy.

Two keys turn it. Key 1 tests whether the strategy's family has a gross edge at all, against a boundary that stays honest
although it is looked at every night (O'Brien-Fleming). Key 2 asks whether what would be deployed earned its costs in the
walk-forward. Vetoes can only add objections. Evidence for the numbers: statistics note, section 7.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from core.backtest.metrics import DAYS_PER_YEAR, deviation, sharpe
from core.config import Config, Fraction
from core.types import Array


class GuardLimits(Config):
    """What the evidence must clear."""

    boundary: float = Field(default=2.807, gt=0)
    """Key 1: 0.5 % false alarms over the year of nightly looks."""
    horizon_days: int = Field(default=365, ge=1)
    """Key 1: days of nightly looks the boundary is spent over."""
    min_net_sharpe: float = 0.5
    """Key 2: trailing walk-forward Sharpe, net."""
    trailing_days: int = Field(default=540, ge=30)
    """Key 2: days it looks back."""
    min_days: int = Field(default=180, ge=30)
    """Out-of-sample days below which nothing is concluded."""
    max_drawdown: Fraction = 0.40
    """Veto: drawdown that one resampled year in twenty may exceed."""
    max_symbol_share: Fraction = 0.40
    """Veto: share of the in-sample profit that one symbol may have earned."""
    min_improvement: float = 0.1
    """Turnover limiter: Sharpe by which the incumbent must be beaten on the same out-of-sample bars."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gate looks at; Sharpe ratios are annual, drawdowns negative.

    `family_z` is the O'Brien-Fleming statistic of the family's gross stream, `net_at_double_cost` the mean daily return of
    the walk-forward with its costs doubled, `incumbent_sharpe` the live release's on the same bars, None when what is
    live has never passed the gate itself.
    """

    family_z: float
    trailing_net_sharpe: float
    oos_days: int
    net_at_double_cost: float
    drawdown_1_in_20: float
    largest_symbol_share: float
    oos_sharpe: float
    incumbent_sharpe: float | None
    same_as_incumbent: bool
    is_sharpe: float = 0.0
    """In sample; reported, never judged."""


Check = Callable[[Evidence, GuardLimits], str | None]


def family_z(stream: Array, horizon_days: int) -> float:
    """Return S_n / (s_n sqrt(n + horizon)): what key 1 compares with the boundary.

    Arming the boundary afresh each night puts its end always `horizon` days ahead, which asks for more than a boundary
    armed once and never for less; it is valid for a year of nights. 0 without variation.
    """
    spread = deviation(stream, ddof=0)
    return float(stream.sum() / (spread * np.sqrt(len(stream) + horizon_days))) if spread > 0 else 0.0


def trailing_sharpe(daily: Array, days: int) -> float:
    """Annual Sharpe of the last `days` days."""
    return sharpe(daily[-days:])


def largest_share(pnl: Array) -> float:
    """Return the share of the total profit that the best symbol earned; 1 when there was no profit."""
    total = float(pnl.sum())
    return float(pnl.max()) / total if total > 0 else 1.0


def enough_days(seen: Evidence, limits: GuardLimits) -> str | None:
    """Refuse to conclude anything from a short history."""
    if seen.oos_days >= limits.min_days:
        return None
    return f"only {seen.oos_days} out-of-sample days, {limits.min_days} are needed"


def gross_edge(seen: Evidence, limits: GuardLimits) -> str | None:
    """Key 1."""
    if seen.family_z >= limits.boundary:
        return None
    return f"no proof of a gross edge: the family's statistic is {seen.family_z:.2f}, the boundary {limits.boundary:g}"


def net_edge(seen: Evidence, limits: GuardLimits) -> str | None:
    """Key 2."""
    if seen.trailing_net_sharpe > limits.min_net_sharpe:
        return None
    return (
        f"too little is left after costs: walk-forward Sharpe {seen.trailing_net_sharpe:.2f} over the last "
        f"{limits.trailing_days} days, more than {limits.min_net_sharpe:g} is needed"
    )


def survives_double_cost(seen: Evidence, _limits: GuardLimits) -> str | None:
    """Veto an edge that lives on the cost estimate."""
    if seen.net_at_double_cost > 0:
        return None
    daily = seen.net_at_double_cost * DAYS_PER_YEAR
    return f"at twice the cost the walk-forward loses {-daily:.1%} a year"


def tail_drawdown(seen: Evidence, limits: GuardLimits) -> str | None:
    """Veto a tail that is too deep."""
    if -seen.drawdown_1_in_20 <= limits.max_drawdown:
        return None
    return f"one year in twenty loses more than {-seen.drawdown_1_in_20:.0%} from its peak, limit {limits.max_drawdown:.0%}"


def concentration(seen: Evidence, limits: GuardLimits) -> str | None:
    """Veto a profit that one symbol made."""
    if seen.largest_symbol_share <= limits.max_symbol_share:
        return None
    return f"one symbol earned {seen.largest_symbol_share:.0%} of the profit, limit {limits.max_symbol_share:.0%}"


def improvement(seen: Evidence, limits: GuardLimits) -> str | None:
    """Leave a good incumbent alone: changing costs turnover and proves nothing."""
    if seen.same_as_incumbent:
        return "the search found the release that is already live"
    if seen.incumbent_sharpe is None or seen.oos_sharpe >= seen.incumbent_sharpe + limits.min_improvement:
        return None
    return (
        f"not better than the live release: Sharpe {seen.oos_sharpe:.2f} against {seen.incumbent_sharpe:.2f} on the same bars, "
        f"{limits.min_improvement:g} more is needed"
    )


CHECKS: tuple[Check, ...] = (
    enough_days,
    gross_edge,
    net_edge,
    survives_double_cost,
    tail_drawdown,
    concentration,
    improvement,
)


def objections(seen: Evidence, limits: GuardLimits) -> tuple[str, ...]:
    """Return every reason not to deploy, in plain English; an empty tuple means deploy."""
    return tuple(reason for check in CHECKS if (reason := check(seen, limits)) is not None)
