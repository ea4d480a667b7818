"""Standing: the one look at everything that `status`, `up` and a health check share. Nothing here waits for long or is made."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from core.errors import StoreError, TradewindError
from core.operations.standing import FlowStanding, Money, Standing
from storage.store import Store
from tasks import clock
from tasks.environment import server_in_use
from tasks.heartbeat_note import FILE as HEARTBEAT
from tasks.patience import within
from tasks.prefect_api import flow_standings, prefect_at
from tasks.project import declared_deployments
from tasks.settings import settings
from tasks.stopping import read_stop, stop_file
from tasks.up_lock import holder_of
from tasks.webhooks import webhooks

ANSWER_SECONDS, STORE_SECONDS = 10.0, 5.0

Part = TypeVar("Part")


def read_standing(root: Path, home: Path) -> Standing:
    """Look at the processes, the server, the heartbeat and the books; what cannot be read is named, never taken for nothing."""
    unread: list[str] = []
    url = server_in_use(home)
    found: dict[str, Any] = {}
    found |= _or_unread(unread, "trading.duckdb", lambda: _books(home)) or {}
    found["heartbeat"] = _or_unread(unread, HEARTBEAT, lambda: _heartbeat(home))
    found["stop"] = _or_unread(unread, "emergency stop", lambda: _stop(url)) or ""
    if url:
        found["flows"] = _or_unread(unread, "Prefect server", lambda: _flows(root, url)) or ()
    return Standing(
        at=clock.now(),
        home=str(home),
        up=holder_of(home),
        ui=url.removesuffix("/api") if url else "",
        unread=tuple(unread),
        **found,
    )


def _or_unread(unread: list[str], what: str, read: Callable[[], Part]) -> Part | None:
    try:
        return within(ANSWER_SECONDS, read)
    except Exception as error:  # noqa: BLE001 - a status that cannot read one thing still says the rest
        said = str(error) if isinstance(error, TradewindError) else f"{what}: {type(error).__name__} {error}"
        unread.append(" ".join(said.split())[:200])
        return None


def _flows(root: Path, url: str) -> tuple[FlowStanding, ...]:
    names = [deployment["name"] for deployment in declared_deployments(root)]
    with prefect_at(url) as client:
        return flow_standings(client, names)


def _heartbeat(home: Path) -> datetime | None:
    note = home / HEARTBEAT
    return datetime.fromisoformat(json.loads(note.read_text())["at"]) if note.exists() else None


def _stop(url: str | None) -> str:
    # Without a server there is no variable to ask for, and Prefect would start a server of its own to ask.
    if url is None:
        return f"the file {stop_file()}" if stop_file().exists() else ""
    with prefect_at(url):
        stop = read_stop.fn(None)
    if stop.unreadable:
        raise StoreError(stop.unreadable)
    return stop.set_by


def _books(home: Path) -> dict[str, Any]:
    if not (home / "trading.duckdb").exists():
        return {}
    books = Store(home, patience=STORE_SECONDS)
    with books.trading.read():
        live, last = books.activations.live(), books.equity.last(settings().account)
        lines = books.outbox.standings()
    masked = {hook.destination: hook.masked for hook in webhooks()}
    return {
        "release": live.fingerprint if live else "",
        "stage": live.stage if live else "",
        "money": Money(last.account, last.at, last.equity, last.verdict, last.reason) if last else None,
        "waiting": max((line.waiting for line in lines if not line.line.gone), default=0),
        "gone": tuple(masked[line.destination] for line in lines if line.line.gone and line.destination in masked),
    }
