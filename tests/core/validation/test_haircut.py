"""Adjusted p-values against their definitions in loops, and haircuts of Sharpe ratios."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.validation.haircut import bhy, bonferroni, bonferroni_sharpe, haircut_sharpe, holm, sharpe_p
from core.validation.published_peers import peer_p_values

p_values = arrays(float, st.integers(1, 30), elements=st.floats(0.0, 1.0))


def holm_by_hand(p):
    """Test j of M in rank: M - j + 1 remain; never below the one before."""
    out, so_far = [0.0] * len(p), 0.0
    for j, k in enumerate(sorted(range(len(p)), key=lambda k: p[k])):
        so_far = max(so_far, (len(p) - j) * p[k])
        out[k] = min(so_far, 1.0)
    return out


def bhy_by_hand(p):
    """From the largest down: M c(M) / rank, never above the one after."""
    tests = len(p)
    whole = sum(1.0 / i for i in range(1, tests + 1))
    out, so_far = [0.0] * tests, 1.0
    for rank, k in reversed(list(enumerate(sorted(range(tests), key=lambda k: p[k]), start=1))):
        so_far = min(so_far, tests * whole / rank * p[k])
        out[k] = so_far
    return out


@given(p_values)
def test_adjustments_are_what_plain_python_says(p):
    assert holm(p) == pytest.approx(holm_by_hand(p.tolist()), abs=1e-12)
    assert bhy(p) == pytest.approx(bhy_by_hand(p.tolist()), abs=1e-12)


@given(p_values)
def test_holm_forgives_more_than_bonferroni_and_neither_lowers_a_p_value(p):
    assert (holm(p) <= bonferroni(p) + 1e-12).all()
    assert (holm(p) >= p - 1e-12).all()
    assert (bhy(p) >= p - 1e-12).all()


@given(p_values, st.randoms(use_true_random=False))
def test_the_order_of_tests_does_not_matter(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    for adjust in (bonferroni, holm, bhy):
        assert adjust(p[order]) == pytest.approx(adjust(p)[order], abs=1e-12)


def test_rows_are_adjusted_each_on_its_own():
    rows = np.array([[0.01, 0.5, 0.02], [0.9, 0.001, 0.04]])
    assert (holm(rows) == [holm(row) for row in rows]).all()
    assert (bhy(rows) == [bhy(row) for row in rows]).all()


@given(st.floats(-0.5, 0.5), st.integers(20, 2000), st.integers(1, 10_000))
def test_a_haircut_shortens_and_keeps_the_sign(sharpe, count, tests):
    left = bonferroni_sharpe(sharpe, count, tests)
    assert abs(left) <= abs(sharpe)
    assert left * sharpe >= 0.0
    assert abs(bonferroni_sharpe(sharpe, count, tests + 1)) <= abs(left) + 1e-12


@given(st.floats(0.01, 0.5), st.integers(20, 2000))
def test_one_test_needs_no_haircut(sharpe, count):
    assert haircut_sharpe(sharpe, count, sharpe_p(sharpe, count)) == pytest.approx(sharpe, rel=1e-6)


def test_published_peers_are_as_correlated_as_asked():
    """5 % of the .3966 without an edge pass at 5 %, and .41849 of the others: by quadrature, with scipy."""
    rng = np.random.default_rng(0)
    alone, together = peer_p_values(40, 0.0, 500, rng), peer_p_values(40, 0.8, 500, rng)
    assert np.mean(alone < 0.05) == pytest.approx(0.2723, abs=0.02)
    assert np.var((together < 0.05).mean(axis=1)) > 2 * np.var((alone < 0.05).mean(axis=1))
