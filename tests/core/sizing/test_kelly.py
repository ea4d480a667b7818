"""Kelly's weights grow fastest; their numbers are in tests/core/validation/test_reference_vectors.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.sizing.kelly import fall_probability, growth_rate, kelly_weights

means = arrays(float, 3, elements=st.floats(-1.0, 1.0))
COVARIANCE = np.outer([0.8, 0.5, 0.4], [0.8, 0.5, 0.4]) * (0.3 + 0.7 * np.eye(3))


@given(means, arrays(float, 3, elements=st.floats(-2.0, 2.0)))
def test_no_other_weights_grow_faster(mean, other):
    best = kelly_weights(mean, COVARIANCE)
    fastest = growth_rate(best, mean, COVARIANCE)
    assert fastest >= growth_rate(other, mean, COVARIANCE) - 1e-9
    assert fastest == pytest.approx(0.5 * best @ mean)


@given(means, st.floats(0.0, 2.0))
def test_a_share_of_kelly_grows_by_its_parabola(mean, share):
    """c (2 - c) of the best."""
    best = kelly_weights(mean, COVARIANCE)
    expected = share * (2 - share) * growth_rate(best, mean, COVARIANCE)
    assert growth_rate(share * best, mean, COVARIANCE) == pytest.approx(expected, abs=1e-9)


def test_no_edge_is_no_bet():
    assert kelly_weights(np.zeros(3), COVARIANCE).tolist() == [0, 0, 0]


@given(st.floats(0.01, 1.0), st.floats(0.05, 1.9))
def test_a_deeper_fall_is_rarer_and_a_larger_share_falls_oftener(level, share):
    assert fall_probability(0.9 * level, fraction=share) <= fall_probability(level, fraction=share) <= 1.0
    assert fall_probability(level, fraction=share) <= fall_probability(level, fraction=1.05 * share) + 1e-12


def test_falls_are_as_frequent_as_simulated():
    """Half Kelly of a mean of 2 and a variance of 1: one life in eight halves; steps miss falls between them.

    What is seen at steps of s deviations is what happens at a level 0.5826 s further (Broadie, Glasserman and Kou 1997).
    """
    step = 0.05
    moves = np.random.default_rng(0).standard_normal((4000, 1200)) * step
    logs = np.cumsum(moves + (2.0 - 0.5) * step**2, axis=1)
    seen = fall_probability(0.5 * np.exp(-0.5826 * step), fraction=0.5)
    assert np.mean(logs.min(axis=1) <= np.log(0.5)) == pytest.approx(seen, abs=0.015)
