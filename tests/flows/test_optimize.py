"""The nightly flow: noise leaves everything as it is, a planted edge is deployed, and every trial is kept."""

from datetime import UTC, datetime

import numpy as np
import pytest

from core.errors import DataError
from core.market.synthetic import synthetic_market
from flows.optimize import optimize
from tasks.stores import store
from tests.flows.recorded import bar_frame, funding_frame

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

START = datetime(2023, 1, 1, tzinfo=UTC)


def fill(edge):
    """Store four hundred days of a market with this much planted momentum."""
    market = synthetic_market(np.random.default_rng(11), days=460, symbols=10, start=START, edge=edge)
    store().bars.merge(bar_frame(market.panel))
    store().funding.merge(funding_frame(market.panel))
    store().instruments.record(market.instruments, START)


def test_noise_is_never_deployed_and_the_night_says_why(home):
    fill(edge=0.0)
    night = optimize(trials=4, folds=2, seed=1)

    assert night.decision == "hold"
    assert any(reason.startswith("no proof of a gross edge") for reason in night.objections)
    assert store().activations.live().fingerprint == night.live != night.release
    assert [row.note for row in store().releases.all()] == ["baseline"]


def test_a_planted_edge_is_deployed_with_its_evidence_and_every_trial(home):
    fill(edge=1e-3)
    night = optimize(trials=4, folds=2, seed=1)

    assert (night.decision, night.objections) == ("deploy", ())
    live = store().activations.live()
    assert live.fingerprint == night.release
    assert "family_z" in store().releases.get(night.release).evidence_json
    (run,) = store().runs.all("optimize", 10)
    studies = [trial.study for trial in store().trials.of_run(run.id)]
    assert {study: studies.count(study) for study in studies} == {"fold 1": 4, "fold 2": 4, "all": 4}


def test_the_same_seed_on_the_same_bars_finds_the_same_release(home):
    fill(edge=0.0)
    first, second = optimize(trials=3, folds=2, seed=5), optimize(trials=3, folds=2, seed=5)
    assert (first.release, first.oos_sharpe, first.evidence) == (second.release, second.oos_sharpe, second.evidence)


def test_too_many_folds_for_the_history_are_refused_with_the_numbers(home):
    fill(edge=0.0)
    with pytest.raises(DataError, match="bars are too few for 50 folds.*use fewer folds or a longer range"):
        optimize(trials=1, folds=50, end=datetime(2023, 5, 15, tzinfo=UTC))
