"""Turns: which stored order leaves now, which one waits for another or for the verdict, and which one is given up."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.execution.intents import OPEN_STATES, Intent, IntentState, again
from core.risk.verdict import Verdict

ENTRY_WAITS = timedelta(hours=1)
"""How long a planned entry waits for the verdict to allow it."""

SLICE_PAUSE = timedelta(seconds=30)
"""Between two slices of a leg: the market gets time to come back, and a tick run twice sends none twice as fast."""


def reason_to_give_up(intent: Intent, due: datetime, verdict: Verdict, now: datetime) -> str:
    """Say why a NEW intent is never sent; "" when it still may be."""
    if intent.decision_time != due:
        return "superseded before it was sent"
    if intent.reduce_only or verdict is Verdict.ALLOW:
        return ""
    too_late = verdict is Verdict.FLATTEN or now - intent.changed_at >= ENTRY_WAITS
    return f"no entry while {verdict.name}" if too_late else ""


def may_leave(intent: Intent, among: Iterable[Intent], verdict: Verdict, now: datetime) -> bool:
    """Whether a NEW intent need not wait: for the verdict, an earlier slice, or an exit of its symbol that may still arrive.

    An entry sent while it is not known whether the exit before it arrived would be eaten by what is still held.

    Parameters
    ----------
    among : all intents that are not final, and those of its decision
    """
    others = [other for other in among if other.symbol == intent.symbol]
    if intent.state is not IntentState.NEW:
        return False
    if verdict is not Verdict.FLATTEN and any(_is_before(other, intent, now) for other in others):
        return False
    if intent.reduce_only:
        return True
    return verdict is Verdict.ALLOW and not any(_is_unsure_exit(other) for other in others)


def tried_again(ordered: Iterable[Intent], now: datetime) -> tuple[Intent, ...]:
    """Return a new attempt of every leg and slice of a decision whose newest attempt left and died."""
    newest: dict[tuple[str, str, int], Intent] = {}
    for intent in sorted(ordered, key=lambda i: i.attempt):
        newest[intent.symbol, intent.leg, intent.slice] = intent
    return tuple(again(i, now=now) for i in newest.values() if i.state is IntentState.DEAD and i.sent_at)


def _is_before(other: Intent, intent: Intent, now: datetime) -> bool:
    """Whether another order is an earlier slice of the same leg that has not ended, or has left only just now."""
    if (other.decision_time, other.leg) != (intent.decision_time, intent.leg) or other.slice >= intent.slice:
        return False
    return other.state in OPEN_STATES or (other.sent_at is not None and now - other.sent_at < SLICE_PAUSE)


def _is_unsure_exit(other: Intent) -> bool:
    return other.leg == "exit" and other.state in OPEN_STATES and other.state is not IntentState.ACKED
