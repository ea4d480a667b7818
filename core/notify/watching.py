"""The watch over a running system: is its heart beating, does its server answer. A fold: ``watched(watch, seen)``.

1. A silence is told once, and its end once, by any number of messengers: the notice is named by the last sign of life.
2. A home that has never traded, or whose trading is not scheduled, is not silent.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.notify.notice import Notice, Severity

STALE = timedelta(seconds=150)
"""Two ticks may be missed and the third be under way."""
SILENT = timedelta(seconds=60)
STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look has found.

    Parameters
    ----------
    beat : when the last tick began; None when there never was one
    is_scheduled : whether ticks are due at all
    server : address of the Prefect server, "" when none is known
    answers : whether it answered
    """

    now: datetime
    beat: datetime | None
    is_scheduled: bool
    server: str = ""
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered between two looks.

    Parameters
    ----------
    waits_from : ticks are waited for from here on, since nobody was to tick before
    answered : when the server last answered, or none was known
    stale : last beat before a silence that has been told; None while all is well
    silent : when the server last answered before a silence that has been told
    """

    waits_from: datetime
    answered: datetime
    stale: datetime | None = None
    silent: datetime | None = None

    @property
    def why(self) -> tuple[str, ...]:
        """Why not all is well; nothing when it is."""
        stale = f"no tick since {self.stale:%Y-%m-%d %H:%M:%S} UTC" if self.stale else ""
        silent = f"the Prefect server has not answered since {self.silent:%Y-%m-%d %H:%M:%S} UTC" if self.silent else ""
        return tuple(reason for reason in (stale, silent) if reason)


def begun(now: datetime) -> Watch:
    """Return the watch at its beginning."""
    return Watch(now, now)


def watched(watch: Watch, seen: Seen) -> tuple[Watch, tuple[Notice, ...]]:
    """Return the watch after a look, and what is to be told."""
    watch, heart = _heart(watch, seen)
    watch, server = _server(watch, seen)
    return watch, (*heart, *server)


def _heart(watch: Watch, seen: Seen) -> tuple[Watch, tuple[Notice, ...]]:
    if seen.beat is None or not seen.is_scheduled:
        return replace(watch, waits_from=seen.now, stale=None), ()
    if watch.stale is not None:
        if seen.beat <= watch.stale:
            return watch, ()
        lasted = _minutes(seen.beat - watch.stale)
        text = f"The tick of {seen.beat:%H:%M:%S} UTC is the first after {lasted}."
        return replace(watch, stale=None), (_told("heartbeat.back", watch.stale, seen, "Trading ticks again", text),)
    if seen.now - max(seen.beat, watch.waits_from) <= STALE:
        return watch, ()
    text = (
        f"The last tick began at {seen.beat:%Y-%m-%d %H:%M:%S} UTC. Orders at the venue stay as they are, and nobody looks "
        "after them. See `tradewind status`."
    )
    return replace(watch, stale=seen.beat), (_told("heartbeat.stale", seen.beat, seen, "Trading stands still", text),)


def _server(watch: Watch, seen: Seen) -> tuple[Watch, tuple[Notice, ...]]:
    if seen.answers or not seen.server:
        back = replace(watch, answered=seen.now, silent=None)
        if watch.silent is None or not seen.server:
            return back, ()
        text = f"It had been silent for {_minutes(seen.now - watch.silent)}."
        return back, (_told("server.back", watch.silent, seen, "The Prefect server answers again", text),)
    if watch.silent is not None or seen.now - watch.answered < SILENT:
        return watch, ()
    text = (
        f"{seen.server} has not answered since {watch.answered:%H:%M:%S} UTC. No run starts without it. See `tradewind status`."
    )
    told = _told("server.silent", watch.answered, seen, "The Prefect server is silent", text)
    return replace(watch, silent=watch.answered), (told,)


def _told(event: str, since: datetime, seen: Seen, title: str, text: str) -> Notice:
    severity = Severity.INFO if event.endswith("back") else Severity.CRITICAL
    resource = event.partition(".")[0]
    return Notice(f"{event}.{since:{STAMP}}", event, seen.now, severity, resource, title, text)


def _minutes(lasted: timedelta) -> str:
    return f"{lasted.total_seconds() / 60:.0f} minutes"
