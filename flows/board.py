"""The board of `tradewind up`: live on a terminal; elsewhere the page once, then a line per change."""

from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

from rich.live import Live

from core.operations.standing import Standing, changes
from flows import status_pages
from flows.console import out
from tasks import clock
from tasks.standing import read_standing

EVERY = timedelta(seconds=5)
PLANNED_WITHIN = timedelta(seconds=10)
"""Prefect plans a new deployment's runs within five seconds; the first page waits for that."""

LAST_LOOK_SECONDS = 5.0
CLOSING = "Ctrl-C stops everything."


class Board:
    """What the operator sees while `tradewind up` runs. It looks in a thread of its own: a slow look must delay no restart."""

    def __init__(self, root: Path, home: Path) -> None:
        self._root, self._home = root, home
        self._live = Live(console=out, auto_refresh=False) if out.is_terminal else None
        self._found: SimpleQueue[Standing] = SimpleQueue()
        self._seen: Standing | None = None
        self._opened = self._next_look = clock.now()
        self._looker: Thread | None = None

    def __enter__(self) -> Self:
        """Show the page from now on."""
        self._opened = clock.now()
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the last page standing; end no thread in the middle of a database."""
        if self._looker:
            self._looker.join(LAST_LOOK_SECONDS)
        if self._live:
            self._live.stop()

    def say(self, line: str) -> None:
        """Print a line, above the page if there is one."""
        out.print(f"{clock.now():%H:%M:%S} {line}", markup=False, soft_wrap=True)

    def refresh(self) -> None:
        """Show what was found, and look again when it is time to."""
        try:
            self._show(self._found.get_nowait())
        except Empty:
            pass
        else:
            self._looker, self._next_look = None, clock.now() + EVERY
        if self._looker is None and clock.now() >= self._next_look:
            self._looker = Thread(target=self._look, daemon=True)
            self._looker.start()

    def _look(self) -> None:
        self._found.put(read_standing(self._root, self._home))

    def _show(self, seen: Standing) -> None:
        if self._live:
            self._live.update(status_pages.page(seen, CLOSING), refresh=True)
        elif self._seen is not None:
            for line in changes(self._seen, seen):
                self.say(line)
        elif seen.at - self._opened < PLANNED_WITHIN and any(flow.due and not flow.next_run for flow in seen.flows):
            return
        else:
            out.print(status_pages.page(seen, CLOSING))
        self._seen = seen
