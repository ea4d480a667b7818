"""Prefect's own processes: the server, one worker per pool, and the command that deploys."""

import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import sleep

import requests

from core.errors import ConfigError
from tasks.children import Child, start_child, stop_children
from tasks.environment import for_child
from tasks.project import FILE

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 4200, 100
START_SECONDS, DEPLOY_SECONDS, POLL_SECONDS = 120.0, 120.0, 0.2

SERVER = {
    # Leases in memory would end a long search when the server restarts.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # 1,700 runs a day would fill the disk; what they did is in our own databases, for good.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(14 * 86_400),
}
WORKER = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
PROMPT = {"PREFECT_WORKER_QUERY_SECONDS": "2", "PREFECT_WORKER_PREFETCH_SECONDS": "20"}
"""Looking further ahead than imports take lets a tick wait for its minute, instead of its minute for the tick."""


def free_port() -> int:
    """Return 4200, or the next port that nobody listens on.

    Raises
    ------
    ConfigError
        When a hundred ports in a row are taken.
    """
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                return port
    raise ConfigError(f"ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are all taken: free one")


def start_server(root: Path, home: Path, port: int) -> Child:
    """Start a Prefect server on loopback; its database is in the home."""
    env = for_child(**SERVER, PREFECT_API_URL=f"http://{HOST}:{port}/api")
    return _prefect("server", ["server", "start", "--host", HOST, "--port", str(port)], env, root, home)


def spare_port() -> int:
    """Return a port that the system says is free."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def start_private_server(home: Path, port: int) -> tuple[Child, str]:
    """Start a server without pages for one process's flow runs; it shares its database with `tradewind up`."""
    url = f"http://{HOST}:{port}/api"
    env = for_child(**SERVER, PREFECT_API_URL=url, PREFECT_UI_ENABLED="false")
    return _prefect("private server", ["server", "start", "--host", HOST, "--port", str(port)], env, home, home), url


def start_worker(root: Path, home: Path, url: str, pool: str) -> Child:
    """Start a worker that runs the pool's flows with this Python, this home and this code."""
    pace = PROMPT if pool == "live" else {}
    env = for_child(**WORKER, **pace, PREFECT_API_URL=url, TRADEWIND_ROOT=str(root))
    return _prefect(f"worker {pool}", ["worker", "start", "--pool", pool, "--name", f"tradewind {pool}"], env, root, home)


def deploy(root: Path, home: Path, url: str) -> None:
    """Deploy everything in `prefect.yaml`; what is there already is brought in step.

    Raises
    ------
    ConfigError
        When Prefect refuses the file.
    """
    child = _prefect("deploy", ["--no-prompt", "deploy", "--all"], for_child(PREFECT_API_URL=url), root, home)
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


def _prefect(name: str, arguments: list[str], env: dict[str, str], root: Path, home: Path) -> Child:
    return start_child(name, [sys.executable, "-m", "prefect", *arguments], env=env, cwd=root, logs=home / "logs")
