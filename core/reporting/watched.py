"""One watch of what is live: what was seen, found and done, as it is told and kept."""

from dataclasses import dataclass
from datetime import datetime

from core.deploy.degradation import Action, DegradationLimits, Finding
from core.deploy.lived import Lived
from core.deploy.stages import Stage


@dataclass(frozen=True, slots=True)
class Watched:
    """The watch of one day; what is None is not known.

    Parameters
    ----------
    release, stage, since : what was live, and since when at that stage
    until : the midnight up to which everything was looked at
    days : whole days judged
    tracking_bps_per_day, drift_bps_per_day : against the shadow run, of the stage's share of equity
    slippage_bps : beyond the model, of the value traded
    e_value : evidence for a positive mean of the release's live days, see core/deploy/sequence.py
    cusum : evidence against its claim, see core/deploy/cusum.py
    action : what the findings ask for, as far as it can be done
    did : what was done, in plain English
    unjudged : what could not be judged, and why
    """

    release: str
    stage: Stage
    since: datetime
    until: datetime
    days: int
    tracking_bps_per_day: float | None
    drift_bps_per_day: float | None
    slippage_bps: float | None
    e_value: float | None
    cusum: float | None
    findings: tuple[Finding, ...]
    action: Action
    did: str
    unjudged: tuple[str, ...]
    lived: Lived


def unjudged(seen: Lived, limits: DegradationLimits) -> tuple[str, ...]:
    """Say what could not be judged and why: what is not known is neither fine nor broken."""
    if seen.days < limits.min_days:
        return (f"nothing is judged yet: {seen.days} whole days at this stage, {limits.min_days} are needed",)
    tail = f"worst days: {seen.days} whole days, {limits.min_tail_days} are needed" if seen.days < limits.min_tail_days else ""
    reasons = (
        "tracking: the account was looked at on fewer than two midnights" if seen.tracking_bps is None else "",
        _too_few(seen, limits) if seen.priced < limits.min_fills else "",
        "decisions: none was due" if not seen.due else "",
        _no_depth(seen),
        tail or ("worst days: too short a model history to predict them" if not seen.predicted_shortfall else ""),
        "profit: the release claims no Sharpe ratio" if seen.claim is None else "",
    )
    return tuple(filter(None, reasons))


def _no_depth(seen: Lived) -> str:
    if seen.drawdown_1_in_20 is None:
        return "drawdown: no evidence predicts one for this release"
    return "drawdown: nothing predicts the rarest, so none rolls back" if seen.drawdown_1_in_100 is None else ""


def _too_few(seen: Lived, limits: DegradationLimits) -> str:
    return f"slippage: {seen.priced} of {seen.fills} fills have a model price, {limits.min_fills} are needed"


def headline(done: Watched) -> str:
    """Return one line: what is live and what the watch made of it."""
    return f"{done.action.upper()}: {done.release[:12]} at {done.stage}, {done.days} days up to {done.until:%Y-%m-%d}"


def lines(done: Watched) -> tuple[str, ...]:
    """Return the watch as lines of a page: findings first, then what was measured, then what was not judged."""
    return (
        *(f"{finding.severity}: {finding.says}" for finding in done.findings),
        done.did,
        *(_measured(done.lived) if done.days else ()),
        *(f"not judged: {reason}" for reason in done.unjudged),
    )


def _measured(seen: Lived) -> tuple[str, ...]:
    slip, fee = _said(seen.slippage_bps, ".1f"), _said(seen.fee_bps, ".2f")
    return (
        f"tracking {_said(seen.tracking_bps, '.1f')} and drift {_said(seen.drift_bps, '+.1f')} bps a day",
        f"{seen.fills} fills: slippage {slip} and fees {fee} bps beyond the model",
        f"drawdown {abs(seen.drawdown):.1%}, CUSUM {_said(seen.cusum, '.2f')}, e-value {_said(seen.e_value, '.2f')}",
    )


def _said(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)
