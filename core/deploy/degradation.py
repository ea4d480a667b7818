"""Judge whether live is still what was deployed: what was lived against what the release predicted.

1. A value at a limit counts as a breach; the harshest finding wins, all are kept.
2. What is not known breaches nothing and proves nothing: `unjudged` in core/reporting/watched.py says what it was.
3. Only what the market did to the *release* rolls it back; what went wrong in trading it takes capital away instead.

Why these and not profit: at a claimed Sharpe of 2, profit alone needs a year to notice half of the edges that are gone
(statistics note, section 8). Tracking a shadow run on the same bars and slippage are nearly free of noise within days.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from core.config import Bps, Config, Fraction
from core.deploy.cusum import boundary
from core.deploy.lived import Lived

Severity = Literal["warn", "demote", "rollback"]
"""From mildest to harshest: tell somebody, take capital away, put back what was live before."""

Action = Literal["none", "warn", "demote", "rollback"]

Factor = Annotated[float, Field(ge=1.0, le=100.0)]
"""A multiple of what was predicted."""


class Budget(NamedTuple):
    """Where something is told, and where capital is taken away."""

    warn: float
    demote: float


class DegradationLimits(Config):
    """What a live release may differ from its prediction; a value at a limit is a breach."""

    min_days: int = Field(default=5, ge=1)
    """Whole days at a stage before anything is judged."""
    tracking_warn_bps: Bps = 10.0
    """Root mean square difference of a day from the shadow run, of the stage's capital; on recorded bars about 1."""
    tracking_demote_bps: Bps = 30.0
    """From where capital is taken away."""
    drift_warn_bps: Bps = 4.0
    """Mean shortfall of a day against the shadow run, of the stage's capital."""
    drift_demote_bps: Bps = 12.0
    """From where capital is taken away."""
    min_fills: int = Field(default=20, ge=1)
    """Fills before slippage is judged."""
    slippage_warn_bps: Bps = 2.0
    """Paid beyond the model's half spread and impact, of the value traded."""
    slippage_demote_bps: Bps = 6.0
    """From where capital is taken away."""
    fee_warn_bps: Bps = 0.5
    """Paid beyond the model's fee, of the value traded."""
    fee_demote_bps: Bps = 3.0
    """From where capital is taken away."""
    min_tail_days: int = Field(default=20, ge=20)
    """Whole days before expected shortfall is judged: fewer hold no twentieth."""
    shortfall_warn: Factor = 1.5
    """Expected shortfall of a day, as a multiple of the predicted."""
    shortfall_demote: Factor = 2.5
    """From where capital is taken away."""
    exposure_warn: Factor = 1.1
    """Largest exposure as a multiple of its cap: targets are capped, positions may drift a little above."""
    exposure_demote: Factor = 1.3
    """From where capital is taken away."""
    missed_warn: Fraction = 0.05
    """Share of the decisions that were due and not taken, and of the midnights nobody looked at the account."""
    missed_demote: Fraction = 0.25
    """From where capital is taken away."""

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        for name in type(self).model_fields:
            warn, demote = getattr(self, name), getattr(self, name.replace("_warn", "_demote"))
            if demote < warn:
                raise ValueError(f"{name} = {warn:g} is above {name.replace('_warn', '_demote')} = {demote:g}: warn first")
        return self

    def budget(self, name: str, unit: str = "") -> Budget:
        """Return the two limits of one kind."""
        return Budget(getattr(self, f"{name}_warn{unit}"), getattr(self, f"{name}_demote{unit}"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which live is not what was predicted, in plain English with its numbers."""

    severity: Severity
    says: str


Check = Callable[[Lived, DegradationLimits], Finding | None]


def tracking(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Hold the account's days against the shadow run's."""
    if seen.tracking_bps is None:
        return None
    says = f"the account strays {seen.tracking_bps:.1f} bps a day from a shadow run of the release"
    return _graded(seen.tracking_bps, limits.budget("tracking", "_bps"), says)


def drift(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Hold the account's mean day against the shadow run's; more than it is no fault."""
    if seen.drift_bps is None:
        return None
    says = f"the account earns {-seen.drift_bps:.1f} bps a day less than a shadow run of the release"
    return _graded(-seen.drift_bps, limits.budget("drift", "_bps"), says)


def slippage(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Hold the fills' prices against the model's half spread and impact."""
    if seen.slippage_bps is None or seen.priced < limits.min_fills:
        return None
    says = f"{seen.priced} fills cost {seen.slippage_bps:.1f} bps more than the model's spread and impact"
    return _graded(seen.slippage_bps, limits.budget("slippage", "_bps"), says)


def fees(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Hold the fees paid against the model's."""
    if seen.fee_bps is None or seen.fills < limits.min_fills:
        return None
    return _graded(seen.fee_bps, limits.budget("fee", "_bps"), f"fees are {seen.fee_bps:.2f} bps above the model's")


def missed(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Notice decisions that were due and not taken."""
    share = (seen.due - seen.taken) / max(seen.due, 1)
    says = f"{seen.due - seen.taken} of {seen.due} decisions were not taken: {share:.0%}"
    return _graded(share, limits.budget("missed"), says, "{:.0%}")


def unseen(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Notice midnights at which nobody looked at the account."""
    share = seen.unseen / (seen.days + 1)
    says = f"nobody looked at the account at {seen.unseen} of {seen.days + 1} midnights: {share:.0%}"
    return _graded(share, limits.budget("missed"), says, "{:.0%}")


def late(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Notice fills that came so late that the model has no price for them."""
    if seen.fills < limits.min_fills:
        return None
    share = 1.0 - seen.priced / seen.fills
    says = f"{seen.fills - seen.priced} of {seen.fills} fills came too late to be compared with the model: {share:.0%}"
    return _graded(share, limits.budget("missed"), says, "{:.0%}")


def shortfall(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Hold the worst days against the predicted worst days."""
    if seen.shortfall is None or not seen.predicted_shortfall or seen.days < limits.min_tail_days:
        return None
    factor = seen.shortfall / seen.predicted_shortfall
    says = (
        f"the worst twentieth of the days lost {seen.shortfall:.2%} on average, predicted were "
        f"{seen.predicted_shortfall:.2%}: {factor:.2f} times as much"
    )
    return _graded(factor, limits.budget("shortfall"), says)


def gross_exposure(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Hold the largest gross exposure against its cap."""
    factor = seen.gross / seen.gross_cap
    says = f"gross exposure reached {seen.gross:.0%} of equity: {factor:.2f} times its cap of {seen.gross_cap:.0%}"
    return _graded(factor, limits.budget("exposure"), says)


def symbol_exposure(seen: Lived, limits: DegradationLimits) -> Finding | None:
    """Hold the largest position against its cap."""
    factor = seen.symbol / seen.symbol_cap
    says = f"one symbol is {seen.symbol:.0%} of equity: {factor:.2f} times its cap of {seen.symbol_cap:.0%}"
    return _graded(factor, limits.budget("exposure"), says)


def fall(seen: Lived, _limits: DegradationLimits) -> Finding | None:
    """Hold the drawdown against the worst hundredth and twentieth of the release's resampled years."""
    depths: tuple[tuple[Severity, int, float | None], ...] = (
        ("rollback", 100, seen.drawdown_1_in_100),
        ("warn", 20, seen.drawdown_1_in_20),
    )
    for severity, years, depth in depths:
        if depth is not None and seen.drawdown <= depth:
            says = f"down {-seen.drawdown:.1%} from the peak; one year in {years} was predicted to lose {-depth:.1%}"
            return Finding(severity, says)
    return None


def liquidation(seen: Lived, _limits: DegradationLimits) -> Finding | None:
    """Roll back what the venue had to liquidate."""
    plural = "s" * (seen.liquidations > 1)
    return Finding("rollback", f"the venue liquidated {seen.liquidations} position{plural}") if seen.liquidations else None


def earnings(seen: Lived, _limits: DegradationLimits) -> Finding | None:
    """Take capital away from what does not earn its claim: slow, and never proof that it does."""
    if seen.cusum is None or seen.claim is None or seen.cusum < boundary(seen.claim):
        return None
    says = f"{seen.days} days of profit speak against a Sharpe of {seen.claim:.2g}: CUSUM {seen.cusum:.2f}"
    return Finding("demote", f"{says}, limit {boundary(seen.claim):.2f}")


CHECKS: tuple[Check, ...] = (
    *(liquidation, fall, tracking, drift, slippage, fees, missed, unseen, late),
    *(shortfall, gross_exposure, symbol_exposure, earnings),
)
_HARSHNESS: tuple[Severity, ...] = ("rollback", "demote", "warn")


def judge_degradation(seen: Lived, limits: DegradationLimits) -> tuple[Finding, ...]:
    """Return every finding, harshest first; none while there are too few days."""
    if seen.days < limits.min_days:
        return ()
    found = [finding for check in CHECKS if (finding := check(seen, limits)) is not None]
    return tuple(sorted(found, key=lambda finding: _HARSHNESS.index(finding.severity)))


def action_on(findings: tuple[Finding, ...], *, may_sink: bool, may_return: bool) -> Action:
    """Return what to do: the harshest finding's, or the next milder thing that can be done.

    Parameters
    ----------
    may_sink : whether there is a stage below
    may_return : whether another release was live before
    """
    wanted = findings[0].severity if findings else "none"
    if wanted == "rollback" and not may_return:
        wanted = "demote"
    return "warn" if wanted == "demote" and not may_sink else wanted


def _graded(value: float, budget: Budget, says: str, form: str = "{:g}") -> Finding | None:
    """Judge a value of which more is worse."""
    if value >= budget.demote:
        return Finding("demote", f"{says}, limit {form.format(budget.demote)}")
    if value >= budget.warn:
        return Finding("warn", f"{says}, told from {form.format(budget.warn)}")
    return None
