"""The outbox in memory: the twin for tests and rehearsals, and the messenger's spare when the file cannot be written."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.notify.delivery import Delivery, Line, Standing
from core.notify.notice import Notice, Severity
from storage.outbox import cleaned, delivery_key, notice_id, row
from storage.rows import by_key, row_of


class MemoryOutbox:
    """`Outbox` in memory."""

    def __init__(self) -> None:
        self._notices: dict[str, tuple[int, Notice]] = {}
        self._added = 0
        self._open: dict[str, tuple[int, Severity]] = {}
        self._lines: dict[str, Line] = {}
        self._settled: dict[tuple[str, str], Delivery] = {}

    def add(self, notices: Iterable[Notice]) -> int:
        """Store notices, all or none; return the number added."""
        offered = by_key(map(cleaned, notices), notice_id)
        for notice in offered.values():
            row(notice)
        new = [notice for key, notice in offered.items() if key not in self._notices]
        # A new dictionary each time: the messenger's threads read while another adds.
        self._notices = self._notices | {notice.id: (self._added + n, notice) for n, notice in enumerate(new, start=1)}
        self._added += len(new)
        return len(new)

    def newest(self, limit: int) -> tuple[Notice, ...]:
        """Return the notices added last, newest first."""
        return tuple(notice for _, notice in reversed(self._notices.values()))[:limit]

    def open(self, destination: str, *, since: datetime, least: Severity) -> None:
        """Let a destination wait for notices from now on, and for those that happened at `since` or later."""
        recent = [number for number, notice in self._notices.values() if notice.at >= since]
        self._open.setdefault(destination, (min(recent, default=self._added + 1), least))

    def forget(self, destination: str) -> None:
        """Let a destination wait for nothing."""
        self._open.pop(destination, None)
        self._lines.pop(destination, None)

    def waiting(self, destination: str, limit: int) -> tuple[Notice, ...]:
        """Return what a destination still has to be told."""
        if destination not in self._open:
            return ()
        mine = [notice for number, notice in self._notices.values() if self._waits(destination, number, notice)]
        return tuple(sorted(mine, key=lambda notice: notice.severity is not Severity.CRITICAL))[:limit]

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Remember what was told or given up."""
        self._settled = by_key(deliveries, delivery_key) | self._settled

    def told(self, notice: str) -> tuple[Delivery, ...]:
        """Return what became of a notice where it is settled, by destination."""
        return tuple(delivery for (_, name), delivery in sorted(self._settled.items()) if name == notice)

    def line(self, destination: str) -> Line:
        """Return how a destination stands."""
        return self._lines.get(destination, Line())

    def keep(self, destination: str, line: Line) -> None:
        """Remember how an open destination stands."""
        row_of(line)
        if destination in self._open:
            self._lines[destination] = line

    def standings(self) -> tuple[Standing, ...]:
        """Return how far every destination is, by name."""
        return tuple(self._standing(destination) for destination in sorted(self._open))

    def prune(self, before: datetime, wanted: Sequence[str]) -> int:
        """Drop notices that happened before; return how many."""
        using = [name for name in wanted if name in self._open and not self.line(name).gone]
        old = [
            notice.id
            for number, notice in self._notices.values()
            if notice.at < before and not any(self._waits(name, number, notice) for name in using)
        ]
        self._notices = {key: entry for key, entry in self._notices.items() if key not in old}
        self._settled = {key: delivery for key, delivery in self._settled.items() if key[1] in self._notices}
        return len(old)

    def _waits(self, destination: str, number: int, notice: Notice) -> bool:
        first, least = self._open[destination]
        return number >= first and notice.severity >= least and (destination, notice.id) not in self._settled

    def _standing(self, destination: str) -> Standing:
        waiting = self.waiting(destination, len(self._notices))
        mine = [delivery for delivery in self._settled.values() if delivery.destination == destination]
        given_up = sum(bool(delivery.given_up) for delivery in mine)
        oldest = min((notice.at for notice in waiting), default=None)
        return Standing(destination, len(waiting), oldest, len(mine) - given_up, given_up, self.line(destination))
