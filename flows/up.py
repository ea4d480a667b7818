"""Up: a server, a worker per pool and all deployments, until somebody stops it or one of them ends."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import sleep
from types import FrameType
from typing import NoReturn

from rich.table import Table

from core.errors import ConfigError
from flows.console import err, out
from flows.demo_home import MARK
from tasks import clock
from tasks.children import Child, ChildEnded, stop_children
from tasks.environment import SERVER_NOTE, operators_server
from tasks.prefect_api import (
    Upcoming,
    all_deployments,
    end_abandoned,
    ensure_pools,
    pause,
    paused_deployments,
    prefect_at,
    upcoming,
)
from tasks.prefect_processes import HOST, answers, deploy, free_port, start_server, start_worker, wait_until_healthy
from tasks.project import declared_pools, project_root
from tasks.settings import settings
from tasks.up_lock import up_lock

PATIENCE = 4.0
"""Seconds that workers, and after them the server, may take to leave on their own."""


def run_up() -> None:
    """Start what is missing, say what runs next, and wait.

    Ctrl-C or SIGTERM stops what was started, workers first. A child that ends by itself ends everything, with exit code 1.

    Raises
    ------
    ConfigError
        When `tradewind up` already runs for this home, or something it needs is not there.
    """
    root, home = project_root(), settings().home
    with up_lock(home):
        try:
            with _stoppable(), ExitStack() as running:
                _watch(_start(root, home, running))
        except KeyboardInterrupt:
            out.print("stopped")
        except ChildEnded as error:
            err.print(f"tradewind: {error}; stopped everything", markup=False, soft_wrap=True)
            sys.exit(1)


def _start(root: Path, home: Path, running: ExitStack) -> list[Child]:
    """Bring everything up in order; `running` takes it down in the opposite one."""
    children, url = _server(root, home, running)
    _deploy(root, home, url)
    workers = [start_worker(root, home, url, pool) for pool in declared_pools(root)]
    running.callback(stop_children, workers, patience=PATIENCE)
    children += workers
    with prefect_at(url) as client:
        _show(upcoming(client, lambda: _check(children)), url, home)
    return children


def _server(root: Path, home: Path, running: ExitStack) -> tuple[list[Child], str]:
    """Return the server we started, if we did, and the address of the one to use."""
    if url := operators_server(home):
        if not answers(url):
            raise ConfigError(f"PREFECT_API_URL={url}: no Prefect server answers; start it, or unset the variable")
        return [], url
    port = free_port()
    url = f"http://{HOST}:{port}/api"
    out.print(f"starting a Prefect server on port {port}", markup=False)
    server = start_server(root, home, port)
    running.callback(stop_children, [server], patience=PATIENCE)
    wait_until_healthy(url, server.check)
    running.enter_context(_noted(home / SERVER_NOTE, url))
    _end_abandoned(url)
    running.callback(_end_abandoned, url)
    return [server], url


def _deploy(root: Path, home: Path, url: str) -> None:
    """Bring the deployments in step with the file; what was paused stays paused, and a demo's home stands still."""
    out.print("deploying", markup=False)
    with prefect_at(url) as client:
        ensure_pools(client, declared_pools(root))
        paused = paused_deployments(client)
    deploy(root, home, url)
    demo = (home / MARK).exists()
    if demo:
        out.print("this home is a demo's, on invented bars: every schedule is paused", markup=False)
    with prefect_at(url) as client:
        pause(client, all_deployments(client) if demo else paused)


def _end_abandoned(url: str) -> None:
    if not answers(url):  # the server itself is gone: the next start ends them
        return
    with prefect_at(url) as client:
        if ended := end_abandoned(client, clock.now()):
            out.print(f"ended {ended} runs that no worker has", markup=False)


def _watch(children: list[Child]) -> NoReturn:
    while True:
        _check(children)
        sleep(0.5)


def _check(children: list[Child]) -> None:
    for child in children:
        child.check()


def _show(rows: tuple[Upcoming, ...], url: str, home: Path) -> None:
    table = Table("flow", "next run (UTC)", "what", box=None)
    for row in rows:
        table.add_row(row.name, _when(row), row.description)
    out.print(f"\nPrefect UI  {url.removesuffix('/api')}", markup=False, soft_wrap=True)
    out.print(f"Logs        {home / 'logs'}\n", markup=False, soft_wrap=True)
    out.print(table)
    out.print("\nCtrl-C stops everything.", markup=False)


def _when(row: Upcoming) -> str:
    if row.next_run:
        return f"{row.next_run:%Y-%m-%d %H:%M}"
    if row.due:
        return "not planned: see the server's log"
    return "paused" if row.paused else "on demand"


@contextmanager
def _noted(note: Path, url: str) -> Iterator[None]:
    """Leave the server's address for other commands, for as long as it holds."""
    note.write_text(url)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the first Ctrl-C, SIGTERM or hang-up into KeyboardInterrupt; while stopping, ignore more of them."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup
    ours = {signal.SIGINT, signal.SIGTERM} | (set() if ignored else {signal.SIGHUP})
    before = {each: signal.signal(each, stop) for each in ours}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
