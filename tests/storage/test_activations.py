from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import ConfigError
from storage.activations import Activation

NOW = datetime(2024, 1, 1, tzinfo=UTC)
PAPER = Activation("aaaa", "paper", NOW, "nightly", "gate passed")
SMALL = replace(PAPER, stage="small", since=NOW + timedelta(days=7), by="ann")


def test_nothing_is_live_before_the_first_activation(store):
    assert store.activations.live() is None
    assert store.activations.all() == ()


def test_what_is_live_is_the_last_row(store):
    assert store.activations.append(PAPER)
    assert store.activations.append(SMALL)
    assert store.activations.live() == SMALL
    assert store.activations.all() == (PAPER, SMALL)


def test_activating_what_is_live_changes_nothing(store):
    store.activations.append(PAPER)
    assert not store.activations.append(replace(PAPER, since=NOW + timedelta(days=1), reason="again"))
    assert store.activations.all() == (PAPER,)


def test_a_change_decided_on_what_is_not_live_any_more_changes_nothing(store):
    store.activations.append(PAPER)
    assert store.activations.append(SMALL, over=PAPER)
    assert not store.activations.append(replace(PAPER, fingerprint="bbbb"), over=PAPER)
    assert store.activations.all() == (PAPER, SMALL)


def test_nothing_can_be_put_over_a_log_that_is_empty(store):
    assert not store.activations.append(SMALL, over=PAPER)
    assert store.activations.all() == ()


def test_a_rollback_appends_a_row_whatever_the_clock_says(store):
    rollback = replace(PAPER, since=NOW - timedelta(days=1), reason="rollback")
    for activation in (PAPER, SMALL, rollback):
        assert store.activations.append(activation)
    assert store.activations.live() == rollback


def test_a_moment_without_a_time_zone_is_refused(store):
    with pytest.raises(ConfigError, match=r"Activation\.since.*no time zone"):
        store.activations.append(replace(PAPER, since=datetime(2024, 1, 1)))  # noqa: DTZ001
