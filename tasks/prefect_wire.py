"""Prefect's server over plain HTTP, for a process that lives for months and should not import all of Prefect.

Tested on Prefect 3.8.8: `tests/tasks/test_prefect_wire.py`.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from core.notify.delivery import Answer, Failed, Refused, Sent
from core.notify.flow_runs import FlowRun
from core.notify.message import Message
from core.notify.notice import Notice
from core.notify.prefect_event import event_of
from tasks.environment import SERVER_NOTE

TIMEOUT = 5.0
MOST = 100
"""Events in one request, and failed runs in one look."""
TRADE = "trade"


def server_address(home: Path, chosen: str | None) -> str:
    """Return the API address of the operator's server, or of the one that the home's note names; "" when there is neither."""
    note = home / SERVER_NOTE
    return chosen or (note.read_text().strip() if note.exists() else "")


def answers(url: str) -> bool:
    """Whether the server answers."""
    try:
        return requests.get(f"{url}/health", timeout=TIMEOUT).ok
    except requests.RequestException:
        return False


def events_message(waiting: Sequence[Notice], *, is_plain: bool) -> Message | None:
    """Return the next notices as events; one at a time after a refusal, so that one bad event costs no other."""
    notices = tuple(waiting[: 1 if is_plain else MOST])
    return Message(notices, {"events": [event_of(notice) for notice in notices]}) if notices else None


def post_events(url: str, message: Message) -> Answer:
    """Post events to the server at this address."""
    if not url:
        return Failed("no Prefect server runs")
    try:
        reply = requests.post(f"{url}/events", json=message.payload["events"], timeout=TIMEOUT)
    except requests.RequestException as error:
        return Failed(type(error).__name__)
    if reply.ok:
        return Sent("events")
    says = f"HTTP {reply.status_code}"
    return Refused(says) if reply.status_code == requests.codes.unprocessable_entity else Failed(says)


def failed_runs(url: str, since: datetime) -> tuple[FlowRun, ...]:
    """Return the flow runs that have failed or crashed since then, oldest first, a hundred at most.

    Raises
    ------
    requests.RequestException
        When the server does not answer, or not in the form we know.
    """
    wanted = {
        "flow_runs": {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}, "end_time": {"after_": since.isoformat()}},
        "sort": "END_TIME_DESC",
        "limit": MOST,
    }
    runs = _asked(url, "flow_runs", wanted)
    flows = _names(url, "flows", {run["flow_id"] for run in runs})
    deployments = _names(url, "deployments", {run["deployment_id"] for run in runs if run["deployment_id"]})
    return tuple(_run(run, flows, deployments, url) for run in reversed(runs))


def is_scheduled(url: str) -> bool:
    """Whether the trade deployment has a schedule that is active; raises as `failed_runs` does."""
    deployments = _asked(url, "deployments", {"deployments": {"name": {"any_": [TRADE]}}})
    return any(not d["paused"] and any(schedule["active"] for schedule in d["schedules"]) for d in deployments)


def _run(run: dict[str, Any], flows: dict[str, str], deployments: dict[str, str], url: str) -> FlowRun:
    return FlowRun(
        flow_run_id=run["id"],
        state=run["state_name"],
        at=datetime.fromisoformat(run["end_time"]),
        flow=flows.get(run["flow_id"], ""),
        deployment=deployments.get(run["deployment_id"] or "", ""),
        url=f"{url.removesuffix('/api')}/runs/flow-run/{run['id']}",
        message=(run["state"] or {}).get("message") or "",
    )


def _names(url: str, what: str, ids: set[str]) -> dict[str, str]:
    found = _asked(url, what, {what: {"id": {"any_": sorted(ids)}}}) if ids else []
    return {row["id"]: row["name"] for row in found}


def _asked(url: str, what: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    reply = requests.post(f"{url}/{what}/filter", json=wanted, timeout=TIMEOUT)
    reply.raise_for_status()
    return list(reply.json())
