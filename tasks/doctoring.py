"""Doctoring: the checks of `tradewind doctor`, each with a time it may take, so that nothing hangs or hides a failure."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from core.errors import TradewindError
from core.operations.checkup import Finding, Outcome
from tasks.doctoring_home import database_lock, databases, disk, leftovers, writable
from tasks.doctoring_machine import configuration, locked_packages, python_version
from tasks.doctoring_prefect import automations, deployments, prefect_database, prefect_server, tradewind_up
from tasks.doctoring_venue import api_key, one_way_mode, venue_clock
from tasks.doctoring_webhooks import discord
from tasks.patience import within

Examination = Callable[[str, Path, Path], Finding]


class Check(NamedTuple):
    """One check: what it is called, what it does, and how many seconds it may take."""

    name: str
    examine: Examination
    seconds: float = 10.0


CHECKS = (
    Check("Python", python_version),
    Check("packages", locked_packages),
    Check("settings", configuration),
    Check("disk", disk),
    Check("write access", writable),
    Check("database lock", database_lock, 20),
    Check("databases", databases, 120),
    Check("leftovers", leftovers),
    Check("venue and clock", venue_clock, 20),
    Check("API key", api_key, 20),
    Check("position mode", one_way_mode, 20),
    Check("Discord", discord, 30),
    Check("tradewind up", tradewind_up),
    Check("Prefect server", prefect_server),
    Check("Prefect database", prefect_database),
    Check("deployments", deployments, 20),
    Check("automations", automations, 20),
)
"""In the order in which they are worth repairing."""


def examine(check: Check, root: Path, home: Path) -> Finding:
    """Make one check; whatever goes wrong while making it is what it found."""
    try:
        return within(check.seconds, lambda: check.examine(check.name, root, home))
    except TimeoutError as error:
        return Finding(check.name, Outcome.FAIL, str(error), "run it again; what keeps it waiting is broken or far away")
    except TradewindError as error:
        return Finding(check.name, Outcome.FAIL, " ".join(str(error).split()))
    except Exception as error:  # noqa: BLE001 - the doctor has to live through every disease
        return Finding(check.name, Outcome.FAIL, f"{type(error).__name__}: {' '.join(str(error).split())[:160]}")
