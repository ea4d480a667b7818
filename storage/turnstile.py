"""A turnstile before a file: one process inside to write, or many to read, and nobody waits for ever.

1. A waiting writer holds the turn, so new readers queue behind it and cannot starve it.
2. Every wait is bounded: when the patience ends, `StoreError` says who wrote last and what to do.
3. The operating system opens the turnstile again when a process dies, by kill -9 too.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StoreError

_PAUSE = 0.002  # seconds between two looks at a taken lock: short against the 30 ms of one operation


@contextmanager
def shared(path: Path, patience: float) -> Iterator[None]:
    """Be one of the readers of `path`; wait at most `patience` seconds, then raise StoreError."""
    with _passed(path, fcntl.LOCK_SH, patience):
        yield


@contextmanager
def exclusive(path: Path, patience: float) -> Iterator[None]:
    """Be alone with `path`; wait at most `patience` seconds, then raise StoreError."""
    with _passed(path, fcntl.LOCK_EX, patience) as lock:
        _sign(lock)
        yield


@contextmanager
def _passed(path: Path, kind: int, patience: float) -> Iterator[int]:
    deadline = time.monotonic() + patience
    with _opened(f"{path}.turn") as turn, _opened(f"{path}.lock") as lock:
        try:
            _take(turn, fcntl.LOCK_EX, deadline)
            _take(lock, kind, deadline)
        except TimeoutError as error:
            raise StoreError(_complaint(path, lock, patience)) from error
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield lock


@contextmanager
def _opened(name: str) -> Iterator[int]:
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield descriptor
    finally:
        # A forked child shares the lock; closing our copy alone would leave it locked as long as the child lives.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _take(descriptor: int, kind: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError from None
            time.sleep(_PAUSE)
        else:
            return


def _sign(lock: int) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def _complaint(path: Path, lock: int, patience: float) -> str:
    writer = os.pread(lock, 20, 0).decode(errors="replace") or "unknown"
    return (
        f"{path}: still in use after {patience:g} s (last writer: process {writer}); "
        f"stop what `fuser {path}.lock` names, or try again"
    )
