"""Bans: what one process was told (not before then), every process of this home keeps to."""

import json
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from core.errors import StoreError
from core.risk.breaker import LONGEST_BAN
from tasks import clock
from tasks.lock import write_note
from tasks.venues.meter import Banned


def banned_until(home: Path, venue: str) -> datetime | None:
    """Return until when the venue has banned this address, as far as any process knows; None when it has not."""
    note = _note(home, venue)
    try:
        until = datetime.fromisoformat(json.loads(note.read_text())["until"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{note}: unreadable ({error}): remove it if the venue answers again") from error
    return until if clock.now() < until else None


def refuse_banned(home: Path, venue: str) -> None:
    """Raise Banned while the venue has banned this address: a request now would only prolong it."""
    until = banned_until(home, venue)
    if until is not None:
        raise Banned(f"{venue}: banned for too many requests; none is made before {until:%H:%M:%S} UTC")


def banned_for(home: Path, venue: str) -> float:
    """Return the seconds for which the venue has banned this address, as far as any process knows; 0 when it has not."""
    until = banned_until(home, venue)
    return max((until - clock.now()).total_seconds(), 0.0) if until else 0.0


def remember_ban(home: Path, venue: str, until: datetime) -> None:
    """Tell every process of this home; the later of two bans stands, and none is believed to last more than an hour."""
    believed = min(until, clock.now() + LONGEST_BAN)
    with FileLock(home / f"ban.{venue}.lock"):
        known = banned_until(home, venue)
        if known is None or believed > known:
            write_note(_note(home, venue), {"until": believed.isoformat()})


def _note(home: Path, venue: str) -> Path:
    return home / f"ban.{venue}.json"
