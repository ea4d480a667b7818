from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import ConfigError, LedgerError
from storage.releases import ReleaseRow

NOW = datetime(2024, 1, 1, tzinfo=UTC)
ONE = ReleaseRow("abcdef" + "0" * 58, '{"a":1}', NOW, "baseline", "{}")
TWO = ReleaseRow("abcdef" + "1" * 58, '{"a":2}', NOW + timedelta(days=1), "nightly", '{"sharpe":1.5}')


def test_a_release_comes_back_as_it_was_added(store):
    assert store.releases.add(ONE)
    assert store.releases.get(ONE.fingerprint) == ONE


def test_adding_twice_is_adding_once_and_the_first_note_stays(store):
    store.releases.add(ONE)
    assert not store.releases.add(replace(ONE, note="again"))
    assert store.releases.all() == (ONE,)


def test_one_fingerprint_cannot_name_two_contents(store):
    store.releases.add(ONE)
    with pytest.raises(LedgerError, match="another content"):
        store.releases.add(replace(ONE, json="{}"))
    assert store.releases.all() == (ONE,)


def test_releases_are_listed_oldest_first(store):
    store.releases.add(TWO)
    store.releases.add(ONE)
    assert store.releases.all() == (ONE, TWO)


def test_a_unique_beginning_is_enough(store):
    store.releases.add(ONE)
    store.releases.add(TWO)
    assert store.releases.get("abcdef1") == TWO


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ("abcdef", "2 begin so; give more characters of abcdef111111, abcdef000000"),
        ("abcd", "unknown; the newest are abcdef111111, abcdef000000"),
        ("ffffff", "release ffffff: unknown; the newest are"),
        ("", "unknown"),
    ],
)
def test_an_unknown_or_ambiguous_name_is_refused_with_what_is_there(store, asked, complaint):
    store.releases.add(ONE)
    store.releases.add(TWO)
    with pytest.raises(ConfigError, match=complaint):
        store.releases.get(asked)


def test_an_empty_store_says_so(store):
    with pytest.raises(ConfigError, match="none: make one first"):
        store.releases.get("abcdef")
