"""The mailbox: one look at the outbox for everybody in this process, and only when there may be something new.

A look keeps a writer waiting for some hundredths of a second, and the minutely tick writes several times in a row: so nobody
looks while the file has not changed, nor before it has been left alone for a second.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from core.notify.delivery import Standing
from storage.store import Store

QUIET, LONGEST = timedelta(seconds=1), timedelta(seconds=5)
"""How long a changed file must have been left alone, and how long that is waited for at most."""
ANYWAY = timedelta(seconds=30)
"""A file counts as changed after this even when it seems not to be."""

State = tuple[int, ...]


@dataclass(slots=True)
class Mailbox:
    """How far every destination is, as of the last change of the store.

    Parameters
    ----------
    file : the store's; None for a store in memory, which is looked at every time
    """

    store: Store
    file: Path | None
    _lock: Lock = field(default_factory=Lock)
    _read: State = ()
    _changed: tuple[datetime, datetime, State] | None = None
    _looked: datetime | None = None
    _standings: tuple[Standing, ...] = ()

    def standings(self, now: datetime) -> tuple[Standing, ...]:
        """Return how far every destination is; raises StoreError when the store cannot be read."""
        with self._lock:
            state = self._file_state()
            if self._is_to_be_read(state, now):
                self._standings = self.store.outbox.standings()
                self._read, self._looked, self._changed = state, now, None
            return self._standings

    def standing(self, destination: str, now: datetime) -> Standing | None:
        """Return how far a destination is, or None when it is not open."""
        return next((each for each in self.standings(now) if each.destination == destination), None)

    def _is_to_be_read(self, state: State, now: datetime) -> bool:
        if self.file is None or self._looked is None:
            return True
        if state == self._read:
            return now - self._looked >= ANYWAY
        first, last, latest = self._changed or (now, now, state)
        self._changed = (first, last if state == latest else now, state)
        return now - self._changed[1] >= QUIET or now - first >= LONGEST

    def _file_state(self) -> State:
        """Return what is different once the file has changed; looked up before it is read, so that no change is missed."""
        try:
            seen = self.file.stat() if self.file else None
        except FileNotFoundError:
            return (0,)
        return (seen.st_mtime_ns, seen.st_size) if seen else ()
