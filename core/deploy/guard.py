"""The deploy gate: evidence in, objections out. No objection means deploy.

Two keys turn it. Key 1 tests whether the strategy's family has a gross edge at all, in a way that stays honest although it
is looked at every night (`core.deploy.sequence`). Key 2 asks whether what would be deployed earned its costs in the
walk-forward. Vetoes can only add objections. What the gate lets through, measured: docs/gate.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.backtest.metrics import DAYS_PER_YEAR, sharpe
from core.config import Config, Fraction
from core.deploy.sequence import KeyOne
from core.types import Array
from core.validation.stressed import TailExcess


class GuardLimits(Config):
    """What the evidence must clear."""

    error: Annotated[float, Field(gt=0.0, le=0.5)] = 0.003
    """Key 1: chance of a false alarm over a horizon of nightly looks, shared among all hypotheses that are ever asked."""
    horizon_days: int = Field(default=365, ge=1)
    """Key 1: days of nightly looks the boundary is spent over."""
    for_ever: bool = False
    """Key 1: ask the e-process instead of the boundary; valid over any number of nights, and slower."""
    min_net_sharpe: float = 0.5
    """Key 2: trailing walk-forward Sharpe, net."""
    trailing_days: int = Field(default=540, ge=30)
    """Key 2: days it looks back."""
    min_days: int = Field(default=180, ge=30)
    """Out-of-sample days below which nothing is concluded."""
    min_trades: int = Field(default=100, ge=0)
    """Positions opened out of sample below which nothing is concluded."""
    max_drawdown: Fraction = 0.40
    """Veto: drawdown that one resampled year in twenty may exceed."""
    max_es_ratio: Annotated[float, Field(ge=1.0, le=10.0)] = 1.1
    """Veto: expected shortfall of the worst 2.5 % of days, as a multiple of the live release's."""
    tail_error: Fraction = 0.05
    """Veto: chance of calling the worst days worse when they are not."""
    max_symbol_share: Fraction = 0.40
    """Veto: share of the in-sample profit that one symbol may have earned."""
    quarantine_days: int = Field(default=30, ge=0)
    """Veto: days after the watch took a release back in which nothing new is deployed: it might be the same once more."""
    min_improvement: float = 0.1
    """Turnover limiter: Sharpe by which the incumbent must be beaten on the same out-of-sample bars."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gate looks at; Sharpe ratios are annual, drawdowns negative.

    Parameters
    ----------
    key : what the family's stream says
    trades : positions opened out of sample
    net_at_double_cost : mean daily return of the walk-forward with its costs doubled
    incumbent_sharpe : the live release's on the same out-of-sample bars
        None, like `tail`, when what is live has never passed the gate itself
    tail : the worst days out of sample against the live release's on the same days
    rollback_days : since the watch took a release back; None when it never did
    is_sharpe : in sample; reported, never judged
    """

    key: KeyOne
    trailing_net_sharpe: float
    oos_days: int
    trades: int
    net_at_double_cost: float
    drawdown_1_in_20: float
    largest_symbol_share: float
    oos_sharpe: float
    incumbent_sharpe: float | None
    tail: TailExcess | None
    same_as_incumbent: bool
    rollback_days: int | None = None
    is_sharpe: float = 0.0


Check = Callable[[Evidence, GuardLimits], str | None]


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


def enough_trades(seen: Evidence, limits: GuardLimits) -> str | None:
    """Refuse to conclude anything from a book that hardly moved."""
    if seen.trades >= limits.min_trades:
        return None
    return f"only {seen.trades} positions opened out of sample, {limits.min_trades} are needed"


def key_turns(key: KeyOne, limits: GuardLimits) -> bool:
    """Whether the family has proved a gross edge."""
    return key.e_value >= key.e_threshold if limits.for_ever else key.z >= key.boundary


def gross_edge(seen: Evidence, limits: GuardLimits) -> str | None:
    """Key 1."""
    key = seen.key
    if key_turns(key, limits):
        return None
    if limits.for_ever:
        return f"no proof of a gross edge: the family's e-value is {key.e_value:.3g}, {key.e_threshold:.3g} is needed"
    return f"no proof of a gross edge: the family's statistic is {key.z:.2f}, the boundary {key.boundary:.3f}"


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


def expected_shortfall_against_live(seen: Evidence, limits: GuardLimits) -> str | None:
    """Veto days that are surely worse than those of what is live."""
    if seen.tail is None or seen.tail.p_value > limits.tail_error:
        return None
    return (
        f"its worst days are worse than the live release's: expected shortfall {seen.tail.challenger:.2%} against "
        f"{seen.tail.incumbent:.2%} a day, limit {limits.max_es_ratio:g} times that"
    )


def concentration(seen: Evidence, limits: GuardLimits) -> str | None:
    """Veto a profit that one symbol made."""
    if seen.largest_symbol_share <= limits.max_symbol_share:
        return None
    return f"one symbol earned {seen.largest_symbol_share:.0%} of the profit, limit {limits.max_symbol_share:.0%}"


def quarantine(seen: Evidence, limits: GuardLimits) -> str | None:
    """Wait after a rollback, until a person has looked or some time has passed."""
    if seen.rollback_days is None or seen.rollback_days >= limits.quarantine_days:
        return None
    return (
        f"the watch took a release back {seen.rollback_days} days ago: nothing new within {limits.quarantine_days} days of that"
    )


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
    enough_trades,
    gross_edge,
    net_edge,
    survives_double_cost,
    tail_drawdown,
    expected_shortfall_against_live,
    concentration,
    quarantine,
    improvement,
)


def objections(seen: Evidence, limits: GuardLimits) -> tuple[str, ...]:
    """Return every reason not to deploy, in plain English; an empty tuple means deploy."""
    return tuple(reason for check in CHECKS if (reason := check(seen, limits)) is not None)
