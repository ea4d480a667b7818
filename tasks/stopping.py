"""The emergency stop: a file in the home, or a variable in Prefect. While either is set, the account is made flat."""

import json
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.variables import Variable

from tasks.patience import within
from tasks.settings import settings
from tasks.steps import step

FILE = "EMERGENCY_STOP"
"""File in the home; empty, or with the reason in it."""

VARIABLE = "emergency_stop"
"""Prefect variable; anything but an empty value, false, no, off and 0 stops."""

ANSWER_SECONDS = 3.0
OFF = frozenset({"", "0", "false", "no", "off", "none"})


class Stop(NamedTuple):
    """Who has set the stop ("" when nobody has), and why it could not be read ("" when it could)."""

    set_by: str = ""
    unreadable: str = ""


@step
def read_stop(at: datetime | None) -> Stop:
    """Look at the file and, for the present, at the variable; recorded bars are not stopped by today's operator."""
    if (file := stop_file()).exists():
        said = file.read_text().strip()
        return Stop(f"the file {file}" + (f": {said}" if said else ""))
    return Stop() if at is not None else _variable()


def stop_file() -> Path:
    """Return where the file lies while the stop is set."""
    return settings().home / FILE


def set_stop(reason: str) -> Path:
    """Set the stop; return the file that says so."""
    place = stop_file()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{reason}\n" if reason else "")
    return place


def clear_stop() -> bool:
    """Take the file away; say whether it was there. A Prefect variable is taken away where it was set."""
    was_set = stop_file().exists()
    stop_file().unlink(missing_ok=True)
    return was_set


@task(cache_policy=NO_CACHE)
def request_stop(reason: str) -> None:
    """Set the stop and say where it stands; set twice, the last reason holds."""
    place = set_stop(reason)
    create_markdown_artifact(
        key="emergency-stop",
        markdown=f"**The emergency stop is set**{f': {reason}' if reason else ''}\n\n"
        f"Every tick closes what is open and enters nothing, until the deployment `resume` has run. It is the file `{place}`.",
    )


@task(cache_policy=NO_CACHE)
def release_stop() -> bool:
    """Take the stop back and say whether it was set; also when the variable in Prefect still stops."""
    was_set, still = clear_stop(), _variable()
    said = "The emergency stop is taken back" if was_set else "No emergency stop was set in this home"
    also = f"\n\n**Still stopped** by {still.set_by}: delete that variable" if still.set_by else ""
    create_markdown_artifact(key="emergency-stop", markdown=f"{said}.{also}")
    return was_set


def _variable() -> Stop:
    try:
        value = within(ANSWER_SECONDS, lambda: Variable.get(VARIABLE, default=None))
    except Exception as error:  # noqa: BLE001 - whatever it was, the stop may be set
        return Stop(unreadable=f"the Prefect variable {VARIABLE}: {type(error).__name__} {error}")
    said = value if isinstance(value, str) else json.dumps(value)
    is_set = value is not None and said.strip().strip('"').lower() not in OFF and value is not False
    return Stop(f"the Prefect variable {VARIABLE} = {said}") if is_set else Stop()
