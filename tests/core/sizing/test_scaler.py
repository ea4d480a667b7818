import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.market.timeframe import DAY, HOUR
from core.sizing.scaler import ScalerConfig, kelly_factor, stepdown, vol_target_leverage

drawdown = st.floats(0, 1)
moments = st.tuples(st.floats(-0.1, 0.1), st.floats(1e-9, 0.1))


def leverage(raw, returns, *, bar_ms=DAY, **config):
    rows = np.array([len(returns) - 1])
    return vol_target_leverage(np.array([raw]), np.asarray(returns), rows, bar_ms, ScalerConfig(**config))[0]


def test_four_names_are_scaled_to_the_target():
    """Reference vector vol_target_scale: vols .8 .5 1 .4, correlation .6, target .2: portfolio vol .49580, scale .40339."""
    vol, correlation = np.array([0.8, 0.5, 1.0, 0.4]), 0.6 + 0.4 * np.eye(4)
    weights = [0.18518518518518517, 0.2962962962962963, 0.14814814814814814, 0.37037037037037035]
    draws = np.random.default_rng(1).standard_normal((400, 4))
    draws -= draws.mean(axis=0)
    draws = draws @ np.linalg.inv(np.linalg.cholesky(draws.T @ draws / 400)).T  # exactly uncorrelated, of unit variance
    returns = draws @ np.linalg.cholesky(correlation * np.outer(vol, vol) / 365).T
    assert leverage(weights, returns, vol_window=400, target_vol=0.2) == pytest.approx(0.40338965565035784, abs=1e-10)


def test_leverage_is_the_target_over_the_volatility_of_what_would_be_held():
    returns = np.array([[0.01, -0.01], [-0.01, 0.01]] * 50)
    annual = 0.01 * 365**0.5
    assert leverage([1.0, 0.0], returns, vol_window=100, target_vol=0.1) == pytest.approx(0.1 / annual)
    assert leverage([0.5, -0.5], returns, vol_window=100, target_vol=0.1) == pytest.approx(0.1 / annual)
    assert leverage([0.5, 0.5], returns, vol_window=100, max_leverage=3.0) == 3.0  # they cancel: the cap decides


def test_only_the_window_counts():
    returns = np.vstack([np.full((50, 1), 9.0), np.full((50, 1), 0.01)])
    assert leverage([1.0], returns, vol_window=50, target_vol=0.1) == pytest.approx(0.1 / (0.01 * 365**0.5))


def test_an_hour_is_annualised_by_hours():
    returns = np.full((50, 1), 0.01)
    assert leverage([1.0], returns, bar_ms=HOUR, vol_window=50) == pytest.approx(0.2 / (0.01 * 8760**0.5))


def test_what_is_left_alone_counts_as_nothing_held():
    returns = np.array([[0.01, 0.5]] * 50)
    assert leverage([1.0, np.nan], returns, vol_window=50) == leverage([1.0, 0.0], returns, vol_window=50)


def test_nothing_held_or_no_history_has_no_leverage():
    assert leverage([0.0], np.full((50, 1), 0.01), vol_window=50) == 0.0
    assert leverage([1.0], np.full((9, 1), 0.01), vol_window=100) == 0.0
    assert leverage([1.0], np.full((10, 1), 0.01), vol_window=100) > 0.0


@given(st.integers(0, 1000), st.floats(0.01, 1), st.floats(0.1, 10))
def test_leverage_stays_between_nothing_and_its_cap(seed, target, cap):
    rng = np.random.default_rng(seed)
    seen = leverage(rng.normal(0, 1, 3), rng.normal(0, 0.02, (60, 3)), vol_window=60, target_vol=target, max_leverage=cap)
    assert 0 < seen <= cap


@given(st.integers(0, 1000))
def test_an_empty_column_changes_not_even_the_last_bit(seed):
    rng = np.random.default_rng(seed)
    raw, returns = rng.normal(0, 1, 3), rng.normal(0, 0.02, (60, 3))
    wider = np.insert(returns, [1], np.zeros((60, 1)), axis=1)
    assert leverage(np.insert(raw, 1, 0.0), wider, vol_window=60) == leverage(raw, returns, vol_window=60)


@given(st.integers(0, 1000), st.floats(1.01, 5))
def test_a_wilder_market_is_never_held_larger(seed, factor):
    rng = np.random.default_rng(seed)
    raw, returns = rng.normal(0, 1, 3), rng.normal(0, 0.02, (60, 3))
    assert leverage(raw, returns * factor, vol_window=60) <= leverage(raw, returns, vol_window=60)


@pytest.mark.parametrize(
    ("loss", "share"), [(0.0, 1.0), (0.1, 1.0), (0.15, 0.8125), (0.2, 0.625), (0.3, 0.25), (0.5, 0.25), (1.0, 0.25)]
)
def test_a_drawdown_leaves_a_share(loss, share):
    assert stepdown(loss, 0.1, 0.3, 0.25) == pytest.approx(share)


@given(drawdown, drawdown, st.floats(0, 0.5), st.floats(0.01, 0.5), st.floats(0, 1))
def test_a_deeper_drawdown_never_leaves_more(one, other, start, width, floor):
    mild, deep = (stepdown(d, start, start + width, floor) for d in sorted((one, other)))
    assert floor - 1e-12 <= deep <= mild <= 1.0


def test_kelly_asks_for_nothing_less_than_the_floor_and_nothing_more_than_all():
    assert kelly_factor(0.0, 0.01, 0.5, 0.0) == 0.0
    assert kelly_factor(-0.1, 0.01, 0.5, 0.3) == 0.3
    assert kelly_factor(0.01, 0.01, 0.5, 0.0) == pytest.approx(0.5)
    assert kelly_factor(0.1, 0.01, 0.5, 0.0) == 1.0


def test_kelly_has_no_opinion_without_variance():
    assert kelly_factor(0.0, 0.0, 0.5, 0.2) == 1.0
    assert kelly_factor(0.1, -1e-20, 0.5, 0.2) == 1.0


@given(moments, st.floats(0, 1), st.floats(0, 1))
def test_kelly_stays_between_its_floor_and_one(seen, fraction, floor):
    assert floor <= kelly_factor(*seen, fraction, floor) <= 1.0


@given(moments, st.floats(0, 0.1), st.floats(0, 1), st.floats(0, 1))
def test_a_better_mean_is_never_held_smaller(seen, gain, fraction, floor):
    mean, variance = seen
    assert kelly_factor(mean + gain, variance, fraction, floor) >= kelly_factor(mean, variance, fraction, floor)


@pytest.mark.parametrize(
    "values", [{"target_vol": 20}, {"stepdown_start": 0.3, "stepdown_end": 0.3}, {"stepdown_floor": -0.1}, {"max_leverage": 0}]
)
def test_a_scaler_that_makes_no_sense_is_refused(values):
    with pytest.raises(ConfigError, match="scaler: "):
        ScalerConfig.read(values, subject="scaler")
