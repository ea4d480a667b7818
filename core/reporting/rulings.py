"""The gate's figures beside its limits, one line per check, in words.

Nothing here judges: every line carries what the gate's own check says, so the table cannot disagree with the decision.

Tested in tests/tasks/test_validation_page.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from core.backtest.metrics import DAYS_PER_YEAR
from core.deploy import guard
from core.deploy.guard import Check, Evidence, GuardLimits

Told = tuple[str, str | None, str]
"""A check's name, what was seen (None: there was nothing to compare with), and what is needed."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """One check of the gate: what was seen, what is needed, and the objection, None when it has none.

    `asked` is false, and `seen` empty, for a comparison with a live release where none has passed the gate.
    """

    name: str
    seen: str
    needed: str
    objection: str | None
    asked: bool = True


def rulings(seen: Evidence, limits: GuardLimits) -> tuple[Ruling, ...]:
    """Ask every check of the gate, in its order, and write its figures beside its limits."""
    figures = dict(TOLD)
    return tuple(_ruling(check, figures[check](seen, limits), seen, limits) for check in guard.CHECKS)


def _ruling(check: Check, told: Told, seen: Evidence, limits: GuardLimits) -> Ruling:
    name, figure, needed = told
    return Ruling(name, figure or "", needed, check(seen, limits), asked=figure is not None)


def _percent(value: float) -> str:
    return f"{value:z.1%}" if isfinite(value) else "n/a"


def _ratio(value: float) -> str:
    return f"{value:z.2f}" if isfinite(value) else "n/a"


def _days(seen: Evidence, limits: GuardLimits) -> Told:
    return "Out-of-sample days", f"{seen.oos_days:,}", f"at least {limits.min_days:,}"


def _trades(seen: Evidence, limits: GuardLimits) -> Told:
    return "Positions opened out of sample", f"{seen.trades:,}", f"at least {limits.min_trades:,}"


def _quarantine(seen: Evidence, limits: GuardLimits) -> Told:
    figure = None if seen.rollback_days is None else f"{seen.rollback_days:,}"
    return "Days since the watch took a release back", figure, f"at least {limits.quarantine_days:,}"


def _key_one(seen: Evidence, limits: GuardLimits) -> Told:
    key = seen.key
    if limits.for_ever:
        return "Key 1: the family’s gross edge, e", f"{key.e_value:.3g}", f"at least {key.e_threshold:.3g}"
    return "Key 1: the family’s gross edge, Z", _ratio(key.z), f"at least {key.boundary:.3f}"


def _key_two(seen: Evidence, limits: GuardLimits) -> Told:
    name = f"Key 2: net walk-forward Sharpe, last {limits.trailing_days} days"
    return name, _ratio(seen.trailing_net_sharpe), f"more than {_ratio(limits.min_net_sharpe)}"


def _double_cost(seen: Evidence, _limits: GuardLimits) -> Told:
    return "Walk-forward a year at twice the costs", _percent(seen.net_at_double_cost * DAYS_PER_YEAR), "more than 0.0%"


def _drawdown(seen: Evidence, limits: GuardLimits) -> Told:
    name = "Drawdown that one year in twenty exceeds"
    return name, _percent(-seen.drawdown_1_in_20), f"at most {_percent(limits.max_drawdown)}"


def _shortfall(seen: Evidence, limits: GuardLimits) -> Told:
    name, needed = "Worst 2.5% of days against the live release’s", f"not surely above {limits.max_es_ratio:g} times"
    if seen.tail is None:
        return name, None, needed
    figures = f"{seen.tail.challenger:.2%} against {seen.tail.incumbent:.2%}, p = {seen.tail.p_value:.2g}"
    return name, figures, f"{needed}: p above {limits.tail_error:g}"


def _one_symbol(seen: Evidence, limits: GuardLimits) -> Told:
    name = "Share of the profit that one symbol earned"
    return name, _percent(seen.largest_symbol_share), f"at most {_percent(limits.max_symbol_share)}"


def _improved(seen: Evidence, limits: GuardLimits) -> Told:
    name, needed = "Sharpe against the live release’s, same bars", f"at least {limits.min_improvement:g} more"
    if seen.same_as_incumbent:
        return name, "the same release", needed
    if seen.incumbent_sharpe is None:
        return name, None, needed
    return name, f"{_ratio(seen.oos_sharpe)} against {_ratio(seen.incumbent_sharpe)}", needed


TOLD: tuple[tuple[Check, Callable[[Evidence, GuardLimits], Told]], ...] = (
    (guard.enough_days, _days),
    (guard.enough_trades, _trades),
    (guard.gross_edge, _key_one),
    (guard.net_edge, _key_two),
    (guard.survives_double_cost, _double_cost),
    (guard.tail_drawdown, _drawdown),
    (guard.expected_shortfall_against_live, _shortfall),
    (guard.concentration, _one_symbol),
    (guard.quarantine, _quarantine),
    (guard.improvement, _improved),
)
"""How each of the gate's checks is told."""
