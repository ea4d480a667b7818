"""Up: server, workers, messenger and all deployments, kept running until somebody stops it or one of them keeps dying."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from time import sleep
from typing import NoReturn

from core.errors import ConfigError, TradewindError
from core.notify.notice import Notice, Severity
from flows.board import Board
from flows.console import err, out
from flows.in_step import InStep, bring_in_step, follow_messenger
from tasks import clock
from tasks.abandoned import MISSED_AFTER, Swept, end_abandoned, end_missed, release_runs
from tasks.children import Child, ChildEnded, start_child, stop_children
from tasks.environment import SERVER_NOTE, for_child, operators_server
from tasks.notifying import notify
from tasks.prefect_api import TROUBLE, prefect_at
from tasks.prefect_processes import (
    HOST,
    MESSENGER,
    SERVER_NAME,
    answers,
    free_port,
    require_ours,
    serves,
    start_messenger,
    start_server,
    start_worker,
    wait_until_healthy,
    worker_name,
)
from tasks.project import declared_deployments, declared_pools, project_root
from tasks.settings import settings
from tasks.stoppable import stoppable
from tasks.supervising import Supervisor
from tasks.up_lock import up_lock
from tasks.webhooks import webhooks

PATIENCE = 4.0
"""Seconds that workers, and after them messenger and server, may take to leave on their own."""

LOOK_SECONDS = 0.5


def run_up() -> None:
    """Start what is missing, keep it running, and show how it is doing.

    Ctrl-C or SIGTERM stops what was started, workers first. A child that dies is started again; one that keeps dying ends
    everything, with exit code 1.

    Raises
    ------
    ConfigError
        When `tradewind up` already runs for this home, or something it needs is not there.
    """
    root, home = project_root(), settings().home
    with up_lock(home):
        try:
            with stoppable(), ExitStack() as running:
                _run(root, home, running)
        except KeyboardInterrupt:
            out.print("stopped")
        except ChildEnded as error:
            err.print(f"tradewind: {error}; stopped everything", markup=False, soft_wrap=True)
            sys.exit(1)


def _run(root: Path, home: Path, running: ExitStack) -> NoReturn:
    """Bring everything up in order; `running` takes it down in the opposite one."""
    webhooks()  # one that is malformed is refused before anything is started
    board = Board(root, home)
    kernels = _compiled(root, home, running)
    supervisor = Supervisor(partial(_tell, board))
    url = _server(root, home, supervisor, running)
    supervisor.keep(partial(start_messenger, root, home, url), Severity.WARNING)
    running.callback(supervisor.stop, [MESSENGER], patience=PATIENCE)
    in_step = bring_in_step(root, home, url)
    if kernels.process.wait():
        out.print(f"the kernels could not be compiled ahead, so the first tick will: see {kernels.log}", markup=False)
    ready = partial(answers, url) if operators_server(home) else partial(serves, url, home)
    for pool in declared_pools(root):
        severity = Severity.CRITICAL if pool == "live" else Severity.WARNING
        tidy = partial(_release, board, home, url, pool)
        supervisor.keep(partial(start_worker, root, home, url, pool), severity, ready=ready, tidy=tidy)
        running.callback(supervisor.stop, [worker_name(pool)], patience=PATIENCE)
    with board:
        while True:
            supervisor.tend()
            in_step = _followed(board, in_step)
            board.refresh()
            sleep(LOOK_SECONDS)


def _compiled(root: Path, home: Path, running: ExitStack) -> Child:
    """Begin to compile the kernels: after an update, a tick that had to would run out of its time, minute after minute."""
    child = start_child("kernels", [sys.executable, "-m", "tasks.kernels"], env=for_child(), cwd=root, logs=home / "logs")
    running.callback(stop_children, [child], patience=0)
    return child


def _server(root: Path, home: Path, supervisor: Supervisor, running: ExitStack) -> str:
    """Return the address of the server to use: the operator's own, or one that is started now."""
    if url := operators_server(home):
        if not answers(url):
            raise ConfigError(f"PREFECT_API_URL={url}: no Prefect server answers; start it, or unset the variable")
        names = [deployment["name"] for deployment in declared_deployments(root)]
        with prefect_at(url) as client:
            _say_swept(end_missed(client, clock.now() - MISSED_AFTER, names))
        return url
    port = running.enter_context(free_port())
    url = f"http://{HOST}:{port}/api"
    out.print(f"starting a Prefect server on port {port}", markup=False)
    server = supervisor.keep(partial(start_server, root, home, port), Severity.CRITICAL)
    running.callback(supervisor.stop, [SERVER_NAME], patience=PATIENCE)
    wait_until_healthy(url, server.check)
    require_ours(url, home)
    running.enter_context(_noted(home / SERVER_NOTE, url))
    _end_abandoned(url, home)
    running.callback(_end_abandoned, url, home)
    return url


def _release(board: Board, home: Path, url: str, pool: str) -> None:
    """Give the dead worker's runs back to our server; on somebody else's, other workers may have runs in the pool."""
    if operators_server(home):
        return
    try:
        with prefect_at(url) as client:
            again, crashed = release_runs(client, pool, clock.now())
        board.say(f"pool {pool}: {again} runs planned again, {crashed} were cut off")
    except TROUBLE as error:
        board.say(f"pool {pool}: its runs are left to the automations: {type(error).__name__} {error}")


def _followed(board: Board, done: InStep) -> InStep:
    """Point the automations at the messenger's address; when that fails, the next look tries again."""
    try:
        return follow_messenger(done)
    except TROUBLE as error:
        board.say(f"the automations still post to {done.messenger}: {type(error).__name__} {error}")
        return done


def _end_abandoned(url: str, home: Path) -> None:
    if not serves(url, home):  # the server itself is gone: the next start ends them
        return
    with prefect_at(url) as client:
        _say_swept(end_abandoned(client, clock.now()))


def _say_swept(swept: Swept) -> None:
    if swept.crashed or swept.missed:
        out.print(f"ended {swept.crashed} runs that no worker has, and {swept.missed} that came due meanwhile")
    for name in swept.caught_up:
        out.print(f"{name} was missed: it runs once now", markup=False)


def _tell(board: Board, notice: Notice) -> None:
    """Say it here and put it in the outbox; a database that is in use must not keep us from starting things again."""
    board.say(notice.title)
    try:
        notify(notice)
    except (TradewindError, OSError) as error:
        board.say(f"this notice could not be kept: {error}")


@contextmanager
def _noted(note: Path, url: str) -> Iterator[None]:
    """Leave the server's address for other commands, for as long as it holds."""
    note.write_text(url)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)
