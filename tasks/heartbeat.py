"""The heartbeat: a small file that says when the last tick began; what is too old in it is a bot that stands still."""

import os
from datetime import timedelta

from prefect.runtime import flow_run

from tasks import clock
from tasks.desk import Desk
from tasks.heartbeat_note import FILE
from tasks.lock import write_note
from tasks.settings import settings
from tasks.steps import step

LATEST = timedelta(seconds=60)
"""How long after its minute a tick is still worth running."""


@step
def beat(desk: Desk) -> None:
    """Write that a tick of this account has begun."""
    says = {"at": desk.now.isoformat(), "account": desk.account, "epoch": desk.epoch, "pid": os.getpid()}
    write_note(settings().home / FILE, says)


def missed_minute() -> str:
    """Return why this run comes too late to trade, or an empty string: a missed minute is skipped, never made up for."""
    scheduled = flow_run.scheduled_start_time
    if scheduled is None or clock.now() - scheduled < LATEST:
        return ""
    return f"scheduled for {scheduled:%H:%M:%S} UTC, and it is {clock.now():%H:%M:%S}: the next tick sees the same market"
