"""Supervising: what dies is started again, ever later; what keeps dying ends everything. Each death is told once.

1. A child is started again after 1, 2, 4 ... 30 seconds; the sixth death within ten minutes raises `ChildEnded`.
2. What a dead child has started is ended: a flow run whose worker is gone can neither report nor be cancelled. Trading is made
   for being cut off anywhere.
3. Children are started by whoever calls `tend`, which has to be the main thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.notify.notice import Notice, Severity
from core.operations.restarts import MOST, pause_before_restart, recent_deaths
from tasks import clock
from tasks.children import Child, ChildEnded, stop_children

Tell = Callable[[Notice], None]


@dataclass(frozen=True, slots=True)
class Ward:
    """A child that is kept alive.

    Parameters
    ----------
    start : starts it, again
    ready : whether what it needs is there; until then it is not started again
    tidy : puts in order what its death left undone, before it is started again
    severity : of the notice of its death
    deaths : when it died, those that count
    due : when it is started again; None while it runs
    """

    child: Child
    start: Callable[[], Child]
    severity: Severity
    ready: Callable[[], bool]
    tidy: Callable[[], None]
    deaths: tuple[datetime, ...] = ()
    due: datetime | None = None


class Supervisor:
    """The children of one `tradewind up`, in the order they were started.

    Parameters
    ----------
    tell : takes the notices of deaths and restarts
    now : says what time it is
    """

    def __init__(self, tell: Tell, now: Callable[[], datetime] = clock.now) -> None:
        self._tell, self._now = tell, now
        self._wards: list[Ward] = []

    def keep(
        self,
        start: Callable[[], Child],
        severity: Severity,
        *,
        ready: Callable[[], bool] = lambda: True,
        tidy: Callable[[], None] = lambda: None,
    ) -> Child:
        """Start a child, and keep it alive from now on."""
        ward = Ward(start(), start, severity, ready, tidy)
        self._wards.append(ward)
        return ward.child

    def tend(self) -> None:
        """Look at every child once; start again what is due.

        Raises
        ------
        ChildEnded
            When one has died too often.
        """
        self._wards = [self._tended(ward, self._now()) for ward in self._wards]

    def stop(self, children: Sequence[str], *, patience: float) -> None:
        """End the children of these names, and keep them no longer."""
        ending = [ward for ward in self._wards if ward.child.name in children]
        self._wards = [ward for ward in self._wards if ward.child.name not in children]
        stop_children([ward.child for ward in ending], patience=patience)

    def _tended(self, ward: Ward, now: datetime) -> Ward:
        if ward.due is not None:
            return self._again(ward, now) if now >= ward.due and ward.ready() else ward
        return self._mourned(ward, how, now) if (how := ward.child.ending()) else ward

    def _mourned(self, ward: Ward, how: str, now: datetime) -> Ward:
        stop_children([ward.child], patience=0)
        deaths = (*recent_deaths(ward.deaths, now), now)
        pause = pause_before_restart(deaths, now)
        self._tell(_died(ward, how, deaths, final=pause is None))
        if pause is None:
            raise ChildEnded(f"{ward.child.name} died {MOST} times within ten minutes, last by {how}: see {ward.child.log}")
        return replace(ward, deaths=deaths, due=now + pause)

    def _again(self, ward: Ward, now: datetime) -> Ward:
        ward.tidy()
        started = replace(ward, child=ward.start(), due=None)
        self._tell(_restarted(started, now))
        return started


def _died(ward: Ward, how: str, deaths: tuple[datetime, ...], *, final: bool) -> Notice:
    child = ward.child
    then = "it died too often: everything stops" if final else "it is started again"
    return Notice(
        id=f"process.died.{child.process.pid}.{deaths[-1].isoformat()}",
        event="process.gave-up" if final else "process.died",
        at=deaths[-1],
        severity=Severity.CRITICAL if final else ward.severity,
        resource=_resource(child),
        title=f"{child.name} died ({how}): {then}",
        text=f"Its last words: `{child.log}`, or `{child.log}.1` once it runs again.",
        fields=(("process", child.name), ("ended by", how), ("deaths in ten minutes", str(len(deaths)))),
        group="" if final else "process",
    )


def _restarted(ward: Ward, now: datetime) -> Notice:
    child = ward.child
    return Notice(
        id=f"process.restarted.{child.process.pid}.{now.isoformat()}",
        event="process.restarted",
        at=now,
        severity=Severity.INFO,
        resource=_resource(child),
        title=f"{child.name} runs again, {(now - ward.deaths[-1]).total_seconds():.0f} s after it died",
        fields=(("process", child.name), ("pid", str(child.process.pid))),
        group="process",
    )


def _resource(child: Child) -> str:
    return f"process.{child.name.replace(' ', '-')}"
