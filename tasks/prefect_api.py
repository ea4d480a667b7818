"""What `tradewind` asks of a Prefect server: pools, deployments, what runs next and how it ended last."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectAlreadyExists, PrefectException
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.workers.process import ProcessWorker

from core.operations.standing import FlowStanding

TROUBLE = (httpx.HTTPError, PrefectException)
"""What talking to a server raises when it is not there, not well, or not of our mind."""

PLANNED = (StateType.SCHEDULED,)


@contextmanager
def prefect_at(url: str) -> Iterator[SyncPrefectClient]:
    """Talk to the server at this address."""
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        yield client


def ensure_pools(client: SyncPrefectClient, pools: Iterable[str]) -> None:
    """Create the process work pools that are missing; the others stay as they are."""
    template = ProcessWorker.get_default_base_job_template()
    for name in pools:
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))


def deployed(client: SyncPrefectClient, names: Iterable[str]) -> dict[str, DeploymentResponse]:
    """Return the deployments of these names that the server has."""
    wanted = frozenset(names)
    return {known.name: known for known in client.read_deployments() if known.name in wanted}


def paused_deployments(client: SyncPrefectClient) -> tuple[UUID, ...]:
    """Return the deployments that somebody paused; deploying again would set them going without a word."""
    return tuple(deployment.id for deployment in client.read_deployments() if deployment.paused)


def pause(client: SyncPrefectClient, deployments: Iterable[UUID]) -> None:
    """Pause these deployments; what they had planned is taken back."""
    for deployment in deployments:
        client.pause_deployment(deployment)


def flow_standings(client: SyncPrefectClient, names: Iterable[str]) -> tuple[FlowStanding, ...]:
    """Return the deployments of these names with their next run and how the last one ended, soonest first."""
    rows = [_row(client, deployment) for deployment in deployed(client, names).values()]
    return tuple(sorted(rows, key=lambda row: (row.next_run is None, row.next_run, row.name)))


def _row(client: SyncPrefectClient, deployment: DeploymentResponse) -> FlowStanding:
    active = any(schedule.active for schedule in deployment.schedules) and not deployment.paused
    planned = _first(client, deployment.id, PLANNED, FlowRunSort.EXPECTED_START_TIME_ASC) if active else None
    ended = _first(client, deployment.id, TERMINAL_STATES, FlowRunSort.END_TIME_DESC)
    return FlowStanding(
        name=deployment.name,
        description=deployment.description or "",
        due=active,
        paused=bool(deployment.schedules) and not active,
        next_run=planned.expected_start_time if planned else None,
        **_end_of(ended),
    )


def _first(client: SyncPrefectClient, deployment: UUID, types: Iterable[StateType], order: FlowRunSort) -> FlowRun | None:
    which = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
    )
    found = client.read_flow_runs(flow_run_filter=which, sort=order, limit=1)
    return found[0] if found else None


def _end_of(run: FlowRun | None) -> dict[str, Any]:
    if run is None or run.state is None:
        return {}
    return {"last_state": run.state.name or "", "last_at": run.state.timestamp, "last_message": run.state.message or ""}
