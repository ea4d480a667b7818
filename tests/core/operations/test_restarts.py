"""A process that died is started again, ever later, and given up when it keeps dying."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.operations.restarts import LONGEST, MOST, SPAN, pause_before_restart, recent_deaths

NOW = datetime(2024, 1, 1, tzinfo=UTC)
ages = st.lists(st.integers(0, 3600), max_size=12).map(sorted)


def deaths(seconds):
    return tuple(NOW - timedelta(seconds=age) for age in seconds)


def test_the_waits_double_up_to_the_longest():
    waits = [pause_before_restart(deaths([0] * count), NOW) for count in range(1, MOST + 1)]
    assert [wait and wait.total_seconds() for wait in waits] == [1, 2, 4, 8, 16, None]


def test_old_deaths_are_forgotten():
    long_ago = SPAN.total_seconds() + 1
    assert pause_before_restart(deaths([0, *[long_ago] * 20]), NOW) == timedelta(seconds=1)


@given(ages)
def test_a_wait_is_never_longer_than_the_longest_and_more_deaths_never_shorten_it(seconds):
    died = deaths(seconds)
    wait = pause_before_restart(died, NOW)
    assert (wait is None) == (len(recent_deaths(died, NOW)) >= MOST)
    after_one_more = pause_before_restart((*died, NOW), NOW)
    if wait is not None and after_one_more is not None:
        assert wait <= after_one_more <= LONGEST
