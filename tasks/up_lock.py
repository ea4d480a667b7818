"""One `tradewind up` per home, and a note for everyone else about who it is."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import ConfigError
from tasks import clock

LOCK, HOLDER = "up.lock", "up.holder.json"


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
        with FileLock(home / LOCK, timeout=0):
            holder.write_text(json.dumps({"pid": os.getpid(), "since": clock.now().isoformat(timespec="seconds")}))
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        raise ConfigError(f"{home}: `tradewind up` already runs here: {_who(holder)}") from error


def _who(holder: Path) -> str:
    try:
        note = json.loads(holder.read_text())
    except (OSError, ValueError):
        return "it is just starting or stopping"
    return f"process {note['pid']} since {note['since']}"
