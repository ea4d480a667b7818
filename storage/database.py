"""One DuckDB file: a connection per operation, opened and closed inside it, behind the turnstile.

1. `write` is one transaction: it commits when its body ends, and an exception leaves the file as it was.
   Operations called inside the body of a `read` or `write` share its connection and its end: that is how several tables
   are read at one moment, or changed all or none.
2. A file that does not exist yet is made complete beside its place and moved there, so half a database is never seen.
3. Nothing is created before the first operation; pending migrations are applied on the first operation of a process.

All three are tested in tests/storage/test_database.py, the last words on crashes in tests/storage/test_crashes.py.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

import duckdb
from duckdb import DuckDBPyConnection

from core.errors import StoreError
from storage import migrations, turnstile
from storage.faults import HELD, explained

PATIENCE = 30.0
"""Seconds an operation waits for its turn before it gives up."""


class _Shared(NamedTuple):
    connection: DuckDBPyConnection
    writes: bool


# Nothing may be fetched from the internet behind the operator's back.
_SETTINGS = {"autoinstall_known_extensions": "false"}


class Database:
    """A file of one family of tables (``market``, ``trading``, ``research``).

    Parameters
    ----------
    patience : seconds
        How long one operation may wait for other processes.
    """

    def __init__(self, path: Path, family: str, *, patience: float = PATIENCE) -> None:
        self.path = path
        self._family = family
        self._patience = patience
        self._ready = False
        self._anchor: DuckDBPyConnection | None = None
        self._shared: ContextVar[_Shared | None] = ContextVar("shared", default=None)

    @contextmanager
    def read(self) -> Iterator[DuckDBPyConnection]:
        """Open a connection that cannot write; close it at the end of the block.

        Raises
        ------
        StoreError
            When the file is locked for too long, damaged, not ours or newer than this program.
        """
        if (around := self._shared.get()) is not None:
            yield around.connection
            return
        with explained(self.path):
            self._prepare()
            with (
                self._turn(turnstile.shared),
                self._connected(read_only=True) as connection,
                self._sharing(_Shared(connection, writes=False)),
            ):
                yield connection

    @contextmanager
    def write(self) -> Iterator[DuckDBPyConnection]:
        """Open the one connection that may write, in a transaction; commit at the end of the block.

        Raises
        ------
        StoreError
            As for `read`, and when the disk is full. Nothing of the block has been written then.
        """
        if (around := self._shared.get()) is not None:
            if not around.writes:
                raise StoreError(f"{self.path}: asked to write while reading; end the read first")
            yield around.connection
            return
        with explained(self.path):
            self._prepare()
            with self._turn(turnstile.exclusive), self._connected(read_only=False) as connection:
                connection.begin()
                with self._sharing(_Shared(connection, writes=True)):
                    yield connection
                connection.commit()  # an exception skips this line: closing without it is the rollback

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the file open, for this process alone, until the end of the block: opening it takes longer than most operations.

        Operations inside are what they are outside, one transaction each; other processes wait, and then give up.
        """
        with explained(self.path):
            self._prepare()
            with turnstile.exclusive(self.path, self._patience), closing(self._patiently(read_only=False)) as anchor:
                self._anchor = anchor
                try:
                    yield
                finally:
                    self._anchor = None

    def _turn(self, kind: Callable[[Path, float], AbstractContextManager[None]]) -> AbstractContextManager[None]:
        return nullcontext() if self._anchor is not None else kind(self.path, self._patience)

    @contextmanager
    def _sharing(self, opened: "_Shared") -> Iterator[None]:
        token = self._shared.set(opened)
        try:
            yield
        finally:
            self._shared.reset(token)

    def _prepare(self) -> None:
        if self._ready and self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self._is_current():
            with turnstile.exclusive(self.path, self._patience):
                self._migrate()
        self._ready = True

    def _is_current(self) -> bool:
        with turnstile.shared(self.path, self._patience):
            if not self.path.exists():
                return False
            with self._connected(read_only=True) as connection:
                return not migrations.pending(connection, self._family, subject=str(self.path))

    def _migrate(self) -> None:
        if not self.path.exists():
            self._create()
        with self._connected(read_only=False) as connection:
            steps = migrations.pending(connection, self._family, subject=str(self.path))
            migrations.apply(connection, steps)

    def _create(self) -> None:
        log = _beside(self.path, ".wal")
        if log.exists():
            raise StoreError(f"{self.path}: missing, but {log.name} is there; restore the file or move the .wal away")
        draft = _beside(self.path, ".new")
        for leftover in (draft, _beside(draft, ".wal")):
            leftover.unlink(missing_ok=True)
        with closing(_connect(draft, read_only=False)) as connection:
            migrations.apply(connection, migrations.known(self._family))
        draft.replace(self.path)

    @contextmanager
    def _connected(self, *, read_only: bool) -> Iterator[DuckDBPyConnection]:
        opened = self._anchor.cursor() if self._anchor is not None else self._patiently(read_only=read_only)
        with closing(opened) as connection:
            connection.execute("set TimeZone = 'UTC'")
            yield connection

    def _patiently(self, *, read_only: bool) -> DuckDBPyConnection:
        # Someone may hold the file without having passed the turnstile: the DuckDB command line, for one.
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return _connect(self.path, read_only=read_only)
            except duckdb.IOException as error:
                if HELD not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _connect(path: Path, *, read_only: bool) -> DuckDBPyConnection:
    return duckdb.connect(str(path), read_only=read_only, config=dict(_SETTINGS))


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
