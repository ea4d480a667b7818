"""The circuit breaker: when requests keep failing, stop making orders, probe, and go on by itself.

It is a fold over the tallies of past ticks, so it needs no memory of its own: the same tallies give the same state.

1. Only a tick with a failure opens it, and only one without any closes it; a tick that asked nothing says nothing.
2. It stays open for one pause after the last failure, or as long as the venue bans us, an hour at most; then a tick reads
   and makes no entry, which is the probe.
3. Whatever came before, one pause and one tick without a failure later it is closed, and what failed before is forgotten.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Literal

from core.risk.limits import RiskConfig

LONGEST_BAN = timedelta(hours=1)
"""A ban said to last longer is asked about again after this: venues ban for minutes, and a garbled date for centuries."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How the requests of one tick went.

    Parameters
    ----------
    at : the venue's or, if it did not answer, our own time when the tick ended
    total, failed : requests made, and those without a usable answer; a refusal by the venue's rules is an answer
    down_since : when the last unbroken run of failures began; None when the last request was answered
    banned_until : before this moment no request may be made at all; None when not banned
    """

    at: datetime
    total: int = 0
    failed: int = 0
    down_since: datetime | None = None
    banned_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """Whether orders may leave.

    Parameters
    ----------
    state : open is no orders; half-open is no entries, while this tick's reads are the probe
    until : when the pause ends, or ended; None while closed
    may_ask : False while the venue bans us: then not even reads
    """

    state: Literal["closed", "open", "half-open"] = "closed"
    reason: str = ""
    until: datetime | None = None
    may_ask: bool = True


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the tallies so far amount to; `recent` are those since it last closed."""

    recent: tuple[Tally, ...] = ()
    down_since: datetime | None = None
    reason: str = ""
    until: datetime | None = None
    banned_until: datetime | None = None


def breaker(tallies: Iterable[Tally], now: datetime, limits: RiskConfig) -> Breaker:
    """Return the breaker's state before a tick.

    Parameters
    ----------
    tallies
        Of past ticks, oldest first; the last two hours are enough. One from the future was dated by a wrong clock, and is
        not counted.
    """
    past = (tally for tally in tallies if tally.at <= now)
    seen = reduce(lambda before, tally: _after(before, tally, limits), past, _Seen())
    if seen.until is None:
        return Breaker()
    may_ask = seen.banned_until is None or now >= seen.banned_until
    return Breaker("open" if now < seen.until else "half-open", seen.reason, seen.until, may_ask)


def _after(seen: _Seen, tally: Tally, limits: RiskConfig) -> _Seen:
    recent = _within(seen.recent, tally, limits)
    if tally.failed or tally.banned_until:
        return _after_failure(replace(seen, recent=recent), tally, limits)
    if not tally.total:
        return seen
    if seen.until is None:
        return _Seen(recent)
    return _Seen() if tally.at >= seen.until else replace(seen, recent=recent, down_since=None)


def _after_failure(seen: _Seen, tally: Tally, limits: RiskConfig) -> _Seen:
    down_since = _down_since(seen, tally)
    banned_until = min(tally.banned_until, tally.at + LONGEST_BAN) if tally.banned_until else None
    why = _complaint(seen.recent, down_since, limits)
    if banned_until and banned_until > tally.at:
        why = f"banned by the venue until {banned_until:%H:%M:%S} UTC"
    if not why and seen.until is None:
        return replace(seen, down_since=down_since)
    pause = tally.at + timedelta(seconds=limits.breaker_pause_seconds)
    ends = [moment for moment in (seen.banned_until, banned_until) if moment]
    return _Seen(seen.recent, down_since, why or seen.reason, max((pause, *ends)), max(ends, default=None))


def _within(recent: tuple[Tally, ...], newest: Tally, limits: RiskConfig) -> tuple[Tally, ...]:
    oldest = newest.at - timedelta(minutes=limits.breaker_minutes)
    return (*(tally for tally in recent if tally.at > oldest), newest)


def _down_since(seen: _Seen, tally: Tally) -> datetime | None:
    """Return when the present run of failures began: in an earlier tick, if nothing has been answered since."""
    nothing_answered = tally.failed >= tally.total
    return seen.down_since if nothing_answered and seen.down_since else tally.down_since


def _complaint(recent: tuple[Tally, ...], down_since: datetime | None, limits: RiskConfig) -> str:
    """Return why the breaker opens after the newest tally; empty when it need not."""
    down = recent[-1].at - down_since if down_since else timedelta(0)
    if down >= timedelta(seconds=limits.breaker_down_seconds):
        return f"no answer for {down.total_seconds():.0f} s"
    failed, total = sum(tally.failed for tally in recent), sum(tally.total for tally in recent)
    if total < limits.breaker_calls or failed / total <= limits.breaker_failures:
        return ""
    return f"{failed} of {total} requests failed within {limits.breaker_minutes} min"
