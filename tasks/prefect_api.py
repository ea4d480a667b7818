"""What `tradewind up` asks of a Prefect server: pools, what runs next, and an end for runs that nobody works on."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import sleep
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Crashed
from prefect.workers.process import ProcessWorker

WORKED_ON = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
NEVER = datetime.max.replace(tzinfo=UTC)
PAGES = 10
"""Of 200 runs each: far more than Prefect plans ahead."""
SCHEDULER_SECONDS = 10
"""Prefect plans a new deployment's runs within five seconds."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A deployment, and when it runs next.

    Parameters
    ----------
    due : whether it has a schedule that is active
    paused : whether it has one that somebody paused
    next_run : None when it is not due, or when Prefect has not planned it
    """

    name: str
    description: str
    due: bool
    paused: bool
    next_run: datetime | None


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


def paused_deployments(client: SyncPrefectClient) -> tuple[UUID, ...]:
    """Return the deployments that somebody paused; deploying again would set them going without a word."""
    return tuple(deployment.id for deployment in client.read_deployments() if deployment.paused)


def pause(client: SyncPrefectClient, deployments: Iterable[UUID]) -> None:
    """Pause these deployments; what they had planned is taken back."""
    for deployment in deployments:
        client.pause_deployment(deployment)


def all_deployments(client: SyncPrefectClient) -> tuple[UUID, ...]:
    """Return every deployment."""
    return tuple(deployment.id for deployment in client.read_deployments())


def end_abandoned(client: SyncPrefectClient, now: datetime) -> int:
    """End every deployment's run that no worker has, and return how many; call it while no worker runs.

    A killed worker leaves its runs Running for ever, and each keeps its deployment's only slot for minutes. Runs that came
    due meanwhile would all start at once.
    """
    begun = _filter(WORKED_ON)
    missed = _filter((StateType.SCHEDULED,), due_by=now)
    return _end(client, begun, lambda: Crashed(message="its worker was stopped")) + _end(
        client, missed, lambda: Cancelled(message="came due while Tradewind was not running")
    )


def upcoming(client: SyncPrefectClient, alive: Callable[[], None]) -> tuple[Upcoming, ...]:
    """Return every deployment with its next run, soonest first; waits a little for the scheduler to plan them.

    Parameters
    ----------
    alive : raises when there is nothing left to wait for
    """
    for _ in range(SCHEDULER_SECONDS):
        alive()
        rows = [_row(client, deployment) for deployment in client.read_deployments()]
        if not any(row.due and row.next_run is None for row in rows):
            break
        sleep(1)
    return tuple(sorted(rows, key=lambda row: (row.next_run or NEVER, row.name)))


def _filter(types: tuple[StateType, ...], due_by: datetime | None = None) -> FlowRunFilter:
    return FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=due_by) if due_by else None,
    )


def _end(client: SyncPrefectClient, which: FlowRunFilter, state: Callable[[], State]) -> int:
    ended = 0
    for _ in range(PAGES):
        runs = client.read_flow_runs(flow_run_filter=which)
        for run in runs:
            client.set_flow_run_state(run.id, state(), force=True)
        ended += len(runs)
        if not runs:
            break
    return ended


def _row(client: SyncPrefectClient, deployment: DeploymentResponse) -> Upcoming:
    active = any(schedule.active for schedule in deployment.schedules) and not deployment.paused
    return Upcoming(
        name=deployment.name,
        description=deployment.description or "",
        due=active,
        paused=bool(deployment.schedules) and not active,
        next_run=_next_run(client, deployment.id) if active else None,
    )


def _next_run(client: SyncPrefectClient, deployment: UUID) -> datetime | None:
    which = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
    )
    planned = client.read_flow_runs(flow_run_filter=which, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=1)
    return planned[0].expected_start_time if planned else None
