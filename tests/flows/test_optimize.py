"""The nightly flow: noise leaves everything as it is, a planted edge is deployed, and every trial is kept."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.errors import DataError, StoreError
from core.market.synthetic import synthetic_market
from core.strategies.registry import strategy
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
    assert '"boundary"' in store().releases.get(night.release).evidence_json
    assert live.stage == "paper"
    assert night.page is not None
    assert "no objection" in Path(night.page).read_text()
    (run,) = store().runs.all("optimize", 10)
    kept = json.loads(run.result_json)
    totals = [sum(part["earned"] for part in parts) for parts in kept["attribution"].values()]
    assert totals == pytest.approx([totals[0]] * 4)
    assert set(kept["importance"]) == set(strategy("xsmom").space)
    studies = [trial.study for trial in store().trials.of_run(run.id)]
    assert {study: studies.count(study) for study in studies} == {"fold 1": 4, "fold 2": 4, "all": 4}


def test_the_same_seed_on_the_same_bars_finds_the_same_release(home):
    fill(edge=0.0)
    first, second = optimize(trials=3, folds=2, seed=5), optimize(trials=3, folds=2, seed=5)
    assert (first.release, first.oos_sharpe, first.evidence) == (second.release, second.oos_sharpe, second.evidence)


def test_a_night_that_cannot_be_judged_is_refused_and_leaves_nothing(home):
    """Twelve days of history, and no funding rate: the flow fails loudly, with both numbers."""
    market = synthetic_market(np.random.default_rng(11), days=460, symbols=10, start=START, edge=0.0)
    store().bars.merge(bar_frame(market.panel))
    with pytest.raises(DataError, match="12 days of history, 180 are needed.*funding is known for 0 of .* symbols, 50%"):
        optimize(trials=1, folds=2, end=datetime(2023, 5, 15, tzinfo=UTC))
    assert store().runs.all("optimize", 10) == ()
    assert [row.note for row in store().releases.all()] == ["baseline"]


def test_the_evidence_counts_the_trials_of_all_nights(home):
    fill(edge=0.0)
    pages = [Path(optimize(trials=3, folds=2, seed=seed).page).read_text() for seed in (1, 2)]
    (family,) = {trial.family for run in store().runs.all("optimize", 10) for trial in store().trials.of_run(run.id)}
    assert store().trials.count(family).trials == 2 * 3 * 3
    newest, oldest = (json.loads(run.result_json)["inference"]["trials"] for run in store().runs.all("optimize", 10))
    assert (oldest, newest) == (9, 18)
    assert len(store().armings.all()) == 1
    assert pages[0] != pages[1]


def test_a_deployment_that_could_not_be_told_is_taken_back(home):
    """The disk is full when the page is written: what was live before is live again, and the flow fails."""
    fill(edge=1e-3)
    (home / "reports").write_text("a file where the folder should be")
    with pytest.raises(StoreError):
        optimize(trials=4, folds=2, seed=1)
    log = store().activations.all()
    assert log[-1].fingerprint == log[0].fingerprint
    assert "taken back" in log[-1].reason
