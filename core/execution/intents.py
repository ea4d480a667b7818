"""An intent: one decided order on its way, and the only steps it may take.

1. An intent is stored as NEW before the first byte leaves, and as SENT before it is sent.
2. Its link id is a function of (account, decision time, symbol, leg, attempt): the same decision, taken again after a crash,
   is the same order.
3. UNKNOWN ends only by finding the order, or by not finding it anywhere after the fence: the moment after which the venue
   itself would refuse a late request as too old.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from core.errors import LedgerError
from core.execution.orders import (
    Accepted,
    Failed,
    Lookup,
    NotFound,
    NotSent,
    OrderRequest,
    Rejected,
    Submission,
    Unknown,
)
from core.types import Side

Leg = Literal["exit", "entry"]

OURS = "tw-"
"""What every link of ours begins with."""

RECEIVE_WINDOW = timedelta(seconds=5)
"""How old a signed request may be when it reaches the venue."""

FENCE_MARGIN = timedelta(seconds=10)
"""How long an accepted order may stay invisible, on top of the receive window."""


class IntentState(StrEnum):
    """Where an intent stands; the last three are final."""

    NEW = "NEW"
    SENT = "SENT"
    ACKED = "ACKED"
    UNKNOWN = "UNKNOWN"
    REJECTED = "REJECTED"
    DONE = "DONE"
    DEAD = "DEAD"


OPEN_STATES = (IntentState.NEW, IntentState.SENT, IntentState.ACKED, IntentState.UNKNOWN)
IN_FLIGHT_STATES = (IntentState.SENT, IntentState.ACKED, IntentState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Intent:
    """A decided order.

    Parameters
    ----------
    epoch : number of the writer's lock; a zombie process is recognised by an old one
    quantity : base coin, positive
    slice : a leg that is large against the market's volume is sent in slices, counted from 1
    stop_loss : quote currency, kept by the venue for the position; None without one
    changed_at : venue time of the last change of state
    """

    link: str
    account: str
    epoch: int
    decision_time: datetime
    symbol: str
    leg: Leg
    attempt: int
    side: Side
    quantity: Decimal
    reduce_only: bool
    changed_at: datetime
    state: IntentState = IntentState.NEW
    order_id: str | None = None
    reason: str = ""
    sent_at: datetime | None = None
    slice: int = 1
    stop_loss: Decimal | None = None


def link_id(account: str, decision_time: datetime, symbol: str, leg: str, attempt: int) -> str:
    """Name an order: 35 characters of ``[a-z0-9-]``, the same for the same decision; `leg` names the slice too."""
    text = f"{account}|{decision_time.isoformat()}|{symbol}|{leg}|{attempt}"
    return f"{OURS}{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def leg_of(leg: Leg, slice_: int) -> str:
    """Name a slice of a leg; the first is the leg itself."""
    return leg if slice_ == 1 else f"{leg}.{slice_}"


def request_of(intent: Intent) -> OrderRequest:
    """Return what is sent for this intent."""
    return OrderRequest(
        intent.link, intent.symbol, intent.side, intent.quantity, intent.reduce_only, stop_loss=intent.stop_loss
    )


def sending(intent: Intent, *, epoch: int, now: datetime) -> Intent:
    """Mark the intent as about to leave; to be stored before it does."""
    _require(intent, IntentState.NEW)
    return replace(intent, state=IntentState.SENT, epoch=epoch, sent_at=now, changed_at=now)


def answered(intent: Intent, answer: Submission, *, now: datetime) -> Intent:
    """Take in what came back from the submission."""
    _require(intent, IntentState.SENT)
    match answer:
        case Accepted(order_id):
            return replace(intent, state=IntentState.ACKED, order_id=order_id, changed_at=now)
        case Rejected(code, reason):
            return replace(intent, state=IntentState.REJECTED, reason=f"{code}: {reason}", changed_at=now)
        case NotSent(reason):
            return replace(intent, state=IntentState.NEW, reason=reason, sent_at=None, changed_at=now)
        case Unknown(reason):
            return replace(intent, state=IntentState.UNKNOWN, reason=reason, changed_at=now)


def orphaned(intent: Intent, *, epoch: int, now: datetime) -> Intent:
    """Take over an intent whose sender is gone: it may have left until this moment, so its fence starts now."""
    if intent.state is IntentState.SENT and intent.epoch < epoch:
        return replace(intent, state=IntentState.UNKNOWN, reason=f"sender of epoch {intent.epoch} is gone", changed_at=now)
    return intent


def expired(intent: Intent, *, now: datetime, reason: str = "superseded before it was sent") -> Intent:
    """Give up an intent that never left; having no `sent_at`, it is not tried again."""
    _require(intent, IntentState.NEW)
    return replace(intent, state=IntentState.DEAD, reason=reason, changed_at=now)


def fence(intent: Intent) -> datetime:
    """Return the venue time after which an order that cannot be found does not exist and never will."""
    return intent.changed_at + RECEIVE_WINDOW + FENCE_MARGIN


def completed(intent: Intent, *, booked: Decimal, now: datetime) -> Intent:
    """End an in-flight order whose fills in our books add up to all of it: the executions prove it, nobody need be asked."""
    if intent.state not in IN_FLIGHT_STATES or booked != intent.quantity:
        return intent
    return replace(intent, state=IntentState.DONE, reason="filled", changed_at=now)


def resolved(intent: Intent, seen: Lookup, *, booked: Decimal, now: datetime) -> Intent:
    """Take in what the venue says of an in-flight order.

    Parameters
    ----------
    booked : base coin, the sum of this order's fills in our own books
        A finished order is DONE only when every one of its fills is booked.
    """
    _require(intent, *IN_FLIGHT_STATES)
    if isinstance(seen, Failed):
        return intent
    if isinstance(seen, NotFound):
        return intent if seen.as_of <= fence(intent) else _gone(intent, booked, now)
    order = seen.order
    if order.status == "open" or booked != order.filled:
        return replace(intent, state=IntentState.ACKED, order_id=order.order_id, changed_at=now)
    return replace(intent, state=IntentState.DONE, order_id=order.order_id, reason=order.status, changed_at=now)


def _gone(intent: Intent, booked: Decimal, now: datetime) -> Intent:
    """End an order that the venue no longer has: with a fill in our books it was there, and must never be sent again."""
    if booked:
        return replace(intent, state=IntentState.DONE, reason="forgotten by the venue, its fills are booked", changed_at=now)
    return replace(intent, state=IntentState.DEAD, reason="not at the venue after the fence", changed_at=now)


def again(intent: Intent, *, now: datetime) -> Intent:
    """Return the next attempt of an intent that is proven DEAD, under a link of its own."""
    _require(intent, IntentState.DEAD)
    attempt = intent.attempt + 1
    link = link_id(intent.account, intent.decision_time, intent.symbol, leg_of(intent.leg, intent.slice), attempt)
    return replace(
        intent, link=link, attempt=attempt, state=IntentState.NEW, order_id=None, reason="", sent_at=None, changed_at=now
    )


def _require(intent: Intent, *states: IntentState) -> None:
    if intent.state not in states:
        raise LedgerError(f"order {intent.link} is {intent.state}, expected {' or '.join(states)}: stop and look at it")
