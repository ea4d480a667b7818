from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.deploy.sequence import Arming
from core.errors import ConfigError

NIGHT = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = Arming("momentum", 1, NIGHT, 700, 365, 0.005)


def later(days, hypothesis="momentum"):
    return replace(ASKED, hypothesis=hypothesis, armed_at=NIGHT + timedelta(days=days), history_days=700 + days)


def test_a_sequence_stays_armed_until_its_horizon_ends(store):
    first = store.armings.arm(ASKED)
    assert [store.armings.arm(later(days)) for days in (0, 1, 365)] == [first] * 3
    assert store.armings.all() == (first,)


def test_the_night_after_the_horizon_begins_another_over_all_history(store):
    first, second = store.armings.arm(ASKED), store.armings.arm(later(366))
    assert (second.rank, second.history_days, second.error) == (1, 1066, first.error)
    assert store.armings.all() == (first, second)


def test_a_second_question_gets_a_quarter_of_the_error(store):
    first, second = store.armings.arm(ASKED), store.armings.arm(later(10, "trend"))
    assert (second.rank, second.error) == (2, pytest.approx(first.error / 4))
    assert store.armings.arm(later(20)) == first


def test_a_moment_without_a_time_zone_is_refused(store):
    with pytest.raises(ConfigError, match="no time zone"):
        store.armings.arm(replace(ASKED, armed_at=datetime(2026, 1, 1)))  # noqa: DTZ001 - the mistake under test
    assert store.armings.all() == ()
