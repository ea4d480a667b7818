"""What dies is started again, ever later, and told; what keeps dying ends everything."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import pytest

from core.notify.notice import Severity
from core.operations.restarts import MOST
from tasks.children import ChildEnded, start_child
from tasks.environment import for_child
from tasks.supervising import Supervisor

SLEEP = "import time; time.sleep(60)"
DIE = "raise SystemExit(3)"


class Household:
    """A supervisor, its own clock, and what it has told."""

    def __init__(self, place):
        self.place, self.now, self.told = place, datetime(2024, 1, 1, tzinfo=UTC), []
        self.supervisor = Supervisor(self.told.append, now=lambda: self.now)

    def start(self, code=SLEEP):
        return start_child("worker live", [sys.executable, "-c", code], env=for_child(), cwd=self.place, logs=self.place)

    def after(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.supervisor.tend()

    def run(self, seconds):
        for _ in range(seconds):
            self.after(1)


@pytest.fixture
def household(tmp_path):
    house = Household(tmp_path)
    yield house
    house.supervisor.stop(["worker live"], patience=1)


def kill(child):
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()


def test_a_child_that_was_killed_runs_again_after_a_second_and_both_are_told(household):
    child = household.supervisor.keep(household.start, Severity.CRITICAL)
    kill(child)
    household.after(0)
    household.after(0.5)
    assert [notice.event for notice in household.told] == ["process.died"]
    household.after(0.5)
    died, again = household.told
    assert died.title == "worker live died (signal SIGKILL): it is started again"
    assert (died.severity, died.resource) == (Severity.CRITICAL, "process.worker-live")
    assert (again.event, again.severity) == ("process.restarted", Severity.INFO)
    assert again.title == "worker live runs again, 1 s after it died"
    assert died.id != again.id


def test_a_child_is_not_started_again_before_what_it_needs_is_there_and_what_it_left_is_tidied(household):
    ready, tidied = [], []
    supervisor = household.supervisor
    child = supervisor.keep(household.start, Severity.INFO, ready=lambda: ready, tidy=lambda: tidied.append(1))
    kill(child)
    household.after(0)
    household.after(60)
    assert not tidied
    ready.append(1)
    household.after(1)
    assert tidied == [1]
    assert household.told[-1].event == "process.restarted"


def test_a_child_that_keeps_dying_ends_everything(household):
    starts = [household.start() for _ in range(MOST)]
    for child in starts:
        kill(child)
    household.supervisor.keep(iter(starts).__next__, Severity.WARNING)
    with pytest.raises(
        ChildEnded, match=f"died {MOST} times within ten minutes, last by signal SIGKILL: see .*worker-live.log"
    ):
        household.run(seconds=300)
    assert household.told[-1].event == "process.gave-up"
    assert household.told[-1].severity is Severity.CRITICAL
    assert len({notice.id for notice in household.told}) == len(household.told)
