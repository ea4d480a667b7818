"""A session: where a command works, set up before Prefect and numba are imported."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tasks.environment import prepare

Result = TypeVar("Result")


def open_session(home: Path, *, alone: bool = False, log_level: str = "CRITICAL") -> None:
    """Point this process at a home.

    Parameters
    ----------
    alone : whether to use a Prefect server of this process's own, whatever else runs
    """
    prepare(home, log_level=log_level, alone=alone)


def under_prefect(call: Callable[[], Result]) -> Result:
    """Call a flow: on the server that `tradewind up` runs for this home, else on one that lives as long as this process.

    The heartbeat is for a server that watches from outside; here it would only add a second to every run.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        return call()
