import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import ConfigError
from core.sizing.caps import CapsConfig, cap_weights

weights = arrays(float, st.integers(1, 12), elements=st.floats(-3, 3) | st.just(float("nan")))
symbol = st.floats(0, 1)
gross = st.floats(0, 10)
ROUNDING = 1e-12
TINY = 1e-300  # below it, one grain of floating point is no longer small against the number


def test_a_weight_is_clipped_on_both_sides():
    assert cap_weights(np.array([0.6, -0.6, 0.1]), 0.25, 1.5).tolist() == [0.25, -0.25, 0.1]


def test_a_sum_that_is_too_large_shrinks_everything_alike():
    assert cap_weights(np.array([0.2, -0.4, 0.4]), 0.5, 0.5) == pytest.approx([0.1, -0.2, 0.2])


def test_what_is_left_alone_stays_so_and_does_not_count():
    assert cap_weights(np.array([0.4, np.nan, 0.4]), 0.5, 0.4) == pytest.approx([0.2, np.nan, 0.2], nan_ok=True)


@given(weights, symbol, gross)
def test_both_caps_hold(w, symbol, gross):
    out = np.nan_to_num(cap_weights(w, symbol, gross))
    assert (np.abs(out) <= symbol).all()
    assert np.abs(out).sum() <= gross * (1 + ROUNDING) + TINY


@given(weights, symbol, gross)
def test_no_sign_is_flipped_and_no_weight_is_raised(w, symbol, gross):
    out = cap_weights(w, symbol, gross)
    assert np.array_equal(np.isnan(out), np.isnan(w))
    known = ~np.isnan(w)
    assert (out[known] * w[known] >= 0).all()
    assert (np.abs(out[known]) <= np.abs(w[known])).all()


@given(weights, symbol, gross)
def test_doing_it_twice_is_doing_it_once(w, symbol, gross):
    once = cap_weights(w, symbol, gross)
    np.testing.assert_allclose(cap_weights(once, symbol, gross), once, rtol=ROUNDING, atol=TINY)


@given(weights)
def test_caps_that_do_not_bind_change_nothing(w):
    assert np.array_equal(cap_weights(w, 3.0, 100.0), w, equal_nan=True)


@given(weights, symbol, gross)
def test_the_order_of_weights_is_kept(w, symbol, gross):
    w = np.sort(w[~np.isnan(w)])
    assert (np.diff(cap_weights(w, symbol, gross)) >= 0).all()


@pytest.mark.parametrize(("name", "value"), [("symbol", 25), ("symbol", -0.1), ("gross", 150), ("gross", -1)])
def test_a_cap_in_percent_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"caps: {name} = {value}"):
        CapsConfig.read({name: value}, subject="caps")
