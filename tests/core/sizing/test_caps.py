import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import ConfigError
from core.sizing.caps import cap_assets, cap_weights
from core.sizing.config import CapsConfig

weights = arrays(float, st.integers(1, 12), elements=st.floats(-3, 3) | st.just(float("nan")))
symbol = st.floats(0, 1)
gross = st.floats(0, 10)
room = st.floats(0, 2)
ROUNDING = 1e-12
TINY = 1e-300  # below it, one grain of floating point is no longer small against the number


def capped(w, symbol, gross, *, leverage=1.0, room=np.inf, value=None):
    """Symbols trade a day: as much as given, or one unit each."""
    raw, out = np.asarray(w, dtype=float), np.empty(len(w))
    cap_weights(raw, leverage, np.ones(len(w)) if value is None else np.asarray(value), room, (symbol, gross), out)
    return out


def shared(w, coins, most):
    out = np.array(w, dtype=float)
    cap_assets(out, np.array(coins), most)
    return out


def test_a_weight_is_clipped_on_both_sides():
    assert capped([0.6, -0.6, 0.1], 0.25, 1.5).tolist() == [0.25, -0.25, 0.1]


def test_leverage_comes_before_the_caps():
    assert capped([0.1, -0.2, 0.01], 0.25, 1.5, leverage=2.0).tolist() == [0.2, -0.25, 0.02]


def test_a_sum_that_is_too_large_shrinks_everything_alike():
    assert capped([0.2, -0.4, 0.4], 0.5, 0.5) == pytest.approx([0.1, -0.2, 0.2])


def test_a_symbol_gets_no_more_than_its_share_of_what_it_trades():
    assert capped([0.2, -0.2, 0.2, 0.2], 0.5, 9.0, room=1e-3, value=[1000, 100, 10, 0]) == pytest.approx([0.2, -0.1, 0.01, 0])


def test_what_is_left_alone_stays_so_and_does_not_count():
    assert capped([0.4, np.nan, 0.4], 0.5, 0.4) == pytest.approx([0.2, np.nan, 0.2], nan_ok=True)


@given(weights, symbol, gross, room)
def test_every_cap_holds(w, symbol, gross, room):
    out = np.nan_to_num(capped(w, symbol, gross, room=room))
    assert (np.abs(out) <= min(symbol, room)).all()
    assert np.abs(out).sum() <= gross * (1 + ROUNDING) + TINY


@given(weights, symbol, gross, room)
def test_no_sign_is_flipped_and_no_weight_is_raised(w, symbol, gross, room):
    out = capped(w, symbol, gross, room=room)
    assert np.array_equal(np.isnan(out), np.isnan(w))
    known = ~np.isnan(w)
    assert (out[known] * w[known] >= 0).all()
    assert (np.abs(out[known]) <= np.abs(w[known])).all()


@given(weights, symbol, gross, room)
def test_doing_it_twice_is_doing_it_once(w, symbol, gross, room):
    once = capped(w, symbol, gross, room=room)
    np.testing.assert_allclose(capped(once, symbol, gross, room=room), once, rtol=ROUNDING, atol=TINY)


@given(weights)
def test_caps_that_do_not_bind_change_nothing(w):
    assert np.array_equal(capped(w, 3.0, 100.0), w, equal_nan=True)


@given(weights, symbol, gross)
def test_the_order_of_weights_is_kept(w, symbol, gross):
    w = np.sort(w[~np.isnan(w)])
    assert (np.diff(capped(w, symbol, gross)) >= 0).all()


def test_symbols_on_one_coin_share_a_cap_long_and_short_alike():
    assert shared([0.2, 0.3, -0.2, 0.1], [0, 1, 0, 2], 0.2) == pytest.approx([0.1, 0.2, -0.1, 0.1])


def test_what_is_left_alone_does_not_count_for_its_coin():
    assert shared([0.4, np.nan, 0.4], [0, 0, 0], 0.4) == pytest.approx([0.2, np.nan, 0.2], nan_ok=True)


@given(weights, st.integers(0, 99), st.floats(0, 4))
def test_no_coin_is_held_larger_than_its_cap(w, seed, most):
    coins = np.random.default_rng(seed).integers(0, 4, len(w))
    out, known = shared(w, coins, most), ~np.isnan(w)
    assert np.array_equal(np.isnan(out), ~known)
    assert (out[known] * w[known] >= 0).all()
    assert (np.abs(out[known]) <= np.abs(w[known])).all()
    for coin in range(4):
        before, after = (np.abs(np.nan_to_num(x))[coins == coin].sum() for x in (w, out))
        assert after <= most * (1 + ROUNDING) + TINY
        if before <= most:
            assert np.array_equal(out[coins == coin], w[coins == coin], equal_nan=True)
    np.testing.assert_allclose(shared(out, coins, most), out, rtol=ROUNDING, atol=TINY)


@pytest.mark.parametrize(
    ("name", "value"),
    [("symbol", 25), ("symbol", -0.1), ("asset", 25), ("liquidity", 1.5), ("gross", 150), ("gross", -1)],
)
def test_a_cap_in_percent_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"caps: {name} = {value}"):
        CapsConfig.read({name: value}, subject="caps")
