"""A session: where a command works, set up before Prefect and numba are imported, and the server its flows report to."""

import atexit
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tasks.children import Child, stop_children
from tasks.environment import prepare, use_server
from tasks.prefect_processes import spare_port, start_private_server, wait_until_healthy

Result = TypeVar("Result")
PATIENCE = 5.0
"""Seconds the private server may take to leave at the end."""

_private: list[tuple[Child, str]] = []


def open_session(home: Path, *, log_level: str = "CRITICAL") -> None:
    """Point this process at a home, for a command that runs no flow."""
    prepare(home, log_level=log_level)


def open_flow_session(home: Path, *, alone: bool = False) -> None:
    """Point this process at a home, and at a Prefect server: the one that `tradewind up` runs for it, or one of its own.

    A private server is started now and waited for later, in `under_prefect`: meanwhile this process imports.

    Parameters
    ----------
    alone : whether to use a private server whatever else runs
    """
    if not prepare(home, log_level="CRITICAL", alone=alone):
        port = spare_port()
        child, url = start_private_server(home, port)
        _private.append((child, url))
        atexit.register(stop_children, [child], patience=PATIENCE)  # registered before Prefect's own, so it runs after them
        use_server(url)


def under_prefect(call: Callable[[], Result]) -> Result:
    """Call a flow once the server answers.

    The heartbeat is for a server that watches from outside; here it would only add a second to every run.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    for child, url in _private:
        wait_until_healthy(url, child.check)
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        return call()
