"""The process environment, set before Prefect and numba are imported. The only writer of environment variables.

Prefect keeps its database, profiles and logs inside Tradewind's home, so a demo never touches an operator's own Prefect.
"""

import os
import sys
from pathlib import Path

import requests

from tasks.version import core_version

SERVER_NOTE = "server.url"
"""File in the home that `tradewind up` leaves while its server runs."""


def prepare(home: Path, *, log_level: str, alone: bool = False) -> bool:
    """Point everything at `home`; call before anything imports Prefect or numba.

    Parameters
    ----------
    alone : whether to ignore every Prefect server that runs

    Returns
    -------
    Whether there is a Prefect server to use: the operator's own, or the one `tradewind up` runs for this home.
    """
    home = home.resolve()
    (home / "prefect").mkdir(parents=True, exist_ok=True)
    os.environ["TRADEWIND_HOME"] = str(home)
    os.environ["PREFECT_HOME"] = str(home / "prefect")
    for name, value in _quiet(log_level).items():
        os.environ.setdefault(name, value)
    keep_kernels()
    if alone:
        os.environ.pop("PREFECT_API_URL", None)
    elif url := running_server(home):
        use_server(url)
    return "PREFECT_API_URL" in os.environ


def keep_kernels() -> None:
    """Let numba keep what it compiles where this version of core keeps it; call before anything imports numba."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache()))


def use_server(url: str) -> None:
    """Let Prefect report to the server at this address."""
    os.environ["PREFECT_API_URL"] = url


def override(**values: str) -> None:
    """Set Tradewind settings for this process and its children: ``override(VENUE="synthetic")``."""
    for name, value in values.items():
        os.environ[f"TRADEWIND_{name}"] = value


def for_child(**values: str) -> dict[str, str]:
    """Return the environment of a child process: ours, this Python first on the path, and the given values."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {**os.environ, "PATH": path, **values}


def operators_server(home: Path) -> str | None:
    """Return the API address that the operator chose with PREFECT_API_URL; one that an old note in the home gave is not."""
    url, note = os.environ.get("PREFECT_API_URL"), home / SERVER_NOTE
    return None if note.exists() and note.read_text().strip() == url else url


def running_server(home: Path) -> str | None:
    """Return the API address of the server that `tradewind up` runs for this home, if it answers."""
    note = home / SERVER_NOTE
    return _answering(note.read_text().strip()) if note.exists() else None


def server_in_use(home: Path) -> str | None:
    """Return the API address of the server that this home's flows report to, if it answers."""
    return running_server(home) or _answering(operators_server(home))


def prefect_database() -> str | None:
    """Return the address of the database that the operator chose for a Prefect server that we start; None without a choice."""
    names = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def prefect_database_kind() -> str:
    """Return what kind of database a Prefect server that we start keeps: ``sqlite``, ``postgresql``."""
    return (prefect_database() or "sqlite").partition(":")[0].partition("+")[0]


def _answering(url: str | None) -> str | None:
    try:
        return url if url and requests.get(f"{url}/health", timeout=2).ok else None
    except requests.RequestException:
        return None


def _quiet(log_level: str) -> dict[str, str]:
    return {
        "PREFECT_LOGGING_LEVEL": log_level,
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
    }


def kernel_cache() -> Path:
    """Return the folder of compiled kernels for this version of the code."""
    # numba notices a change in a kernel's own file, not in the files it calls: a folder per version of core/ does.
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "tradewind" / f"kernels-{core_version()}"
