from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.metrics import cagr, daily_returns, daily_sums, drawdowns, max_drawdown, metrics, sharpe, sortino
from core.market.timeframe import DAY, HOUR

START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
TWELVE_DAYS = np.array([0.01, -0.02, 0.015, 0.003, -0.012, 0.02, -0.005, 0.007, -0.03, 0.025, 0.004, -0.001])

returns = arrays(float, st.integers(1, 100), elements=st.floats(-0.5, 0.5).map(lambda r: round(r, 9)))


def times(count, step=DAY):
    return START + step * np.arange(count, dtype=np.int64)


def test_twelve_days_amount_to_what_the_libraries_say():
    """empyrical-reloaded 0.7.1 with annualization=365, and by hand; ffn 1.4.1 has the same Sharpe and Sortino."""
    seen = metrics(TWELVE_DAYS, np.full(12, 0.5), times(12))
    assert seen.sharpe == pytest.approx(1.576300066579785, abs=1e-8)
    assert seen.sortino == pytest.approx(2.3015325663989663, abs=1e-8)
    assert seen.max_drawdown == pytest.approx(-0.03, abs=1e-12)
    assert seen.cagr == pytest.approx(0.5566811434996708, abs=1e-8)
    assert seen.calmar == pytest.approx(18.556038116655618, abs=1e-6)
    assert seen.volatility == pytest.approx(np.std(TWELVE_DAYS, ddof=1) * 365**0.5)
    assert seen.turnover_per_day == 0.5
    assert seen.days == 12


def test_a_loss_on_the_first_day_is_a_drawdown():
    """Equity starts at 1 before the first return; ffn on un-seeded prices says 0."""
    assert max_drawdown(np.array([-0.1, 0.02, 0.03, 0.01])) == pytest.approx(-0.1)


def test_hours_compound_into_utc_days():
    net = np.full(36, 0.01)
    assert daily_returns(net, times(36, HOUR)) == pytest.approx([1.01**24 - 1, 1.01**12 - 1])
    assert daily_returns(net, times(36, HOUR) + 18 * HOUR) == pytest.approx([1.01**6 - 1, 1.01**24 - 1, 1.01**6 - 1])


def test_sums_per_day_are_not_compounded():
    assert daily_sums(np.full(36, 0.01), times(36, HOUR)) == pytest.approx([0.24, 0.12])


def test_a_sharpe_ratio_is_of_days_not_of_hours():
    rng = np.random.default_rng(1)
    net = rng.normal(0.001, 0.01, 24 * 100)
    daily = np.prod(1 + net.reshape(100, 24), axis=1) - 1
    assert metrics(net, net * 0, times(2400, HOUR)).sharpe == pytest.approx(daily.mean() / daily.std(ddof=1) * 365**0.5)


@pytest.mark.parametrize("value", [0.0, 0.1, 0.003, -0.01])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 50])
def test_there_is_no_sharpe_ratio_without_variation(value, count):
    assert sharpe(np.full(count, value)) == 0.0


def test_there_is_no_sortino_ratio_without_a_loss():
    assert sortino(np.array([0.01, 0.0, 0.02])) == 0.0


def test_a_small_variation_is_still_a_variation():
    assert sharpe(np.array([0.01, 0.01 + 1e-9])) > 1e6


def test_no_bars_amount_to_nothing():
    seen = metrics(np.zeros(0), np.zeros(0), times(0))
    assert (seen.sharpe, seen.sortino, seen.calmar, seen.cagr, seen.max_drawdown, seen.days) == (0, 0, 0, 0, 0, 0)


def test_ruin_is_the_loss_of_everything():
    net = np.array([0.1, -1.0, 0.0, 0.0])
    assert cagr(net) == -1.0
    assert max_drawdown(net) == -1.0
    assert metrics(net, net * 0, times(4)).calmar == -1.0


@given(returns, st.floats(0.1, 10))
def test_a_sharpe_ratio_does_not_depend_on_size(daily, factor):
    assert sharpe(daily * factor) == pytest.approx(sharpe(daily), rel=1e-6, abs=1e-9)


@given(returns)
def test_a_drawdown_is_never_positive_and_a_fresh_peak_has_none(net):
    seen = drawdowns(net)
    equity = np.cumprod(1 + net)
    assert (seen <= 0).all()
    assert (seen >= -1).all()
    if equity[-1] == equity.max() and equity[-1] >= 1:
        assert seen[-1] == 0


@given(returns, st.floats(-0.5, 0))
def test_one_more_loss_never_makes_the_deepest_drawdown_milder(net, loss):
    assert max_drawdown(np.append(net, loss)) <= max_drawdown(net)


@given(arrays(float, st.integers(1, 200), elements=st.floats(-0.1, 0.1)), st.integers(0, 23))
def test_days_compound_to_what_the_bars_compound_to(net, hour):
    daily = daily_returns(net, times(len(net), HOUR) + hour * HOUR)
    assert np.prod(1 + daily) == pytest.approx(np.prod(1 + net))
