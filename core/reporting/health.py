"""How the machinery did in the last day: what ran, what failed, what is waiting."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Ticks of a stretch of time.

    Parameters
    ----------
    expected : minutes in it; None where nobody ticks every minute, on recorded bars
    gap_minutes, gap_from : the longest time without a tick, and when it began; None on recorded bars
    """

    done: int
    expected: int | None
    gap_minutes: float | None
    gap_from: datetime | None

    @property
    def missed(self) -> int:
        """Minutes without a tick."""
        return max((self.expected or self.done) - self.done, 0)


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """A risk rule that began to fire, or stopped."""

    at: datetime
    rule: str
    raised: bool
    text: str


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """Notices that a destination has not been told; `trouble` is why its last attempt failed, "" when it did not."""

    destination: str
    waiting: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Health:
    """The last day of the machinery.

    Parameters
    ----------
    requests, failed_requests : to the venue
    failed_orders : rejected, dead or unknown
    bars_from : when the newest bar closed
    missing : symbols without that bar
    notices : who still waits for notices; empty where nobody is told any
    disk : names and bytes of the databases
    """

    ticks: Ticks
    requests: int
    failed_requests: int
    failed_orders: int
    alarms: tuple[AlarmLine, ...]
    bars_from: datetime
    missing: tuple[str, ...]
    notices: tuple[WaitingLine, ...]
    disk: tuple[tuple[str, int], ...]


def count_ticks(moments: Iterable[datetime], since: datetime, until: datetime, *, every_minute: bool) -> Ticks:
    """Count the ticks of a stretch; several in a minute are one, and the minute that has only just begun is not expected yet.

    Parameters
    ----------
    since : no earlier than the account's first tick
    """
    inside = sorted(moment for moment in moments if since <= moment <= until)
    if not every_minute:
        return Ticks(len(inside), None, None, None)
    marks = (since, *inside, until)
    gap, began = max((after - before, before) for before, after in pairwise(marks))
    done = {_minute(moment) for moment in inside} - {_minute(until)}
    return Ticks(len(done), (_minute(until) - _minute(since)) // MINUTE, gap / MINUTE, began)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
