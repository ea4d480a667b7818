"""The bot under test: the live flow's own steps, without Prefect, on a store and a venue that are handed in.

This is the only file here that knows how the flow gets at its world; what it patches is where the world begins: the store,
the clock, the connection to the venue, the lock on a file. Nothing that decides, sends or books is touched.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from prefect import Task

import flows.trade
from core.market.panel import Panel
from core.market.timeframe import HOUR, milliseconds, utc
from storage.store import MemoryStore
from tasks import clock, desk, live_releases, stopping, stores, telling
from tasks.settings import settings

READS = frozenset(
    {"open", "all", "of_decision", "at", "last", "first_since", "peak", "since", "get", "live", "known", "as_of", "newest"}
    | {"series", "panel", "load", "totals", "filled", "raised", "turnover"}
)
TABLES = ("releases", "activations", "intents", "fills", "equity", "decisions", "alarms", "outbox", "tallies", "paper")
"""What lies in one file, and so changes all or none."""

ACCOUNT = "paper"


class Crash(BaseException):
    """A death that nothing in the flow can catch."""


def _crash() -> None:
    raise Crash


class Steps:
    """Counts the durable steps and venue calls of a tick, and lets the process die at one of them."""

    def __init__(self, die: Callable[[], None] = _crash) -> None:
        self._die = die
        self.begin(())

    def begin(self, at: Iterable[tuple[int, str]]) -> None:
        """Start a tick in which the process dies "before" or "after" these steps, counted from 1."""
        self._at = set(at)
        self._count = itertools.count(1)

    def around(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do one step, or die before it or after it."""
        with self.step():
            return call(*arguments, **named)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Be one step, or die before it or after it."""
        nth = next(self._count)
        if (nth, "before") in self._at:
            self._die()
        yield
        if (nth, "after") in self._at:
            self._die()


class Watched:
    """Anything whose calls are steps, but for the named reads and what `inside` says is part of a greater step."""

    def __init__(self, real: Any, steps: Steps, reads: frozenset[str] = frozenset(), inside: Any = None) -> None:
        self._real, self._steps, self._reads, self._inside = real, steps, reads, inside

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name in self._reads or name.startswith("_") or not callable(found):
            return found
        return lambda *arguments, **named: self._call(found, *arguments, **named)

    def _call(self, found: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if self._inside is not None and self._inside.is_open:
            return found(*arguments, **named)
        return self._steps.around(found, *arguments, **named)


class Transactions:
    """What `Database.write` is on disk, for tables in memory: one step, and all or nothing."""

    def __init__(self, tables: Sequence[Any], steps: Steps) -> None:
        self._tables, self._steps = tables, steps
        self.is_open = False

    def read(self) -> Any:
        return nullcontext()

    @contextmanager
    def write(self) -> Iterator[None]:
        if self.is_open:
            yield
            return
        before = [_copied(vars(table)) for table in self._tables]
        with self._steps.step():
            self.is_open = True
            try:
                yield
            except BaseException:
                for table, kept in zip(self._tables, before, strict=True):
                    vars(table).update(kept)
                raise
            finally:
                self.is_open = False


class DiskTransactions:
    """The transactions of a store on disk, each of them one step."""

    def __init__(self, real: Any, steps: Steps) -> None:
        self._real, self._steps = real, steps
        self.is_open = False
        self.read = real.read

    @contextmanager
    def write(self) -> Iterator[None]:
        if self.is_open:
            yield
            return
        with self._steps.step(), self._real.write():
            self.is_open = True
            try:
                yield
            finally:
                self.is_open = False


def _copied(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: part.copy() if isinstance(part, dict | list | set) else part for name, part in parts.items()}


class ShownBars:
    """The recording, as far as it has been lived: bars that have closed by now, of one panel."""

    def __init__(self, panel: Panel, now: Callable[[], int]) -> None:
        self._panel, self._now = panel, now
        self._name = (panel.venue, panel.timeframe)

    def series(self) -> tuple[Any, ...]:
        venue, timeframe = self._name
        return tuple(SimpleNamespace(venue=venue, timeframe=timeframe, symbol=s) for s in self._panel.symbols)

    def venues(self) -> tuple[str, ...]:
        return (self._name[0],)

    def newest(self, venue: str, timeframe: str) -> dict[str, Any]:
        shown = self._shown(len(self._panel))
        rows = [(s, shown.open_time[alive][-1]) for s, alive in zip(shown.symbols, _alive(shown), strict=True) if alive.any()]
        return {symbol: utc(int(opened)) for symbol, opened in rows}

    def turnover(self, venue: str, timeframe: str, start: Any, end: Any) -> dict[str, float]:
        part = self.panel(venue, timeframe, start, end)
        sums = np.nansum(part.traded_value, axis=0)
        return {symbol: float(value) for symbol, value in zip(part.symbols, sums, strict=True)}

    def panel(self, venue: str, timeframe: str, start: Any = None, end: Any = None, symbols: Any = None) -> Panel:
        last = len(self._panel) if end is None else self._panel.row_at(milliseconds(end))
        shown = self._shown(last)
        first = 0 if start is None else shown.row_at(milliseconds(start))
        part = shown.rows(first, len(shown))
        there = [column for column, alive in enumerate(_alive(part)) if alive.any()]
        return part if len(there) == len(part.symbols) else part.columns(there)

    def _shown(self, stop: int) -> Panel:
        closed = self._panel.row_at(self._now() - HOUR + 1)
        return self._panel.rows(0, min(stop, closed))


def _alive(panel: Panel) -> Any:
    return (panel.close == panel.close).T


def watch(store: Any, steps: Steps) -> Any:
    """Return the store with every transaction a step, and every write outside of one."""
    is_in_memory = isinstance(store, MemoryStore)
    tables = [getattr(store, name) for name in TABLES]
    together: Any = Transactions(tables, steps) if is_in_memory else DiskTransactions(store.trading, steps)
    watched = SimpleNamespace(**vars(store))
    watched.trading = together
    for name, table in zip(TABLES, tables, strict=True):
        setattr(watched, name, Watched(table, steps, READS, together))
    return watched


@contextmanager
def bot(store: Any, connect: Callable[[], Any], now: Callable[[], int], *, locks: bool = False) -> Iterator[Callable[[], Any]]:
    """Give the live flow this store, this venue and this clock; yields one tick of it.

    Parameters
    ----------
    locks : whether the lock is the real one, on a file; in one process a counter does, and is faster
    """
    epochs = itertools.count(1)

    @contextmanager
    def lock(home: Path, account: str, patience: float) -> Iterator[int]:
        yield next(epochs)

    with pytest.MonkeyPatch.context() as patch:
        for name, step in vars(flows.trade).copy().items():
            if isinstance(step, Task):
                patch.setattr(flows.trade, name, step.fn)
        for name in [name for name in vars(telling) if name.startswith("create_")]:
            patch.setattr(telling, name, lambda **_: None)
        patch.setattr(telling, "within", lambda _seconds, call: call())
        patch.setattr(stopping, "_variable", stopping.Stop)
        for module in (stores, desk, live_releases):
            patch.setattr(module, "store", lambda: store)
        patch.setattr(desk, "connected", lambda *_: nullcontext(connect()))
        if not locks:
            patch.setattr(desk, "writer_lock", lock)
        patch.setattr(clock, "now", lambda: utc(now()))
        patch.setattr(clock, "milliseconds", now)
        yield flows.trade.trade.fn


def home() -> Path:
    """Return where the operator's files are."""
    return settings().home
