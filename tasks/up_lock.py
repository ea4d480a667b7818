"""One `tradewind up` per home, and a note for everyone else about who it is."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import ConfigError
from core.operations.standing import Holder
from tasks import clock
from tasks.lock import write_note

LOCK, HOLDER = "up.lock", "up.holder.json"
LOOKED_AT_SECONDS = 0.5
"""Whoever looks whether the lock is held holds it for a moment himself."""


@contextmanager
def up_lock(home: Path) -> Iterator[None]:
    """Hold the home's lock for as long as the block runs; it dies with the process.

    Raises
    ------
    ConfigError
        At once when another process holds it; the message says which and since when.
    """
    home.mkdir(parents=True, exist_ok=True)
    holder = home / HOLDER
    try:
        with FileLock(home / LOCK, timeout=LOOKED_AT_SECONDS):
            write_note(holder, {"pid": os.getpid(), "since": clock.now().isoformat(timespec="seconds")})
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        raise ConfigError(f"{home}: `tradewind up` already runs here: {_who(holder)}") from error


def holder_of(home: Path) -> Holder | None:
    """Return the process that holds the home's lock; None when nobody does, whatever an old note says."""
    if not is_held(home):
        return None
    note = _note(home / HOLDER)
    return Holder(int(note["pid"]), datetime.fromisoformat(note["since"])) if note else Holder(0, clock.now())


def is_held(home: Path) -> bool:
    """Whether a `tradewind up` runs for this home."""
    if not (home / LOCK).exists():
        return False
    try:
        with FileLock(home / LOCK, timeout=0):
            return False
    except Timeout:
        return True


def stop_up(home: Path, patience: float) -> tuple[int | None, bool]:
    """Ask the `tradewind up` of this home to stop; return its process (None when none runs) and whether it is gone.

    Parameters
    ----------
    patience : seconds to wait for it

    Raises
    ------
    ConfigError
        When one holds the lock and nothing says which process it is.
    """
    if (holder := holder_of(home)) is None:
        return None, True
    if not holder.pid:
        raise ConfigError(f"{home / HOLDER}: names no process, yet {LOCK} is held: it is just starting or stopping, try again")
    os.kill(holder.pid, signal.SIGTERM)
    try:
        with FileLock(home / LOCK, timeout=patience):
            return holder.pid, True
    except Timeout:
        return holder.pid, False


def _who(holder: Path) -> str:
    note = _note(holder)
    return f"process {note['pid']} since {note['since']}" if note else "it is just starting or stopping"


def _note(holder: Path) -> dict[str, str]:
    try:
        return dict(json.loads(holder.read_text()))
    except (OSError, ValueError):
        return {}
