"""Alarms: a risk rule began to fire, or stopped."""

from dataclasses import dataclass
from datetime import datetime

from core.risk.verdict import Finding, Judgement, Verdict


@dataclass(frozen=True, slots=True)
class Alarm:
    """One change of a rule: one when it begins to fire, one when it stops, none while it lasts.

    Parameters
    ----------
    verdict : what the rule asks for; what the account may do now, when the rule has stopped
    """

    account: str
    rule: str
    at: datetime
    raised: bool
    verdict: Verdict
    text: str


def changes(before: frozenset[str], judgement: Judgement, account: str, now: datetime) -> tuple[Alarm, ...]:
    """Return what is to be told: the rules that began to fire, harshest first, then those that stopped, by name.

    Parameters
    ----------
    before
        Names of the rules that fired at the last tick, `RiskView.raised`.
    """
    begun = (_raised(finding, account, now) for finding in judgement.findings if finding.rule not in before)
    over = (_cleared(rule, judgement.verdict, account, now) for rule in sorted(before - judgement.raised))
    return (*begun, *over)


def _raised(finding: Finding, account: str, now: datetime) -> Alarm:
    return Alarm(account, finding.rule, now, True, finding.verdict, finding.reason)


def _cleared(rule: str, verdict: Verdict, account: str, now: datetime) -> Alarm:
    return Alarm(account, rule, now, False, verdict, f"{rule.replace('_', ' ')} is over")
