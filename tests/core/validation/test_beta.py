"""The incomplete beta function against scipy's, and Student's tail both ways."""

from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.validation.beta import incomplete_beta, t_of, two_sided_p
from core.validation.bisection import crossing

sizes = st.floats(0.5, 3000.0)
shares = st.floats(0.0, 1.0).map(lambda x: round(x, 6))  # 1 - x is exact enough


@given(sizes, sizes, shares)
def test_the_function_is_that_of_scipy(a, b, x):
    special = pytest.importorskip("scipy.special", reason="scipy comes with empyrical-reloaded, in requirements-dev.lock only")
    assert incomplete_beta(a, b, x) == pytest.approx(float(special.betainc(a, b, x)), rel=1e-9, abs=1e-12)


@given(st.integers(1, 40), st.integers(1, 40), shares)
def test_whole_sizes_are_a_binomial_sum(a, b, x):
    trials = a + b - 1
    terms = sum(comb(trials, k) * x**k * (1 - x) ** (trials - k) for k in range(a, trials + 1))
    assert incomplete_beta(a, b, x) == pytest.approx(terms, abs=1e-12)


@given(sizes, sizes, shares, shares)
def test_the_function_rises_and_mirrors(a, b, x, y):
    low, high = sorted((x, y))
    assert incomplete_beta(a, b, low) <= incomplete_beta(a, b, high) + 1e-12
    assert incomplete_beta(a, b, x) == pytest.approx(1.0 - incomplete_beta(b, a, 1.0 - x), abs=1e-9)


def test_a_far_tail_keeps_its_digits():
    """P(|t| > 40) with 119 degrees, scipy 1.17 stats.t.sf."""
    assert two_sided_p(40.0, 119) == pytest.approx(7.493680086644139e-71, rel=1e-9, abs=0.0)


@pytest.mark.parametrize(("t", "freedom", "p"), [(12.706, 1, 0.05), (2.228, 10, 0.05), (1.980, 120, 0.05), (2.617, 120, 0.01)])
def test_students_table_is_met(t, freedom, p):
    """Any printed table of critical values, two-sided."""
    assert t_of(p, freedom) == pytest.approx(t, abs=6e-4)


@given(st.floats(1e-6, 30.0), st.integers(2, 3000))
def test_a_probability_leads_back_to_its_t(t, freedom):
    assert t_of(two_sided_p(t, freedom), freedom) == pytest.approx(t, rel=1e-6, abs=1e-6)


def test_certainty_and_impossibility_have_their_t():
    assert (t_of(1.0, 10), t_of(2.0, 10), t_of(0.0, 10)) == (0.0, 0.0, float("inf"))


@given(st.floats(-10, 10))
def test_a_crossing_is_found_to_the_last_bit(level):
    assert isclose(crossing(lambda x: x**3, level**3, -10.0, 10.0), level, rel_tol=1e-6, abs_tol=1e-5)


def test_a_level_out_of_reach_ends_at_the_nearer_end():
    assert crossing(lambda x: x, 7.0, 0.0, 1.0) == 1.0
    assert crossing(lambda x: x, -7.0, 0.0, 1.0) == pytest.approx(0.0, abs=1e-12)
