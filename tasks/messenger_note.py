"""The messenger's place: one per home, and a note for everyone else about where it listens."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from filelock import FileLock, Timeout

from core.errors import ConfigError
from tasks import clock

NOTE = "messenger.url"
"""File in the home that a messenger leaves while it runs."""
LOCK, HOLDER = "messenger.lock", "messenger.holder.json"
ANSWER_SECONDS = 2.0


@contextmanager
def messenger_lock(home: Path) -> Iterator[None]:
    """Hold the home's lock for as long as the block runs; it dies with the process.

    Raises
    ------
    ConfigError
        At once when another process holds it; the message says which.
    """
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / LOCK, timeout=0):
            holder = home / HOLDER
            holder.write_text(json.dumps({"pid": os.getpid(), "since": clock.now().isoformat(timespec="seconds")}))
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        raise ConfigError(f"{home}: a messenger already runs here: {_who(home / HOLDER)}") from error


@contextmanager
def noted(home: Path, url: str) -> Iterator[None]:
    """Leave the messenger's address in the home for as long as the block runs."""
    note = home / NOTE
    note.write_text(url)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def messenger_url(home: Path) -> str | None:
    """Return the address that the note gives, or None when there is no note."""
    note = home / NOTE
    return note.read_text().strip() if note.exists() else None


def running_messenger(home: Path) -> str | None:
    """Return the address of the messenger of this home, if it answers, well or not."""
    url = messenger_url(home)
    if url is None:
        return None
    try:
        requests.get(f"{url}/health", timeout=ANSWER_SECONDS)
    except requests.RequestException:
        return None
    return url


def _who(holder: Path) -> str:
    try:
        note = json.loads(holder.read_text())
    except (OSError, ValueError):
        return "it is just starting or stopping"
    return f"process {note['pid']} since {note['since']}"
