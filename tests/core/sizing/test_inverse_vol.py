import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.sizing.inverse_vol import inverse_vol_weights

scores = arrays(float, (4, 5), elements=st.sampled_from([-1.0, 0.0, 1.0, 0.5, float("nan")]))
vols = arrays(float, (4, 5), elements=st.floats(0.0, 5.0) | st.just(float("nan")))


def test_four_names_carry_the_same_risk():
    """Reference vector inverse_vol: w_i = (1 / s_i) / sum(1 / s)."""
    vol = np.array([[0.8, 0.5, 1.0, 0.4]])
    expected = [0.18518518518518517, 0.2962962962962963, 0.14814814814814814, 0.37037037037037035]
    assert inverse_vol_weights(np.ones((1, 4)), vol, vol_floor=0.05)[0] == pytest.approx(expected, abs=1e-12)


def test_a_dead_market_counts_as_the_floor():
    assert inverse_vol_weights(np.ones((1, 2)), np.array([[1e-9, 0.3]]), vol_floor=0.1)[0] == pytest.approx([0.75, 0.25])


def test_no_opinion_and_no_history_receive_nothing():
    score, vol = np.array([[1.0, np.nan, 0.0, -1.0]]), np.array([[np.nan, 0.5, 0.5, 0.5]])
    assert inverse_vol_weights(score, vol, vol_floor=0.1)[0].tolist() == [0, 0, 0, -1]


@given(scores, vols)
def test_a_row_has_unit_gross_or_nothing(score, vol):
    out = inverse_vol_weights(score, vol, vol_floor=0.1)
    gross = np.abs(out).sum(axis=1)
    held = ((np.nan_to_num(score) != 0) & ~np.isnan(vol)).any(axis=1)
    assert gross == pytest.approx(held.astype(float))
    assert np.isfinite(out).all()


@given(scores, vols)
def test_no_sign_is_flipped(score, vol):
    assert (inverse_vol_weights(score, vol, vol_floor=0.1) * np.nan_to_num(score) >= 0).all()


@given(scores, vols, st.floats(0.1, 10))
def test_the_size_of_a_score_matters_only_relative_to_the_others(score, vol, factor):
    straight = inverse_vol_weights(score, vol, vol_floor=0.1)
    np.testing.assert_allclose(inverse_vol_weights(score * factor, vol, vol_floor=0.1), straight, atol=1e-12)


@given(scores, vols)
def test_an_empty_column_changes_not_even_the_last_bit(score, vol):
    nothing = np.full((4, 1), np.nan)
    for at in range(6):
        wider = inverse_vol_weights(np.insert(score, [at], nothing, 1), np.insert(vol, [at], nothing, 1), vol_floor=0.1)
        assert np.array_equal(np.delete(wider, at, axis=1), inverse_vol_weights(score, vol, vol_floor=0.1))
