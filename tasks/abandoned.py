"""Abandoned runs: an end for runs that nobody works on, and one run, not a stampede, for what was missed meanwhile."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Crashed, Scheduled

WORKED_ON = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
STILL_IN_TIME = timedelta(seconds=30)
CATCH_UP = "catch-up"
"""Tag of a deployment that is run once when it was missed; of the others a missed run is worth nothing."""
PAGES = 10
"""Of 200 runs each: far more than Prefect plans ahead."""


class Swept(NamedTuple):
    """What was done about runs that nobody works on.

    Parameters
    ----------
    crashed : runs that had begun, or were about to
    missed : runs that came due and were cancelled
    caught_up : names of the deployments that run once now for all they have missed
    """

    crashed: int
    missed: int
    caught_up: tuple[str, ...]


MISSED_AFTER = timedelta(seconds=60)
"""On a server with other workers, what nobody has taken for this long is missed."""


def end_abandoned(client: SyncPrefectClient, due_by: datetime) -> Swept:
    """End every deployment's run that no worker has; call it while no worker runs.

    A killed worker leaves its runs Running for ever, and each keeps its deployment's only slot for minutes.
    """
    begun = _all(client, _filter(WORKED_ON))
    _end(client, begun, lambda: Crashed(message="its worker was stopped"))
    return end_missed(client, due_by)._replace(crashed=len(begun))


def end_missed(client: SyncPrefectClient, due_by: datetime, names: Collection[str] = ()) -> Swept:
    """Cancel the runs that came due and were not taken by any worker; they would all start at once.

    A deployment that wants to catch up runs once instead, now: a run that was asked for by hand if there is one, else a new one
    (Prefect takes the planned ones back when it deploys). Interrupted anywhere, and called again, it does the same.

    Parameters
    ----------
    names : of the deployments to look at; all when empty
    """
    missed = sorted(_all(client, _filter((StateType.SCHEDULED,), due_by), names), key=lambda run: str(run.deployment_id))
    kept: dict[UUID, str] = {}
    for deployment, runs in groupby(missed, key=lambda run: run.deployment_id):
        if deployment is not None:
            kept |= _caught_up(client, deployment, list(runs))
    lost = [run for run in missed if run.id not in kept]
    _end(client, lost, lambda: Cancelled(message="came due while Tradewind was not running"))
    return Swept(0, len(lost), tuple(sorted(kept.values())))


def release_runs(client: SyncPrefectClient, pool: str, now: datetime) -> tuple[int, int]:
    """Take back what the pool's worker had when it and its runs were killed; call it before another one starts.

    Return how many runs are planned again, since they had not begun and are still in time, and how many are crashed.
    """
    lost = [run for run in _all(client, _filter(WORKED_ON)) if run.work_pool_name == pool]
    again = [run for run in lost if run.state_type is StateType.PENDING and _in_time(run, now)]
    for run in again:
        client.set_flow_run_state(run.id, Scheduled(scheduled_time=run.expected_start_time), force=True)
    cut_off = [run for run in lost if run not in again]
    _end(client, cut_off, lambda: Crashed(message="its worker died"))
    return len(again), len(cut_off)


def _in_time(run: FlowRun, now: datetime) -> bool:
    return run.expected_start_time is not None and now - run.expected_start_time < STILL_IN_TIME


def _caught_up(client: SyncPrefectClient, deployment: UUID, missed: list[FlowRun]) -> dict[UUID, str]:
    """Return the run that stands for all those missed, with its deployment's name; none if it does not catch up."""
    known = client.read_deployment(deployment)
    if CATCH_UP not in (known.tags or []) or known.paused:
        return {}
    newest = max(missed, key=lambda run: (not run.auto_scheduled, run.expected_start_time))
    if newest.auto_scheduled:
        key = f"{CATCH_UP} {newest.expected_start_time}"
        newest = client.create_flow_run_from_deployment(deployment, idempotency_key=key)
    return {newest.id: known.name}


def _filter(types: tuple[StateType, ...], due_by: datetime | None = None) -> FlowRunFilter:
    return FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=due_by) if due_by else None,
    )


def _all(client: SyncPrefectClient, which: FlowRunFilter, names: Collection[str] = ()) -> list[FlowRun]:
    of = DeploymentFilter(name=DeploymentFilterName(any_=list(names))) if names else None
    found: list[FlowRun] = []
    for _ in range(PAGES):
        page = client.read_flow_runs(flow_run_filter=which, deployment_filter=of, offset=len(found))
        found += page
        if not page:
            break
    return found


def _end(client: SyncPrefectClient, runs: Iterable[FlowRun], state: Callable[[], State]) -> None:
    for run in runs:
        client.set_flow_run_state(run.id, state(), force=True)
