from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.risk.breaker import Tally

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TALLY = Tally(NOW, 12, 3, NOW - timedelta(seconds=4), NOW + timedelta(minutes=10))


def test_tallies_come_back_as_they_were_from_a_moment_on_oldest_first(store):
    later = Tally(NOW + timedelta(minutes=1), 9)
    assert store.tallies.append("paper", later)
    assert store.tallies.append("paper", TALLY)
    assert store.tallies.append("other", TALLY)
    assert store.tallies.since("paper", NOW) == (TALLY, later)
    assert store.tallies.since("paper", NOW + timedelta(seconds=1)) == (later,)


def test_the_first_tally_of_a_moment_stands(store):
    store.tallies.append("paper", TALLY)
    assert not store.tallies.append("paper", replace(TALLY, failed=0))
    assert store.tallies.since("paper", NOW) == (TALLY,)
