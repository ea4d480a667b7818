import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage.decisions import Decision

NOW = datetime(2024, 1, 1, tzinfo=UTC)
ONE = Decision("main", NOW, "abc", "ALLOW", "", {"BTCUSDT": 0.1 + 0.2, "ETHUSDT": -0.25}, NOW + timedelta(seconds=2))
TWO = replace(ONE, decision_time=NOW + timedelta(hours=1), targets={})


def test_decisions_come_back_as_they_were_taken_oldest_first(store):
    assert store.decisions.add(TWO)
    assert store.decisions.add(ONE)
    assert store.decisions.all("main") == (ONE, TWO)
    assert store.decisions.last("main") == TWO


def test_the_first_decision_of_a_bar_stands(store):
    store.decisions.add(ONE)
    assert not store.decisions.add(replace(ONE, targets={"BTCUSDT": 1.0}))
    assert store.decisions.at("main", NOW) == ONE


def test_a_target_of_nan_means_leave_alone_and_stays_nan(store):
    store.decisions.add(replace(ONE, targets={"BTCUSDT": math.nan, "ETHUSDT": 0.0}))
    targets = store.decisions.at("main", NOW).targets
    assert math.isnan(targets["BTCUSDT"])
    assert targets["ETHUSDT"] == 0.0


def test_an_infinite_target_is_refused(store):
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.decisions.add(replace(ONE, targets={"BTCUSDT": math.inf}))


def test_what_was_never_decided_is_none(store):
    store.decisions.add(ONE)
    assert store.decisions.at("main", NOW + timedelta(hours=5)) is None
    assert store.decisions.last("other") is None
    assert store.decisions.all("other") == ()
