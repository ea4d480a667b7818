import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.sizing.config import ScalerConfig
from core.sizing.scaler import forecast_vol, kelly_factor, stepdown

drawdown = st.floats(0, 1)
moments = st.tuples(st.floats(-0.1, 0.1), st.floats(1e-9, 0.1))
seeds = st.integers(0, 1000)
fractions = st.floats(0, 1)
FOUR_VOLS = np.array([0.8, 0.5, 1.0, 0.4])
FOUR_WEIGHTS = np.array([0.18518518518518517, 0.2962962962962963, 0.14814814814814814, 0.37037037037037035])


def drawn(seed, width=5):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, width), rng.uniform(0.1, 2.0, width)


def test_four_names_have_the_volatility_of_their_covariance():
    """Reference vector vol_target_scale: correlation .6, portfolio vol .49580, so .2 is aimed at with .40339 of it."""
    vol = forecast_vol(FOUR_WEIGHTS, FOUR_VOLS, 0.6, 0.0)
    covariance = (0.6 + 0.4 * np.eye(4)) * np.outer(FOUR_VOLS, FOUR_VOLS)
    assert vol == pytest.approx((FOUR_WEIGHTS @ covariance @ FOUR_WEIGHTS) ** 0.5, rel=1e-14)
    assert vol == pytest.approx(0.49580, abs=5e-6)
    assert 0.2 / vol == pytest.approx(0.40338965565035784, abs=1e-12)


def test_one_name_has_its_own_volatility_whatever_the_correlation():
    for correlation in (0.0, 0.5, 1.0):
        assert forecast_vol(np.array([-2.0]), np.array([0.3]), correlation, 0.0) == pytest.approx(0.6)


def test_a_balanced_book_keeps_the_share_that_does_not_match():
    """Perfectly correlated, longs and shorts cancel: what is left is the mismatch of the squared gross risk."""
    assert forecast_vol(np.array([0.5, -0.5]), np.array([0.4, 0.4]), 1.0, 0.0) == 0.0
    assert forecast_vol(np.array([0.5, -0.5]), np.array([0.4, 0.4]), 1.0, 0.25) == pytest.approx(0.5 * 0.4)


def test_what_is_left_alone_or_unknown_counts_as_nothing_held():
    alone = forecast_vol(np.array([0.5]), np.array([0.4]), 0.5, 0.05)
    assert forecast_vol(np.array([0.5, np.nan, 0.5]), np.array([0.4, 0.9, 0.0]), 0.5, 0.05) == alone
    assert forecast_vol(np.array([np.nan, 0.0]), np.array([0.4, 0.9]), 0.5, 0.05) == 0.0


@given(seeds, fractions, fractions, st.floats(0.1, 10))
def test_a_book_as_many_times_larger_is_as_many_times_wilder(seed, correlation, mismatch, factor):
    raw, vol = drawn(seed)
    once = forecast_vol(raw, vol, correlation, mismatch)
    assert forecast_vol(factor * raw, vol, correlation, mismatch) == pytest.approx(factor * once)
    assert forecast_vol(-raw, vol, correlation, mismatch) == once


@given(seeds, fractions, fractions, fractions)
def test_more_mismatch_is_never_calmer(seed, correlation, one, other):
    less, more = (forecast_vol(*drawn(seed), correlation, m) for m in sorted((one, other)))
    assert less <= more


@given(seeds, fractions, fractions)
def test_no_book_is_wilder_than_all_of_its_risks_at_once(seed, correlation, mismatch):
    raw, vol = drawn(seed)
    assert 0 <= forecast_vol(raw, vol, correlation, mismatch) <= np.abs(raw * vol).sum() * (1 + mismatch) ** 0.5 * (1 + 1e-12)


@given(seeds, fractions, fractions, st.integers(0, 5))
def test_an_empty_column_changes_not_even_the_last_bit(seed, correlation, mismatch, at):
    raw, vol = drawn(seed)
    wider = forecast_vol(np.insert(raw, at, np.nan), np.insert(vol, at, 0.7), correlation, mismatch)
    assert wider == forecast_vol(raw, vol, correlation, mismatch)


@pytest.mark.parametrize(
    ("loss", "share"), [(0.0, 1.0), (0.1, 1.0), (0.15, 0.8125), (0.2, 0.625), (0.3, 0.25), (0.5, 0.25), (1.0, 0.25)]
)
def test_a_drawdown_leaves_a_share(loss, share):
    assert stepdown(loss, 0.1, 0.3, 0.25) == pytest.approx(share)


@given(drawdown, drawdown, st.floats(0, 0.5), st.floats(0.01, 0.5), st.floats(0, 1))
def test_a_deeper_drawdown_never_leaves_more(one, other, start, width, floor):
    mild, deep = (stepdown(d, start, start + width, floor) for d in sorted((one, other)))
    assert floor - 1e-12 <= deep <= mild <= 1.0


def test_kelly_asks_for_nothing_less_than_its_floor_and_nothing_more_than_its_cap():
    assert kelly_factor(0.0, 0.01, 0.5, (0.0, 1.0)) == 0.0
    assert kelly_factor(-0.1, 0.01, 0.5, (0.3, 1.0)) == 0.3
    assert kelly_factor(0.01, 0.01, 0.5, (0.0, 1.0)) == pytest.approx(0.5)
    assert kelly_factor(0.1, 0.01, 0.5, (0.0, 1.0)) == 1.0
    assert kelly_factor(0.1, 0.01, 0.5, (0.0, 1.5)) == 1.5


def test_kelly_has_no_opinion_without_variance():
    assert kelly_factor(0.0, 0.0, 0.5, (0.2, 1.5)) == 1.0
    assert kelly_factor(0.1, -1e-20, 0.5, (0.2, 1.5)) == 1.0


@given(moments, fractions, fractions, st.floats(1, 3))
def test_kelly_stays_between_its_floor_and_its_cap(seen, fraction, floor, cap):
    assert floor <= kelly_factor(*seen, fraction, (floor, cap)) <= cap


@given(moments, st.floats(0, 0.1), fractions, fractions, st.floats(1, 3))
def test_a_better_mean_is_never_held_smaller(seen, gain, fraction, floor, cap):
    mean, variance = seen
    better = kelly_factor(mean + gain, variance, fraction, (floor, cap))
    assert better >= kelly_factor(mean, variance, fraction, (floor, cap))


@pytest.mark.parametrize(
    "values",
    [
        {"target_vol": 20},
        {"stepdown_start": 0.3, "stepdown_end": 0.3},
        {"stepdown_floor": -0.1},
        {"max_leverage": 0},
        {"correlation": 1.1},
        {"mismatch": 5},
        {"kelly_cap": 0},
        {"vol_window": 720},
    ],
)
def test_a_scaler_that_makes_no_sense_is_refused(values):
    with pytest.raises(ConfigError, match="scaler: "):
        ScalerConfig.read(values, subject="scaler")
