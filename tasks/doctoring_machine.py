"""The doctor's look at the machine: Python, packages, settings."""

import platform
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from core.operations.checkup import Finding, Outcome, packages
from tasks.settings import settings

LOCK = "requirements.lock"


def python_version(check: str, _root: Path, _home: Path) -> Finding:
    """Hold this Python against those that Tradewind is made for."""
    wanted, running = metadata("tradewind")["Requires-Python"], platform.python_version()
    if running in SpecifierSet(wanted):
        return Finding(check, Outcome.OK, running)
    return Finding(
        check, Outcome.FAIL, f"{running}, and Tradewind needs {wanted}", "install another with `make run PYTHON=python3.12`"
    )


def locked_packages(check: str, root: Path, _home: Path) -> Finding:
    """Hold the installed packages against the lock file."""
    lock = root / LOCK
    if not lock.exists():
        return Finding(check, Outcome.SKIPPED, f"no {LOCK} here")
    lines = (line.split("\\")[0].strip() for line in lock.read_text().splitlines())
    wanted = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    here = [one for one in wanted if one.marker is None or one.marker.evaluate()]
    locked = {one.name: str(one.specifier).removeprefix("==") for one in here}
    return packages(check, locked, {name: found for name in locked if (found := _installed(name))})


def configuration(check: str, _root: Path, _home: Path) -> Finding:
    """Read the settings; what is wrong with them is raised."""
    config = settings()
    return Finding(check, Outcome.OK, f"mode {config.mode}, account {config.account}, bars of {config.timeframe}")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
