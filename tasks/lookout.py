"""The lookout: sees that trading ticks, that Prefect answers and that notices get through, and says so when they do not.

What it has to tell goes into the outbox; when the store cannot be written, into a store in memory that is delivered as well.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import requests

from core.errors import DataError, StoreError
from core.notify.flow_runs import flow_run_notice, parsed
from core.notify.notice import Notice, Severity
from core.notify.watching import Seen, Watch, watched
from storage.store import Store
from tasks import clock
from tasks.courier import Destination
from tasks.heartbeat_note import last_beat
from tasks.mailbox import Mailbox
from tasks.prefect_wire import answers, failed_runs, is_scheduled, server_address
from tasks.settings import settings

log = logging.getLogger("tradewind.messenger")

SERVER_EVERY, ASK_EVERY, PING_EVERY, PRUNE_EVERY = 5.0, 15.0, 60.0, 3600.0
PING_SECONDS = 10.0
RECENT = timedelta(hours=1)
"""How far back failed runs are looked for."""
KEPT = timedelta(days=30)
OVERDUE = timedelta(minutes=15)
"""A notice that waits longer makes the messenger unwell: only an outside monitor can tell by then."""
NEWEST = 500


@dataclass(slots=True)
class Lookout:
    """What has been seen; one thread looks, others only read `health`.

    Parameters
    ----------
    chosen : the Prefect server that the operator named; None for the one that the home's note names
    """

    home: Path
    chosen: str | None
    mailbox: Mailbox
    spare: Store
    destinations: tuple[Destination, ...]
    since: datetime
    watch: Watch
    looked: datetime
    beat: datetime | None = None
    trades: bool = True
    is_answering: bool = False
    why: tuple[str, ...] = ()
    waiting: int = 0
    _due: dict[str, float] = field(default_factory=dict)

    def address(self) -> str:
        """Return the API address of the Prefect server, "" when none is known."""
        return server_address(self.home, self.chosen)

    def tell(self, *notices: Notice) -> None:
        """Put notices into the outbox, or into memory when it cannot take them."""
        try:
            self.mailbox.store.outbox.add(notices)
        except StoreError as error:
            log.error("the outbox takes nothing: %s", error)  # noqa: TRY400 - one line says it
            self.spare.outbox.add((*notices, _unwritable(error, clock.now())))

    def receive(self, body: str) -> None:
        """Take what an automation posts."""
        self.tell(flow_run_notice(parsed(body, now=clock.now()), self._recent()))

    def look(self) -> None:
        """Look at everything that is due to be looked at, and tell what is to be told."""
        now = clock.now()
        url = self.address()
        if self._is_due("server", SERVER_EVERY, now):
            self.is_answering = bool(url) and answers(url)
        if self.is_answering and self._is_due("ask", ASK_EVERY, now):
            self._ask_prefect(url, now)
        self._listen()
        seen = Seen(now, self.beat, self.trades, url, self.is_answering)
        self.watch, notices = watched(self.watch, seen)
        if notices:
            self.tell(*notices)
        self.why = (*self.watch.why, *self._overdue(now))
        if not self.why and self._is_due("ping", PING_EVERY, now):
            Thread(target=_ping, daemon=True).start()
        if self._is_due("prune", PRUNE_EVERY, now):
            self._prune(now)
        self.looked = clock.now()

    def health(self) -> dict[str, Any]:
        """Return how things are, as an outside monitor reads it."""
        now, beat = clock.now(), self.beat
        stands = ("the messenger stands still",) if now - self.looked > timedelta(seconds=120) else ()
        why = (*self.why, *stands)
        return {
            "ok": not why,
            "why": list(why),
            "heartbeat_age_seconds": round((now - beat).total_seconds(), 1) if beat else None,
            "server": ("answers" if self.is_answering else "silent") if self.address() else "none",
            "waiting": self.waiting,
            "since": self.since.isoformat(timespec="seconds"),
        }

    def _listen(self) -> None:
        """Read the last beat; one that cannot be read is none: when it lasts, the heart stands still."""
        try:
            self.beat = last_beat(self.home)
        except DataError as error:
            log.warning("%s", error)

    def _ask_prefect(self, url: str, now: datetime) -> None:
        """Look for failed runs and whether anybody is to trade.

        Prefect's automations tell of a run at once, but hear of one that was planned shortly before its start minutes late.
        """
        try:
            runs = failed_runs(url, now - RECENT)
            self.trades = is_scheduled(url)
        except (requests.RequestException, ValueError, KeyError) as error:
            log.warning("the Prefect server's answer cannot be read: %s", type(error).__name__)
            return
        recent = self._recent() if runs else ()
        known = {notice.id for notice in recent}
        for run in runs:
            notice = flow_run_notice(run, recent)
            if notice.id not in known:
                self.tell(notice)
                recent = (notice, *recent)

    def _recent(self) -> tuple[Notice, ...]:
        try:
            return self.mailbox.store.outbox.newest(NEWEST)
        except StoreError:
            return self.spare.outbox.newest(NEWEST)

    def _overdue(self, now: datetime) -> tuple[str, ...]:
        """Return which destinations have not been told for long; one that is only not running is no news."""
        try:
            standings = (*self.mailbox.standings(now), *self.spare.outbox.standings())
        except StoreError as error:
            return (f"the outbox cannot be read: {error}",)
        masked = {each.name: each.masked for each in self.destinations if not each.is_quiet}
        mine = [standing for standing in standings if standing.destination in masked]
        self.waiting = sum(standing.waiting for standing in mine if not standing.line.gone)
        late = [s for s in mine if s.line.gone or (s.line.trouble and s.oldest and now - s.oldest > OVERDUE)]
        return tuple(f"{masked[each.destination]}: {each.line.gone or each.line.trouble}" for each in late)

    def _prune(self, now: datetime) -> None:
        try:
            self.mailbox.store.outbox.prune(now - KEPT, [destination.name for destination in self.destinations])
        except StoreError as error:
            log.warning("the outbox cannot be pruned: %s", error)

    def _is_due(self, what: str, every: float, now: datetime) -> bool:
        moment = now.timestamp()
        if moment < self._due.get(what, 0.0):
            return False
        self._due[what] = moment + every
        return True


def _unwritable(error: StoreError, now: datetime) -> Notice:
    return Notice(
        id=f"outbox.unwritable.{now:%Y%m%dT%H}",
        event="outbox.unwritable",
        at=now,
        severity=Severity.CRITICAL,
        resource="outbox",
        title="The trading database cannot be written",
        text=f"{error}\nTrading stops at the next tick. See `tradewind doctor`.",
    )


def _ping() -> None:
    url = settings().ping_url
    if url is None:
        return
    try:
        requests.get(url.get_secret_value(), timeout=PING_SECONDS)
    except requests.RequestException as error:
        log.warning("the outside monitor was not reached: %s", type(error).__name__)  # its address is a secret
