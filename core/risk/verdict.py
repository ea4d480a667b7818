"""The risk verdict: what the account may do now, and why. The harshest rule wins, every reason is kept.

`RULES` is the whole policy; each rule is one small function of `losses`, `stakes` or `surroundings`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from core.risk import losses, stakes, surroundings
from core.risk.limits import RiskConfig
from core.risk.view import RiskView


class Verdict(IntEnum):
    """From mildest to harshest."""

    ALLOW = 0
    REDUCE_ONLY = 1
    """Exits only."""
    HALT = 2
    """No orders at all."""
    FLATTEN = 3
    """Close everything, also through a venue that answers badly.

    It outranks HALT, so an open circuit breaker does not keep it waiting. An exit goes out, reduce-only, for every position
    that could be read; one without an answer is asked for by later ticks, and sent again once its fence has shown that it never
    arrived; being reduce-only, twice is harmless. Nothing is entered. When the positions cannot be read, or the venue bans us,
    nothing can be sent: the tick ends with an alarm and the next one tries again.
    """


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fires; ALLOW only tells."""

    rule: str
    verdict: Verdict
    reason: str


class Rule(NamedTuple):
    """What is checked, and what follows when the check has something to say."""

    verdict: Verdict
    check: Callable[[RiskView, RiskConfig], str]

    @property
    def name(self) -> str:
        """Under which it is told, stored and remembered."""
        return self.check.__name__


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and every finding, harshest first."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence per finding, harshest first."""
        return tuple(finding.reason for finding in self.findings)

    @property
    def raised(self) -> frozenset[str]:
        """Names of the rules that fire: what the next view remembers."""
        return frozenset(finding.rule for finding in self.findings)


RULES = (
    Rule(Verdict.FLATTEN, surroundings.emergency_stop),
    Rule(Verdict.FLATTEN, losses.drawdown_flatten),
    Rule(Verdict.HALT, losses.unknown_equity),
    Rule(Verdict.HALT, surroundings.book_differs),
    Rule(Verdict.HALT, surroundings.lost_orders),
    Rule(Verdict.HALT, surroundings.breaker_open),
    Rule(Verdict.REDUCE_ONLY, surroundings.breaker_half_open),
    Rule(Verdict.REDUCE_ONLY, surroundings.stop_unreadable),
    Rule(Verdict.REDUCE_ONLY, surroundings.stale_data),
    Rule(Verdict.REDUCE_ONLY, surroundings.missing_bars),
    Rule(Verdict.REDUCE_ONLY, surroundings.clock_behind),
    Rule(Verdict.REDUCE_ONLY, surroundings.clock_skew),
    Rule(Verdict.REDUCE_ONLY, losses.daily_loss),
    Rule(Verdict.REDUCE_ONLY, losses.drawdown_reduce),
    Rule(Verdict.REDUCE_ONLY, losses.unexplained_money),
    Rule(Verdict.REDUCE_ONLY, losses.tracking),
    Rule(Verdict.REDUCE_ONLY, stakes.gross_exposure),
    Rule(Verdict.REDUCE_ONLY, stakes.net_exposure),
    Rule(Verdict.REDUCE_ONLY, stakes.symbol_exposure),
    Rule(Verdict.REDUCE_ONLY, stakes.asset_exposure),
    Rule(Verdict.REDUCE_ONLY, stakes.liquidity),
    Rule(Verdict.REDUCE_ONLY, stakes.unpriced),
    Rule(Verdict.REDUCE_ONLY, stakes.margin_use),
    Rule(Verdict.REDUCE_ONLY, stakes.liquidated),
    Rule(Verdict.ALLOW, surroundings.foreign_orders),
    Rule(Verdict.ALLOW, surroundings.quiet),
)


def judge(view: RiskView, limits: RiskConfig) -> Judgement:
    """Apply every rule; the harshest finding is the verdict."""
    said = ((rule, rule.check(view, limits)) for rule in RULES)
    findings = [Finding(rule.name, rule.verdict, reason) for rule, reason in said if reason]
    findings.sort(key=lambda finding: -finding.verdict)
    return Judgement(max((finding.verdict for finding in findings), default=Verdict.ALLOW), tuple(findings))
