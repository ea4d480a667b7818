"""Flow runs that went wrong, as notices; whether an automation or the messenger's own look found them, it is one notice.

A flow that fails again and again is told three times in ten minutes; the runs in between are events, which only Prefect sees.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.errors import ConfigError
from core.notify.notice import Notice, Severity
from core.notify.wording import FENCE

BAD = frozenset({"failed", "crashed", "timedout"})
GRAVE = frozenset({"trade", "emergency-stop", "resume"})
"""Flows whose failure may leave positions unattended: critical. Any other can wait for the morning: a warning."""
SHORTLY, MOST = timedelta(minutes=10), 3
LAST_OF_THEM = "The third within ten minutes: what follows shortly is not told."
KEYS = ("flow_run_id", "flow", "deployment", "state", "url", "message")


@dataclass(frozen=True, slots=True)
class FlowRun:
    """A flow run in a state worth telling; `state` is Prefect's name of it, such as Failed, Crashed, TimedOut or Late."""

    flow_run_id: str
    state: str
    at: datetime
    flow: str = ""
    deployment: str = ""
    url: str = ""
    message: str = ""


def parsed(body: str, *, now: datetime) -> FlowRun:
    """Read what an automation posts: lines of ``key: value``; the message comes last and may have several lines.

    Raises
    ------
    ConfigError
        When it names no flow run or no state.
    """
    found: dict[str, str] = {}
    lines = body.splitlines()
    for number, line in enumerate(lines):
        key, colon, value = line.partition(":")
        if colon and key.strip() in KEYS:
            found[key.strip()] = value.strip()
        if key.strip() == "message":
            found["message"] = "\n".join((value.strip(), *lines[number + 1 :])).strip()
            break
    if not found.get("flow_run_id") or not found.get("state"):
        raise ConfigError(
            "a notification without flow_run_id or state: see deployments/automations.yaml for the form of its body"
        )
    return FlowRun(at=now, **found)


def flow_run_notice(run: FlowRun, recent: Iterable[Notice]) -> Notice:
    """Return the notice of a flow run; quieter when the same happened to its flow shortly before.

    Parameters
    ----------
    recent : notices of the last minutes, in any order
    """
    state = "".join(filter(str.isalnum, run.state.lower()))
    event, resource = f"flow-run.{state}", f"flow.{run.flow or 'unknown'}"
    told = Notice(
        id=f"flow-run.{run.flow_run_id}.{state}",
        event=event,
        at=run.at,
        severity=_severity(run.flow, state),
        resource=resource,
        title=f"{run.flow or 'A flow'} {'is late' if state == 'late' else state}",
        text=_text(run),
        fields=tuple((key, value) for key, value in (("deployment", run.deployment), ("state", run.state)) if value),
        group=f"{event}.{run.flow}",
    )
    before = sum(
        (other.event, other.resource) == (event, resource)
        and other.id != told.id
        and other.severity > Severity.EVENT
        and abs(run.at - other.at) < SHORTLY
        for other in recent
    )
    if before >= MOST:
        return replace(told, severity=Severity.EVENT)
    return replace(told, text=f"{told.text}\n{LAST_OF_THEM}") if before == MOST - 1 else told


def _severity(flow: str, state: str) -> Severity:
    if state in BAD:
        return Severity.CRITICAL if flow in GRAVE else Severity.WARNING
    return Severity.WARNING if state == "late" else Severity.INFO


def _text(run: FlowRun) -> str:
    says = run.message.replace(FENCE, "'")
    parts = (f"{FENCE}\n{says}\n{FENCE}" if says else "", run.url)
    return "\n".join(part for part in parts if part)
