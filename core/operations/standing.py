"""Standing: how an installation is doing at one moment, and everything about it that somebody must look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

HEARTBEAT_STALE = timedelta(seconds=150)
"""Two ticks and a half: one that is late or skipped is no reason to worry."""

BOOKS_STALE = timedelta(minutes=5)
"""Ticks that begin and do not end: they run out of time, or are killed."""

BAD_ENDS = frozenset({"Failed", "Crashed", "TimedOut"})
TRADE = "trade"


@dataclass(frozen=True, slots=True)
class FlowStanding:
    """A deployment: when it runs next, and how it ended last.

    Parameters
    ----------
    due : whether it has a schedule that is active
    paused : whether it has one that somebody paused
    next_run : None when it is not due, or when Prefect has not planned it
    last_state : name of the state its newest ended run is in; "" before the first
    last_message : what that state says
    """

    name: str
    description: str
    due: bool
    paused: bool
    next_run: datetime | None = None
    last_state: str = ""
    last_at: datetime | None = None
    last_message: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process of `tradewind up`, and since when it runs."""

    pid: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Money:
    """What the account was worth at its last tick, and what the risk rules said.

    Parameters
    ----------
    equity : quote currency
    """

    account: str
    at: datetime
    equity: Decimal
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an installation is doing.

    Parameters
    ----------
    up : None when no `tradewind up` runs for this home
    ui : address of the Prefect server's pages; "" when no server answers
    heartbeat : when the last tick began; None before the first
    release, stage : what is live; "" before the first
    money : None before the first tick
    stop : who has set the emergency stop, and why; "" when nobody has
    waiting : notices that are not delivered to everyone yet
    gone : webhooks that do not take our messages any more, masked
    unread : what of all this could not be read, and why
    """

    at: datetime
    home: str
    up: Holder | None = None
    ui: str = ""
    flows: tuple[FlowStanding, ...] = ()
    heartbeat: datetime | None = None
    release: str = ""
    stage: str = ""
    money: Money | None = None
    stop: str = ""
    waiting: int = 0
    gone: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def heartbeat_age(self) -> timedelta | None:
        """How long ago the last tick began."""
        return None if self.heartbeat is None else self.at - self.heartbeat


def complaints(standing: Standing) -> tuple[str, ...]:
    """Say what is not as it should be, one line each, the worst first; empty when all is well."""
    return tuple(line for check in CHECKS for line in check(standing))


def changes(before: Standing, after: Standing) -> tuple[str, ...]:
    """Say what has changed between two looks, one line each."""
    known = {flow.name: flow.last_state for flow in before.flows}
    ended = (_ended(flow) for flow in after.flows if flow.last_state and known.get(flow.name, "") != flow.last_state)
    said = {_subject(line) for line in complaints(before)}
    appeared = (line for line in complaints(after) if _subject(line) not in said)
    once: dict[str, str] = {}
    for line in (*ended, *_moved(before, after), *appeared):
        once.setdefault(_subject(line), line)
    return tuple(once.values())


def _not_running(standing: Standing) -> Iterator[str]:
    if standing.up is None and not standing.ui:
        yield "not running: start it with `tradewind up`"
    elif not standing.ui:
        yield "Prefect server: no answer; `tradewind up` starts it again, see logs/server.log"


def _stopped(standing: Standing) -> Iterator[str]:
    if standing.stop:
        yield f"emergency stop: set by {standing.stop}; `tradewind resume` takes it back"


def _verdict(standing: Standing) -> Iterator[str]:
    if standing.money is not None and standing.money.verdict in {"HALT", "FLATTEN"}:
        yield f"verdict: {standing.money.verdict}: {standing.money.reason}"


def _heartbeat(standing: Standing) -> Iterator[str]:
    age = standing.heartbeat_age
    if age is not None and age > HEARTBEAT_STALE and _trades(standing):
        yield f"heartbeat: the last tick began {_spoken(age)} ago; see logs/worker-live.log and the runs of trade"


def _books(standing: Standing) -> Iterator[str]:
    money = standing.money
    if money is not None and standing.at - money.at > BOOKS_STALE and _trades(standing):
        yield f"account: the last tick that ended well was {_spoken(standing.at - money.at)} ago; see the runs of trade"


def _ends(standing: Standing) -> Iterator[str]:
    for flow in standing.flows:
        if flow.last_state in BAD_ENDS:
            yield _ended(flow)


def _hooks(standing: Standing) -> Iterator[str]:
    for hook in standing.gone:
        yield f"webhook {hook}: it is gone; put a new one into TRADEWIND_DISCORD_WEBHOOK"


def _unread(standing: Standing) -> Iterator[str]:
    yield from standing.unread


CHECKS = (_not_running, _stopped, _verdict, _heartbeat, _books, _ends, _hooks, _unread)
"""The worst first."""


def _trades(standing: Standing) -> bool:
    return any(flow.name == TRADE and flow.due for flow in standing.flows)


def _ended(flow: FlowStanding) -> str:
    said = f": {' '.join(flow.last_message.split())[:160]}" if flow.last_state in BAD_ENDS and flow.last_message else ""
    return f"{flow.name}: {flow.last_state}{said}"


def _moved(before: Standing, after: Standing) -> Iterator[str]:
    if (before.release, before.stage) != (after.release, after.stage):
        yield f"live: release {after.release[:12]} at stage {after.stage}"
    old, new = before.money, after.money
    if new and (old is None or old.verdict != new.verdict):
        yield f"verdict: {new.verdict}" + (f": {new.reason}" if new.reason else "")


def _subject(line: str) -> str:
    return line.split(":", maxsplit=1)[0]


def _spoken(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
