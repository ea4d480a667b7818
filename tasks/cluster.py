"""A Dask cluster for the night: independent searches side by side, with the results that one process would have.

1. A job is a pure function of the market and its own numbers, so where it runs, and in which order, changes nothing. Workers
   of another version of `core` are refused.
2. The market goes to every worker once. A worker that is lost costs time: Dask gives its jobs to the others.
3. Nothing of Dask is imported until somebody asks for a cluster; it is an optional extra.

Tested in tests/flows/test_cluster.py.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from queue import SimpleQueue
from threading import Lock
from typing import Any
from uuid import uuid4

import optuna

from core.errors import ConfigError, TradewindError
from core.optimize.search import Trial
from core.portfolio import Market
from core.validation.walkforward import Tell
from tasks.environment import keep_kernels
from tasks.version import core_version

LOCAL = "local:"
PATIENCE = 30
"""Seconds that a scheduler may take to answer, and then its first worker to join."""

Run = Callable[..., Any]
"""Called as ``run(market, told=...)``."""

_ALONE = Lock()
"""A worker with several threads still searches one at a time: Python would only let them take turns."""


@dataclass(frozen=True, slots=True)
class Job:
    """One search: what runs, and who hears of its trials. `run` is pickled, so it is a function of a module, or its partial."""

    name: str
    run: Run
    told: Tell


class ClusterLost(TradewindError):
    """The cluster went away in the middle: nothing was decided; run the night again."""


def run_here(market: Market, jobs: Sequence[Job]) -> list[Any]:
    """Run the jobs one after the other in this process."""
    return [job.run(market, told=job.told) for job in jobs]


def run_on(address: str, market: Market, jobs: Sequence[Job]) -> list[Any]:
    """Run the jobs on the cluster; return their results in order.

    Parameters
    ----------
    address : ``tcp://host:8786`` of a scheduler, or ``local:2`` for that many processes of this machine

    Raises
    ------
    ConfigError
        When Dask is not installed, the address is none, nobody answers there, or a worker runs another version of `core`.
    ClusterLost
        When the scheduler, or more workers than Dask forgives, went away before the end.
    """
    with _connected(address) as client, _losing(address):
        inbox: SimpleQueue[Any] = SimpleQueue()
        topic = f"tradewind-{uuid4().hex}"
        client.subscribe_topic(topic, inbox.put)
        shared = client.scatter(market, broadcast=True, hash=False)
        futures = [_submit(client, k, job, shared, topic) for k, job in enumerate(jobs)]
        for future in futures:
            future.add_done_callback(inbox.put)
        _follow(inbox, jobs)
        return list(client.gather(futures))


def _submit(client: Any, k: int, job: Job, shared: Any, topic: str) -> Any:
    return client.submit(_run, job.run, shared, core_version(), topic, k, key=f"{job.name}-{topic}", pure=False)


def _run(run: Run, market: Market, version: str, topic: str, k: int) -> Any:
    """Run one job; this is what happens on a worker."""
    keep_kernels()  # before anything imports the compiler
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    worker = _dask().get_worker()
    if core_version() != version:
        raise ConfigError(f"{worker.address}: this worker runs core {core_version()}, the night {version}; install the same")
    with _ALONE:
        return run(market, told=lambda trial: worker.log_event(topic, [k, trial.number, trial.value]))


def _follow(inbox: SimpleQueue[Any], jobs: Sequence[Job]) -> None:
    """Pass on what workers tell until every job has ended; a job that failed ends it with its error."""
    left, seen = len(jobs), set()
    while left:
        match inbox.get():
            case (_, [k, number, value]):
                if (k, number) not in seen:  # a job that a lost worker had begun tells its trials again
                    seen.add((k, number))
                    jobs[k].told(Trial(number, {}, value))
            case future:
                future.result()
                left -= 1


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    dask = _dask()
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what went wrong is in the error that is raised
    if not address.startswith(LOCAL):
        with _reached(address) as client:
            yield client
        return
    asked = {"n_workers": _count(address), "threads_per_worker": 1, "dashboard_address": None}
    with dask.LocalCluster(**asked, silence_logs=logging.CRITICAL) as here, dask.Client(here, set_as_default=False) as client:
        yield client


@contextmanager
def _reached(address: str) -> Iterator[Any]:
    try:
        client = _dask().Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"TRADEWIND_DASK={address}: no Dask scheduler answers there; start it, or unset it") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            hint = f"start one with `dask worker {address} --nthreads 1`"
            raise ConfigError(f"TRADEWIND_DASK={address}: the scheduler has no worker; {hint}") from error
        yield client


def _dask() -> Any:
    try:
        return import_module("distributed")
    except ModuleNotFoundError as error:
        raise ConfigError("TRADEWIND_DASK: Dask is not installed; run pip install 'tradewind[cluster]', or unset it") from error


def _count(address: str) -> int:
    number = address.removeprefix(LOCAL)
    if not number.isdecimal() or not int(number):
        raise ConfigError(f"TRADEWIND_DASK={address}: write local: and a number of processes, such as local:2")
    return int(number)


@contextmanager
def _losing(address: str) -> Iterator[None]:
    """Turn what Dask says of a cluster that went away into one line."""
    dask = _dask()
    try:
        yield
    except (dask.CancelledError, dask.KilledWorker, OSError, TimeoutError) as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ClusterLost(
            f"TRADEWIND_DASK={address}: the cluster was lost ({cause}); nothing was decided, run it again"
        ) from error
