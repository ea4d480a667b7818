"""Laws of the Sharpe tests; their reference numbers are in test_reference_vectors.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.validation.power import sharpe_power
from core.validation.sharpe_tests import (
    NORMAL,
    Shape,
    best_of,
    expected_best,
    min_track_record,
    min_track_record_2012,
    psr,
    psr_2012,
    shape_of,
    unit_variance,
)

ratios = st.floats(-0.4, 0.4)
shapes = st.builds(
    lambda skew, spare, r: Shape(skew, 1.0 + skew * skew + spare, r), st.floats(-3, 3), st.floats(0, 10), st.floats(0, 0.9)
)


@given(ratios, ratios, st.integers(20, 3000), shapes)
def test_probabilities_stay_between_zero_and_one_and_turn_at_the_benchmark(sharpe, benchmark, count, shape):
    for test in (psr, psr_2012):
        found = test(sharpe, benchmark, count, shape)
        assert 0.0 <= found <= 1.0
        assert (found >= 0.5) == (sharpe >= benchmark) or found == pytest.approx(0.5)


@given(ratios, st.floats(0.001, 0.2), st.integers(20, 3000), shapes)
def test_a_higher_benchmark_and_more_trials_are_harder_to_beat(sharpe, more, count, shape):
    assert psr_2012(sharpe, more, count, shape) <= psr_2012(sharpe, 0.0, count, shape)
    easy, hard = (psr(sharpe, best_of(n)[0] * (1.0 / count) ** 0.5, count) for n in (10, 1000))
    assert hard <= easy


@given(ratios, st.integers(20, 3000), st.floats(0, 0.8))
def test_skew_and_tails_do_not_matter_at_zero_but_memory_does(sharpe, count, memory):
    assert psr(sharpe, 0.0, count, Shape(-2.0, 9.0)) == psr(sharpe, 0.0, count)
    assert unit_variance(0.0, Shape(0.0, 3.0, memory)) == pytest.approx((1 + memory) / (1 - memory))


@given(st.floats(0.02, 0.4), shapes)
def test_the_shortest_record_is_where_the_probability_reaches_its_level(sharpe, shape):
    needed, needed_2012 = min_track_record(sharpe, 0.01, shape), min_track_record_2012(sharpe, 0.01, shape)
    assert psr(sharpe, 0.01, needed, shape) == pytest.approx(0.95, abs=1e-9)
    assert psr_2012(sharpe, 0.01, needed_2012, shape) == pytest.approx(0.95, abs=1e-9)


def test_no_record_proves_what_is_not_there():
    assert min_track_record(0.05, 0.05) == min_track_record_2012(0.01, 0.05) == float("inf")


def test_the_variance_is_that_of_simulated_sharpe_ratios():
    """Skewed, fat-tailed days (a centred exponential, skew 2, kurtosis 9): the Sharpe ratio's own spread."""
    draws = np.random.default_rng(0).exponential(size=(20_000, 250)) - 1.0 + 0.1
    spread = (draws.mean(axis=1) / draws.std(axis=1)).var() * 250
    assert spread == pytest.approx(unit_variance(0.1, Shape(2.0, 9.0)), rel=0.05)


def test_the_variance_allows_for_memory_as_simulated():
    shocks = np.random.default_rng(1).standard_normal((250 + 50, 10_000))
    for t in range(1, len(shocks)):
        shocks[t] += 0.3 * shocks[t - 1]
    days = shocks[50:]
    spread = (days.mean(axis=0) / days.std(axis=0)).var() * 250
    assert spread == pytest.approx(unit_variance(0.0, Shape(0.0, 3.0, 0.3)), rel=0.06)


def test_returns_of_two_values_have_a_variance_above_nothing():
    """(g4 = g3^2 + 1, SR = 2 / g3) makes the formula 0."""
    assert unit_variance(1.0, Shape(2.0, 5.0)) > 0.0
    assert psr_2012(1.0, 0.0, 24, Shape(2.0, 5.0)) == 1.0


@given(st.floats(1.0, 1e6), st.floats(1.01, 10.0))
def test_the_best_of_more_is_better_and_varies_less(trials, factor):
    (mean, variance), (mean_more, variance_more) = best_of(trials), best_of(trials * factor)
    assert mean_more > mean
    assert variance_more < variance <= 1.0 + 1e-9


def test_the_best_of_one_is_anyone_and_the_best_of_two_is_known():
    """E[max of 2] = 1 / sqrt(pi), its variance 1 - 1 / pi."""
    assert best_of(1) == pytest.approx((0.0, 1.0), abs=1e-12)
    assert best_of(2) == pytest.approx((np.pi**-0.5, 1 - 1 / np.pi), abs=1e-12)


@pytest.mark.parametrize("trials", [5, 50, 1000, 1e6])
def test_the_closed_form_is_a_little_high(trials):
    assert 1.0 < expected_best(trials) / best_of(trials)[0] < 1.026


def test_a_shape_is_estimated_and_negative_memory_does_not_embolden():
    days = np.random.default_rng(0).standard_normal(500)
    assert shape_of(days).skew == pytest.approx(0.0, abs=0.3)
    assert shape_of(np.tile([0.01, -0.01], 100)).autocorrelation == 0.0
    assert shape_of(np.repeat([0.01, -0.01, 0.02], 20)).autocorrelation > 0.5
    assert shape_of(np.full(30, 0.01)) == shape_of(np.zeros(0)) == NORMAL


@given(st.floats(0.0, 0.3), st.integers(50, 2000))
def test_power_is_the_size_at_the_benchmark_and_grows_with_the_truth(truth, count):
    assert sharpe_power(0.0, 0.0, count) == pytest.approx(0.05)
    assert sharpe_power(truth + 0.05, 0.0, count) >= sharpe_power(truth, 0.0, count)
