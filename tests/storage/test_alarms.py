from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import ConfigError
from core.risk.alarms import Alarm
from core.risk.verdict import Verdict

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALARM = Alarm("paper", "daily_loss", NOW, True, Verdict.REDUCE_ONLY, "down 5 %")


def cleared(alarm, minutes):
    return replace(alarm, raised=False, at=alarm.at + timedelta(minutes=minutes))


def test_alarms_come_back_as_they_were_oldest_first(store):
    later = replace(ALARM, rule="book_differs", at=NOW + timedelta(seconds=1), verdict=Verdict.HALT)
    assert store.alarms.append([later, ALARM]) == 2
    assert store.alarms.all("paper") == (ALARM, later)
    assert store.alarms.all("other") == ()


def test_what_is_raised_is_what_was_raised_last_and_not_cleared(store):
    other = replace(ALARM, rule="stale_data")
    store.alarms.append([ALARM, other, replace(ALARM, account="other", rule="drawdown")])
    assert store.alarms.raised("paper") == {"daily_loss", "stale_data"}
    store.alarms.append([cleared(ALARM, 1)])
    assert store.alarms.raised("paper") == {"stale_data"}
    store.alarms.append([replace(ALARM, at=NOW + timedelta(minutes=2))])
    assert store.alarms.raised("paper") == {"daily_loss", "stale_data"}


def test_the_first_alarm_of_a_rule_at_a_moment_stands(store):
    store.alarms.append([ALARM])
    assert store.alarms.append([replace(ALARM, text="again"), replace(ALARM, raised=False)]) == 0
    assert store.alarms.all("paper") == (ALARM,)


def test_appending_nothing_is_harmless(store):
    assert store.alarms.append([]) == 0
    assert store.alarms.raised("paper") == frozenset()


def test_an_alarm_without_a_time_zone_is_refused(store):
    with pytest.raises(ConfigError, match=r"Alarm\.at"):
        store.alarms.append([ALARM, replace(ALARM, rule="x", at=NOW.replace(tzinfo=None))])
    assert store.alarms.all("paper") == ()
