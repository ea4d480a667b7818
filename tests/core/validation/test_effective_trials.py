"""Counts of independent trials, where they are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.validation.effective_trials import (
    average_correlation_trials,
    correlations,
    effective_rank,
    participation_ratio,
    trials_of_best,
)
from core.validation.sharpe_tests import best_of

COUNTS = (average_correlation_trials, effective_rank, participation_ratio)


@pytest.mark.parametrize("count", COUNTS)
def test_independent_trials_count_one_by_one_and_copies_count_as_one(count):
    assert count(np.eye(7)) == pytest.approx(7.0)
    assert count(np.ones((7, 7))) == pytest.approx(1.0)


@pytest.mark.parametrize("count", COUNTS[1:])
def test_two_groups_of_copies_count_as_two(count):
    assert count(np.kron(np.eye(2), np.ones((4, 4)))) == pytest.approx(2.0)


@given(st.integers(0, 50), st.integers(2, 12), st.randoms(use_true_random=False))
def test_counts_lie_between_one_and_all_and_ignore_order_and_scale(seed, sets, random):
    streams = np.random.default_rng(seed).standard_normal((sets, 60)).cumsum(axis=0)
    order = random.sample(range(sets), sets)
    for count in COUNTS:
        whole = count(correlations(streams))
        assert 1.0 - 1e-9 <= whole <= sets + 1e-9 or count is average_correlation_trials
        assert count(correlations(3.0 * streams[order])) == pytest.approx(whole)


def test_correlations_are_those_of_numpy_and_a_flat_stream_has_none():
    streams = np.random.default_rng(0).standard_normal((4, 50))
    assert correlations(streams) == pytest.approx(np.corrcoef(streams))
    streams[2] = 0.001
    assert correlations(streams)[2].tolist() == [0, 0, 1, 0]


@given(st.floats(1.0, 1e6))
@settings(max_examples=20)
def test_the_best_of_many_leads_back_to_how_many(trials):
    assert trials_of_best(best_of(trials)[0]) == pytest.approx(trials, rel=1e-6)


def test_a_crowd_without_a_best_is_one_trial():
    assert trials_of_best(0.0) == pytest.approx(1.0)
    assert trials_of_best(-1.0) == pytest.approx(1.0)
