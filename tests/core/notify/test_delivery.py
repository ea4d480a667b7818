from datetime import timedelta

import numpy as np
import pytest

from core.notify.delivery import (
    LONGEST_WAIT,
    PACE,
    Failed,
    Fate,
    Gone,
    Line,
    RateLimited,
    Refused,
    Sent,
    given_up,
    hook_gone,
    is_due,
    ruled,
)
from core.notify.notice import Severity
from tests.core.notify.notices import NOW, plain_notice

RNG = np.random.default_rng(1)


def fate(answer, line=None):
    ruling = ruled(line or Line(), answer, now=NOW, rng=RNG)
    return ruling.fate, ruling.line


def wait(line):
    return (line.next_try - NOW).total_seconds()


def test_what_is_sent_is_told_and_the_next_one_keeps_its_distance():
    told, line = fate(Sent("m-1"), Line(failures=3, trouble="503", is_plain=True))
    assert told is Fate.TOLD
    assert line == Line(next_try=NOW + timedelta(seconds=PACE))
    assert wait(fate(Sent("m-1", wait=7.5))[1]) == 7.5


def test_a_rate_limit_is_waited_out_as_long_as_it_says():
    waits, line = fate(RateLimited(12.25))
    assert (waits, wait(line), line.trouble) == (Fate.WAITS, 12.25, "rate limit, 12.25 s")


def test_failures_wait_longer_each_time_up_to_a_minute_with_jitter():
    line, waits = Line(), []
    for _ in range(12):
        told, line = fate(Failed("HTTP 503"), line)
        assert told is Fate.WAITS
        waits.append(wait(line))
    for number, each in enumerate(waits):
        assert 0.5 * min(2 * 2**number, LONGEST_WAIT) <= each <= min(2 * 2**number, LONGEST_WAIT)
    assert line.failures == 12
    assert len(set(waits[6:])) > 1


def test_a_refused_message_is_sent_once_as_text_and_then_given_up():
    again, line = fate(Refused("HTTP 400"))
    assert (again, line.is_plain) == (Fate.WAITS, True)
    assert fate(Failed("HTTP 500"), line)[1].is_plain
    lost, line = fate(Refused("HTTP 400"), line)
    assert (lost, line.is_plain, line.trouble) == (Fate.GIVEN_UP, False, "HTTP 400")


def test_a_hook_that_is_gone_is_never_due_again_and_keeps_its_notices():
    kept, line = fate(Gone("HTTP 404 Unknown Webhook"))
    assert kept is Fate.WAITS
    assert not is_due(line, NOW + timedelta(days=9))


@pytest.mark.parametrize(("seconds", "due"), [(0, False), (1.9, False), (2, True), (3, True)])
def test_nothing_is_due_before_its_time(seconds, due):
    line = fate(Sent("m"))[1]
    assert is_due(line, NOW + timedelta(seconds=seconds)) is due


def test_losing_a_hook_or_a_notice_is_told_once_and_losing_that_is_not():
    gone = hook_gone("webhook ..1234", "abc", "HTTP 404", NOW)
    assert (gone.severity, gone.event) == (Severity.WARNING, "hook.gone")
    (said,) = given_up("webhook ..1234", "abc", (plain_notice(1), gone), "HTTP 400", NOW)
    assert said.title == "1 notices could not be delivered to webhook ..1234"
    assert given_up("webhook ..1234", "abc", (gone, said), "HTTP 400", NOW) == ()
