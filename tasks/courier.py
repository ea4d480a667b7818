"""A courier: brings one destination what the outbox holds for it, one message at a time.

1. Nothing of the store is held while a message is on its way.
2. What was told is told once more only when the process died before it could be recorded: at least once, and every message
   shows the marks of its notices. While the store cannot be written, what was told is kept in mind.
3. A destination that hangs holds up nobody: every courier has a thread of its own.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from core.errors import StoreError
from core.notify.delivery import Answer, Delivery, Fate, Line, RateLimited, Ruling, given_up, hook_gone, is_due, ruled
from core.notify.message import Message
from core.notify.notice import Notice, Severity
from storage.store import Store
from tasks import clock
from tasks.mailbox import Mailbox

log = logging.getLogger("tradewind.messenger")

BACKLOG = timedelta(hours=1)
"""What happened this long before a destination was first known is still told there."""
LIMIT = 500

Compose = Callable[[Sequence[Notice], bool], Message | None]


@dataclass(frozen=True, slots=True)
class Destination:
    """Somebody to tell.

    Parameters
    ----------
    masked : how it may be named in logs and notices
    compose : makes the next message of what waits, as plain text when asked
    send : posts it; never raises what the network does
    is_quiet : whether a failure is no news: it may just not be running
    """

    name: str
    masked: str
    least: Severity
    compose: Compose
    send: Callable[[Message], Answer]
    is_quiet: bool = False


@dataclass(slots=True)
class Hold:
    """Until when none of several destinations may be sent anything: a rate limit of this machine."""

    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it holds now."""
        return self.until is not None and now < self.until


@dataclass(frozen=True, slots=True)
class _Outcome:
    store: Store
    deliveries: tuple[Delivery, ...]
    notices: tuple[Notice, ...]


@dataclass(slots=True)
class Courier:
    """One destination's courier.

    Parameters
    ----------
    mailbox : of the store where notices come from, and where is kept what was told
    spare : a store in memory, for what the other could not take
    hold : shared with the destinations that one rate limit holds up together
    now : tells the time
    """

    destination: Destination
    mailbox: Mailbox
    spare: Store
    hold: Hold
    rng: np.random.Generator
    now: Callable[[], datetime] = clock.now
    line: Line = field(default_factory=Line)
    _unrecorded: list[_Outcome] = field(default_factory=list)
    _is_open: bool = False

    @property
    def store(self) -> Store:
        """Where notices come from."""
        return self.mailbox.store

    def step(self) -> bool:
        """Send one message if one waits and may be sent; say whether.

        Raises
        ------
        StoreError
            When the outbox cannot be read; what waits in memory has been sent first.
        """
        now = self.now()
        self._begin(self.spare, now)
        if self._may_send(now) and self._send(self.spare):
            return True
        self._open(now)
        self._record()
        return self._may_send(now) and self._is_awaited(now) and self._send(self.store)

    def _may_send(self, now: datetime) -> bool:
        return is_due(self.line, now) and not self.hold.holds(now)

    def _is_awaited(self, now: datetime) -> bool:
        standing = self.mailbox.standing(self.destination.name, now)
        return standing is not None and standing.waiting > 0

    def _open(self, now: datetime) -> None:
        """Begin, and begin again when somebody has asked for a fresh start of a hook that was gone."""
        name = self.destination.name
        if not self._is_open:
            self._begin(self.store, now)
            self.line = self.line if self.line.next_try else self.store.outbox.line(name)
            self._is_open = True
        elif self.line.gone and not self._unrecorded:
            standing = self.mailbox.standing(name, now)
            if standing is None or not standing.line.gone:
                self._begin(self.store, now)
                self.line = self.store.outbox.line(name)

    def _begin(self, store: Store, now: datetime) -> None:
        store.outbox.open(self.destination.name, since=now - BACKLOG, least=self.destination.least)

    def _send(self, store: Store) -> bool:
        message = self._composed(store)
        if message is None:
            return False
        self._settle(store, message, self.destination.send(message), self.now())
        return True

    def _composed(self, store: Store) -> Message | None:
        told = {delivery.notice for outcome in self._unrecorded for delivery in outcome.deliveries if outcome.store is store}
        waiting = store.outbox.waiting(self.destination.name, LIMIT + len(told))
        return self.destination.compose([notice for notice in waiting if notice.id not in told], self.line.is_plain)

    def _settle(self, store: Store, message: Message, answer: Answer, now: datetime) -> None:
        ruling = ruled(self.line, answer, now=now, rng=self.rng)
        self.line = ruling.line
        if isinstance(answer, RateLimited) and answer.is_global:
            self.hold.until = ruling.line.next_try
        self._say(ruling, message)
        if ruling.fate is Fate.WAITS and self.destination.is_quiet:
            return
        self._unrecorded.append(_Outcome(store, self._ends(ruling, message, answer, now), self._news(ruling, message, now)))
        self._record()

    def _ends(self, ruling: Ruling, message: Message, answer: Answer, now: datetime) -> tuple[Delivery, ...]:
        if ruling.fate is Fate.WAITS:
            return ()
        sent = getattr(answer, "message", "")
        why = ruling.line.trouble if ruling.fate is Fate.GIVEN_UP else ""
        return tuple(Delivery(self.destination.name, notice.id, now, sent, why) for notice in message.notices)

    def _news(self, ruling: Ruling, message: Message, now: datetime) -> tuple[Notice, ...]:
        who, name = self.destination.masked, self.destination.name
        if ruling.line.gone:
            return (hook_gone(who, name, ruling.line.gone, now),)
        is_lost = ruling.fate is Fate.GIVEN_UP
        return given_up(who, name, message.notices, ruling.line.trouble, now) if is_lost else ()

    def _record(self) -> None:
        """Record what became of the messages since; what cannot be recorded now is recorded before the next one."""
        while self._unrecorded:
            outcome = self._unrecorded[0]
            try:
                with outcome.store.trading.write():
                    outcome.store.outbox.settle(outcome.deliveries)
                    outcome.store.outbox.keep(self.destination.name, self.line)
                    outcome.store.outbox.add(outcome.notices)
            except StoreError as error:
                log.warning("%s: cannot record what was sent: %s", self.destination.masked, error)
                return
            self._unrecorded.pop(0)

    def _say(self, ruling: Ruling, message: Message) -> None:
        line, count = ruling.line, len(message.notices)
        if ruling.fate is Fate.TOLD:
            log.info("%s: told %d", self.destination.masked, count)
        elif not self.destination.is_quiet:
            log.warning("%s: %s: %s (%d in a row)", self.destination.masked, ruling.fate.value, line.trouble, line.failures)
