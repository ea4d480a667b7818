"""Expected shortfall against plain Python, and its laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.metrics import drawdowns
from core.backtest.tails import expected_shortfall, value_at_risk

TWELVE_DAYS = np.array([0.01, -0.02, 0.015, 0.003, -0.012, 0.02, -0.005, 0.007, -0.03, 0.025, 0.004, -0.001])

losses = arrays(float, st.integers(1, 120), elements=st.floats(-0.5, 0.5).map(lambda x: round(x, 6)))
levels = st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])


def mean_of_the_worst(values, level):
    """Pour the worst losses, one after the other, into a vessel that holds (1 - level) n of them."""
    room = size = (1 - level) * len(values)
    total = 0.0
    for loss in sorted(values, reverse=True):
        poured = min(1.0, room)
        total += poured * loss
        room -= poured
        if room <= 0:
            break
    return total / size


@pytest.mark.parametrize(("level", "shortfall"), [(0.75, 0.020666666666666667), (0.9, 0.028333333333333335), (0.95, 0.03)])
def test_twelve_days_have_the_expected_shortfall_of_skfolio(level, shortfall):
    assert expected_shortfall(-TWELVE_DAYS, level=level) == pytest.approx(shortfall, abs=1e-12)


@pytest.mark.parametrize(("level", "at_risk"), [(0.75, 0.02142936973333346), (0.9, 0.028333333333333363), (0.95, 0.03)])
def test_twelve_days_have_the_drawdown_at_risk_of_skfolio(level, at_risk):
    assert expected_shortfall(-drawdowns(TWELVE_DAYS), level=level) == pytest.approx(at_risk, abs=1e-12)


def test_no_losses_have_no_tail():
    assert expected_shortfall(np.zeros(0), level=0.95) == 0.0
    assert value_at_risk(np.zeros(0), level=0.95) == 0.0


def test_the_tail_of_gains_is_a_gain():
    assert expected_shortfall(np.array([-0.03, -0.01, -0.02]), level=0.9) == pytest.approx(-0.01)


@given(losses, levels)
def test_a_tail_is_what_plain_python_says(values, level):
    assert expected_shortfall(values, level=level) == pytest.approx(mean_of_the_worst(values, level), abs=1e-12)


@given(losses, levels)
def test_the_mean_of_the_worst_is_no_better_than_the_best_of_them(values, level):
    shortfall = expected_shortfall(values, level=level)
    assert values.mean() - 1e-12 <= shortfall <= values.max() + 1e-12
    assert shortfall >= value_at_risk(values, level=level) - 1e-12


@given(losses, levels, st.floats(0.1, 10), st.floats(-1, 1))
def test_a_tail_moves_and_stretches_with_the_losses(values, level, factor, shift):
    seen = expected_shortfall(factor * values + shift, level=level)
    assert seen == pytest.approx(factor * expected_shortfall(values, level=level) + shift, abs=1e-9)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(*[arrays(float, n, elements=st.floats(-0.5, 0.5))] * 2)), levels)
def test_two_books_together_have_no_worse_a_tail_than_apart(pair, level):
    """Subadditivity: what makes the shortfall coherent and the value at risk not."""
    apart = sum(expected_shortfall(values, level=level) for values in pair)
    assert expected_shortfall(pair[0] + pair[1], level=level) <= apart + 1e-9
