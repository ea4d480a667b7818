"""The single-writer lock: one process trades an account, and everyone can see which."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import StoreError
from tasks import clock

PATIENCE_SECONDS = 5.0
"""A tick takes a second or two, so whoever meets one waits for it; a whole tick has 35 seconds."""


@contextmanager
def writer_lock(home: Path, account: str, patience: float = PATIENCE_SECONDS) -> Iterator[int]:
    """Hold the account's lock and return its epoch: one more each time it is taken, so a zombie is recognised.

    Raises
    ------
    StoreError
        When another process still holds it after `patience` seconds; the message says which and since when.
    """
    home.mkdir(parents=True, exist_ok=True)
    note = home / f"{account}.holder.json"
    try:
        with FileLock(home / f"{account}.lock", timeout=patience):
            epoch = _epoch(note) + 1
            write_note(note, {"epoch": epoch, "pid": os.getpid(), "since": clock.now().isoformat(timespec="seconds")})
            yield epoch
    except Timeout as error:
        holder = note.read_text().strip() if note.exists() else "it has just started"
        raise StoreError(f"account {account}: another process is trading it: {holder}") from error


def _epoch(note: Path) -> int:
    try:
        return int(json.loads(note.read_text())["epoch"]) if note.exists() else 0
    except (ValueError, KeyError) as error:
        raise StoreError(f'{note}: unreadable: look at it, then write the last epoch into it as {{"epoch": 7}}') from error


def write_note(note: Path, holder: dict[str, object]) -> None:
    """Write a record as JSON, durably; a reader sees the old one or the new one, never half of it."""
    draft = note.with_suffix(".new")
    with draft.open("w") as file:
        file.write(json.dumps(holder))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(note)
