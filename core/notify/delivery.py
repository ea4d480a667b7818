"""Delivery: what an attempt to send came to, and what follows from it. A fold: ``ruled(line, answer)`` -> the next line.

1. Nothing is tried again sooner than the receiver said, or than the back-off allows.
2. What was refused as malformed is never sent again as it was: once as plain text, then it is given up, and that is said.
3. A hook that is gone is not used any more.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

import numpy as np

from core.notify.notice import Notice, Severity
from core.notify.wording import mark

PACE = 2.0
"""Seconds between two messages to one hook."""
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds of back-off: after the first failure, and at most, so that a critical notice is never held back longer."""
LONGEST_LIMIT = 3600.0
"""Seconds that a rate limit is believed; a longer one is asked about again after this."""
ABOUT_DELIVERY = frozenset({"hook.gone", "notice.given_up"})
"""Events about delivery itself: that one of these was given up is not told, or it would never end."""


@dataclass(frozen=True, slots=True)
class Line:
    """How a destination stands.

    Parameters
    ----------
    failures : attempts in a row that came to nothing
    next_try : not before this; None at once
    trouble : what the last failure was, "" when the last attempt went well
    gone : why it is not used any more, "" while it is
    is_plain : whether the next message goes as plain text, because the receiver refused it as it was
    """

    failures: int = 0
    next_try: datetime | None = None
    trouble: str = ""
    gone: str = ""
    is_plain: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """It is there; `wait` is what the receiver asks for before the next one, in seconds."""

    message: str
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Too many: again after so many seconds; `is_global` when the limit is of this machine and not of one hook."""

    retry_after: float
    is_global: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """It may or may not be there: a server error, no answer, no connection."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver calls the message malformed."""

    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The receiver does not know this hook any more."""

    why: str


Answer = Sent | RateLimited | Failed | Refused | Gone


class Fate(Enum):
    """What becomes of the notices in a message."""

    TOLD = "told"
    WAITS = "waits"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What follows from an answer: the line from now on, and what becomes of the notices."""

    line: Line
    fate: Fate


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of one notice at one destination: the message that tells it, or why it was given up."""

    destination: str
    notice: str
    at: datetime
    message: str = ""
    given_up: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a destination is.

    Parameters
    ----------
    oldest : when the oldest of the waiting notices happened; None when none waits
    """

    destination: str
    waiting: int
    oldest: datetime | None
    sent: int
    given_up: int
    line: Line


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of the trial at one webhook.

    Parameters
    ----------
    message : Discord's id of the message that tells it, "" when it has not arrived
    trouble : why it has not
    """

    webhook: str
    sources: tuple[str, ...]
    message: str
    trouble: str


def ruled(line: Line, answer: Answer, *, now: datetime, rng: np.random.Generator) -> Ruling:
    """Return what follows from the answer to a message."""
    match answer:
        case Sent(wait=wait):
            return Ruling(Line(next_try=_in(now, min(max(PACE, wait), LONGEST_LIMIT))), Fate.TOLD)
        case RateLimited(retry_after=seconds):
            wait = min(max(seconds, PACE), LONGEST_LIMIT)
            return Ruling(_failed(line, f"rate limit, {seconds:g} s", _in(now, wait)), Fate.WAITS)
        case Failed(why=why):
            return Ruling(_failed(line, why, _in(now, backoff(line.failures, rng))), Fate.WAITS)
        case Refused(why=why) if line.is_plain:
            return Ruling(Line(next_try=_in(now, PACE), trouble=why), Fate.GIVEN_UP)
        case Refused(why=why):
            return Ruling(replace(_failed(line, why, _in(now, PACE)), is_plain=True), Fate.WAITS)
        case Gone(why=why):
            return Ruling(Line(trouble=why, gone=why), Fate.WAITS)


def backoff(failures: int, rng: np.random.Generator) -> float:
    """Return the seconds to wait after one more failure: doubled each time, capped, and up to halved by chance."""
    longest = min(FIRST_WAIT * 2.0 ** min(failures, 16), LONGEST_WAIT)
    return float(longest * rng.uniform(0.5, 1.0))


def is_due(line: Line, now: datetime) -> bool:
    """Whether a message may be sent now."""
    return not line.gone and (line.next_try is None or now >= line.next_try)


def hook_gone(masked: str, destination: str, why: str, now: datetime) -> Notice:
    """Return the notice, for the other hooks and the status, that a hook is not used any more."""
    return Notice(
        id=f"hook.gone.{destination}.{now:%Y%m%dT%H%M%S}",
        event="hook.gone",
        at=now,
        severity=Severity.WARNING,
        resource=f"hook.{destination}",
        title=f"Discord does not know {masked} any more",
        text=f"{why}. Nothing is sent there until `tradewind notify` succeeds. Put the new address into the settings.",
    )


def given_up(masked: str, destination: str, notices: tuple[Notice, ...], why: str, now: datetime) -> tuple[Notice, ...]:
    """Return the notice that these could not be delivered, unless they were such notices themselves."""
    lost = tuple(notice for notice in notices if notice.event not in ABOUT_DELIVERY)
    if not lost:
        return ()
    said = Notice(
        id=f"notice.given_up.{destination}.{mark(lost[0].id)}",
        event="notice.given_up",
        at=now,
        severity=Severity.WARNING,
        resource=f"hook.{destination}",
        title=f"{len(lost)} notices could not be delivered to {masked}",
        text=f"{why}. They stay in the outbox: " + ", ".join(notice.id for notice in lost[:20]),
    )
    return (said,)


def _failed(line: Line, why: str, next_try: datetime) -> Line:
    return replace(line, failures=line.failures + 1, next_try=next_try, trouble=why)


def _in(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
