from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import ConfigError
from core.notify.flow_runs import LAST_OF_THEM, FlowRun, flow_run_notice, parsed
from core.notify.notice import Severity
from tests.core.notify.notices import NOW

RUN = FlowRun("r-1", "Crashed", NOW, "trade", "trade", "http://x/runs/flow-run/r-1", "killed")
BODY = """flow_run_id: r-1
flow: trade
deployment: trade
state: Crashed
url: http://x/runs/flow-run/r-1
message: killed"""


def test_a_body_is_read_line_by_line_and_the_message_to_its_end():
    assert parsed(BODY, now=NOW) == RUN
    assert parsed(BODY + "\nstate: not this\nmore", now=NOW).message == "killed\nstate: not this\nmore"


@pytest.mark.parametrize("body", ["", "hello", "flow_run_id: x", "flow_run_id:\nstate: Failed"])
def test_a_body_that_names_no_run_or_no_state_is_refused(body):
    with pytest.raises(ConfigError, match="without flow_run_id or state"):
        parsed(body, now=NOW)


@pytest.mark.parametrize(
    ("flow", "state", "severity"),
    [
        ("trade", "Failed", Severity.CRITICAL),
        ("trade", "TimedOut", Severity.CRITICAL),
        ("emergency-stop", "Crashed", Severity.CRITICAL),
        ("report", "Failed", Severity.WARNING),
        ("trade", "Late", Severity.WARNING),
        ("report", "Cancelled", Severity.INFO),
    ],
)
def test_a_failure_is_as_grave_as_what_it_leaves_unattended(flow, state, severity):
    assert flow_run_notice(replace(RUN, flow=flow, state=state), ()).severity is severity


def test_a_notice_names_the_run_and_its_state_for_ever():
    notice = flow_run_notice(RUN, ())
    assert (notice.id, notice.event, notice.resource) == ("flow-run.r-1.crashed", "flow-run.crashed", "flow.trade")
    assert notice.title == "trade crashed"
    assert notice.text == "```\nkilled\n```\nhttp://x/runs/flow-run/r-1"


def test_the_same_failure_is_told_three_times_in_ten_minutes_the_third_says_so_and_the_rest_are_events():
    told, runs = [], [replace(RUN, flow_run_id=f"r-{n}", at=NOW + timedelta(minutes=n)) for n in range(21)]
    for run in runs:
        told.append(flow_run_notice(run, told))
    assert [n for n, notice in enumerate(told) if notice.severity is Severity.CRITICAL] == [0, 1, 2, 10, 11, 12, 20]
    assert [n for n, notice in enumerate(told) if notice.text.endswith(LAST_OF_THEM)] == [2, 10, 11, 12, 20]
    assert flow_run_notice(replace(runs[3], state="Failed"), told[:3]).severity is Severity.CRITICAL
    assert flow_run_notice(runs[0], told).severity is Severity.CRITICAL
