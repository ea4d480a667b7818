"""Prefect's own processes: the server, one worker per pool, and the command that deploys."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from time import sleep

import requests
from filelock import FileLock, Timeout

from core.errors import ConfigError
from tasks.children import Child, start_child, stop_children
from tasks.environment import for_child, prefect_database
from tasks.project import FILE

SERVER_NAME, MESSENGER = "server", "messenger"
HOST = "127.0.0.1"
FIRST_PORT, PORTS = 4200, 100
ASK_SECONDS, OWNER_ASKED = 10.0, 30
START_SECONDS, DEPLOY_SECONDS, POLL_SECONDS = 120.0, 120.0, 0.2

SERVER = {
    # Leases in memory would end a long search when the server restarts.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # 1,700 runs a day, with 50 events each, would fill the disk; what they did is in our own databases, for good.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(14 * 86_400),
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P2D",
}
PLUGIN = "tradewind"
"""Name of tasks/prefect_sqlite.py among SQLAlchemy's plugins: without it, four runs started at once stop the server."""

WORKER = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
NICE = 10
"""Everything but trading stands back: a nightly search takes what a tick leaves of the processor."""

PROMPT = {"PREFECT_WORKER_QUERY_SECONDS": "2", "PREFECT_WORKER_PREFETCH_SECONDS": "20"}
"""Looking further ahead than imports take lets a tick wait for its minute, instead of its minute for the tick."""


@contextmanager
def free_port() -> Iterator[int]:
    """Give 4200, or the next port that nobody listens on, and keep it for as long as the block runs.

    Another `tradewind up` here passes it over, also in the seconds in which our server is started again: workers that
    find another home's server at their address would take its runs.

    Raises
    ------
    ConfigError
        When a hundred ports in a row are taken.
    """
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with ExitStack() as kept:
            try:
                kept.enter_context(FileLock(Path(gettempdir()) / f"tradewind-port-{port}.lock", timeout=0))
                _bind(port)
            except (Timeout, OSError):  # another home's, another user's, or not Tradewind at all
                continue
            yield port
            return
    raise ConfigError(f"ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are all taken: free one")


def _bind(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))


def start_server(root: Path, home: Path, port: int) -> Child:
    """Start a Prefect server on loopback; its database is in the home."""
    env = for_child(**_server(home), PREFECT_API_URL=f"http://{HOST}:{port}/api")
    return _prefect(SERVER_NAME, ["server", "start", "--host", HOST, "--port", str(port)], env, root, home)


def _server(home: Path) -> dict[str, str]:
    """Return what a server of ours is told; a database of the operator's own choice stays."""
    if prefect_database():
        return SERVER
    place = home.resolve() / "prefect" / "prefect.db"
    return SERVER | {"PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{place}?plugin={PLUGIN}"}


def spare_port() -> int:
    """Return a port that the system says is free."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def start_private_server(home: Path, port: int) -> tuple[Child, str]:
    """Start a server without pages for one process's flow runs; it shares its database with `tradewind up`."""
    url = f"http://{HOST}:{port}/api"
    env = for_child(**_server(home), PREFECT_API_URL=url, PREFECT_UI_ENABLED="false")
    return _prefect("private server", ["server", "start", "--host", HOST, "--port", str(port)], env, home, home), url


def start_worker(root: Path, home: Path, url: str, pool: str) -> Child:
    """Start a worker that runs the pool's flows with this Python, this home and this code."""
    pace, niceness = (PROMPT, 0) if pool == "live" else ({}, NICE)
    env = for_child(**WORKER, **pace, PREFECT_API_URL=url, TRADEWIND_ROOT=str(root))
    command = ["worker", "start", "--pool", pool, "--name", f"tradewind {pool}"]
    return _prefect(worker_name(pool), command, env, root, home, niceness=niceness)


def worker_name(pool: str) -> str:
    """Return the name of the child that is a pool's worker."""
    return f"worker {pool}"


def start_messenger(root: Path, home: Path, url: str) -> Child:
    """Start the process that delivers notices."""
    command = [sys.executable, "-c", "from flows.cli import main; main()", "messenger", "--home", str(home)]
    return start_child(MESSENGER, command, env=for_child(PREFECT_API_URL=url), cwd=root, logs=home / "logs")


def deploy(root: Path, home: Path, url: str) -> None:
    """Deploy everything in `prefect.yaml`; what is there already is brought in step.

    Raises
    ------
    ConfigError
        When Prefect refuses the file.
    """
    env = {name: value for name, value in for_child(PREFECT_API_URL=url).items() if name != "TRADEWIND_ROOT"}
    child = _prefect("deploy", ["--no-prompt", "deploy", "--all"], env, root, home)
    try:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(DEPLOY_SECONDS)
    finally:
        stop_children([child], patience=1)
    if child.process.returncode:
        raise ConfigError(f"{root / FILE}: Prefect could not deploy it; see {child.log}")


def wait_until_healthy(url: str, alive: Callable[[], None]) -> None:
    """Wait until the server answers.

    Parameters
    ----------
    alive : raises when there is nothing left to wait for

    Raises
    ------
    ConfigError
        When it has not answered within two minutes.
    """
    for _ in range(int(START_SECONDS / POLL_SECONDS)):
        alive()
        if answers(url):
            return
        sleep(POLL_SECONDS)
    raise ConfigError(f"Prefect server at {url}: no answer within {START_SECONDS:.0f} s")


def answers(url: str) -> bool:
    """Whether a Prefect API answers at this address."""
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.RequestException:
        return False


def serves(url: str, home: Path) -> bool:
    """Whether the Prefect server that answers at this address is the one of this home: a port may have a new owner."""
    return _served_home(url) == str(home.resolve() / "prefect")


def require_ours(url: str, home: Path) -> None:
    """Refuse a server of another home that took the port in the same moment.

    Raises
    ------
    ConfigError
        When it is not ours, or does not say within half a minute whose it is.
    """
    for _ in range(OWNER_ASKED):
        if owner := _served_home(url):
            break
        sleep(1)
    if owner != str(home.resolve() / "prefect"):
        said = f"Prefect server at {url} is not the one of {home} but of {owner or 'nobody it would name'}"
        raise ConfigError(f"{said}: start `tradewind up` again")


def _served_home(url: str) -> str:
    try:
        return str(requests.get(f"{url}/admin/settings", timeout=ASK_SECONDS).json()["home"])
    except (requests.RequestException, ValueError, KeyError):
        return ""


def _prefect(name: str, arguments: list[str], env: dict[str, str], root: Path, home: Path, *, niceness: int = 0) -> Child:
    command = [sys.executable, "-m", "prefect", *arguments]
    return start_child(name, command, env=env, cwd=root, logs=home / "logs", niceness=niceness)
