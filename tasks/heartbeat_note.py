"""The heartbeat's file, for those who only read it: nothing of the trading side is imported."""

import json
from datetime import datetime
from pathlib import Path

from core.errors import DataError

FILE = "heartbeat.json"


def last_beat(home: Path) -> datetime | None:
    """Return when the last tick of this home began, or None when there never was one.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    note = home / FILE
    if not note.exists():
        return None
    try:
        return datetime.fromisoformat(json.loads(note.read_text())["at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{note}: unreadable ({type(error).__name__}): the next tick writes it anew") from error
