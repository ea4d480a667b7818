from dataclasses import astuple
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.metrics import (
    cagr,
    daily_returns,
    daily_sums,
    drawdowns,
    hit_rate,
    lo_sharpe,
    log_t,
    max_drawdown,
    metrics,
    profit_factor,
    sharpe,
    sortino,
    standard_moment,
)
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
    assert seen.ulcer == pytest.approx(0.0115703975, abs=1e-10)
    assert (seen.best_day, seen.worst_day) == pytest.approx((0.025, -0.03))


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
    assert seen.kurtosis == 3.0
    assert sum(map(abs, astuple(seen))) == 3.0


@pytest.mark.parametrize("value", [0.0, 0.01, -0.01])
def test_a_constant_has_no_ratio_but_has_its_own_worst_day(value):
    seen = metrics(np.full(40, value), np.zeros(40), times(40))
    assert (seen.sharpe, seen.lo_sharpe, seen.log_t, seen.skew, seen.kurtosis) == (0, 0, 0, 0, 3)
    assert (seen.worst_day, seen.es_95, seen.es_975) == pytest.approx((value, -value, -value))
    assert (seen.hit_rate, seen.under_water) == (float(value > 0), float(value < 0))


def test_ruin_is_the_loss_of_everything():
    net = np.array([0.1, -1.0, 0.0, 0.0])
    assert cagr(net) == -1.0
    assert max_drawdown(net) == -1.0
    assert metrics(net, net * 0, times(4)).calmar == -1.0


def test_a_wild_hour_has_a_finite_year():
    seen = metrics(np.array([2.0, 2.0, -1e-9]), np.zeros(3), times(3, HOUR))
    assert 1e99 < seen.cagr < 1e101
    assert np.isfinite(seen.calmar)


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


def test_days_without_a_return_are_neither_hits_nor_misses():
    assert hit_rate(np.array([0.01, 0.0, -0.02, 0.03, 0.0])) == pytest.approx(2 / 3)
    assert hit_rate(np.zeros(5)) == 0.0


def test_a_profit_factor_is_gains_over_losses():
    assert profit_factor(np.array([0.03, -0.01, 0.01, -0.01])) == pytest.approx(2.0)
    assert profit_factor(np.array([0.03, 0.0])) == 0.0


def test_moments_are_those_of_the_population():
    assert standard_moment(np.array([-1.0, 1.0, -1.0, 1.0]), 4, normal=3.0) == pytest.approx(1.0)
    assert standard_moment(np.array([0.0, 0.0, 0.0, 1.0]), 3, normal=0.0) == pytest.approx(2 / 3**0.5)


def test_what_is_halved_and_then_doubled_has_no_log_return():
    daily = np.array([1.0, -0.5] * 10)
    assert daily.mean() == 0.25
    assert log_t(daily) == pytest.approx(0.0, abs=1e-12)


def test_the_log_statistic_of_a_ruin_is_its_limit():
    daily = np.full(100, 0.01) + np.linspace(0, 0.001, 100)
    nearly, ruined = daily.copy(), daily.copy()
    nearly[50], ruined[50] = -1 + 1e-15, -1.0
    assert log_t(ruined) == -1.0
    assert log_t(nearly) == pytest.approx(-1.0, abs=0.05)


def test_a_trend_in_the_days_lowers_the_lo_sharpe_ratio_and_a_reversal_raises_it():
    rng = np.random.default_rng(3)
    shocks = rng.normal(0.002, 0.02, 1001)
    trending, reverting = shocks[1:] + 0.5 * shocks[:-1], shocks[1:] - 0.3 * shocks[:-1]
    assert lo_sharpe(trending) < 0.9 * sharpe(trending)
    assert lo_sharpe(reverting) > 1.1 * sharpe(reverting)


def test_without_autocorrelation_the_lo_sharpe_ratio_is_the_sharpe_ratio():
    daily = np.random.default_rng(4).normal(0.001, 0.02, 100_000)
    assert lo_sharpe(daily) == pytest.approx(sharpe(daily), rel=0.03)


RUINOUS = arrays(float, st.integers(0, 80), elements=st.one_of(st.just(-1.0), st.just(0.0), st.floats(-1, 3)))


@given(RUINOUS, st.sampled_from([HOUR, DAY]))
def test_finite_returns_have_finite_figures(net, step):
    seen = metrics(net, np.abs(net), times(len(net), step))
    assert np.isfinite(astuple(seen)).all()
    assert seen.es_975 >= seen.es_95 - 1e-12
    assert 0 <= seen.cdar_95 <= -seen.max_drawdown + 1e-12
    assert 0 <= seen.ulcer <= -seen.max_drawdown + 1e-12
    assert seen.kurtosis >= seen.skew**2 + 1 - 1e-6
    assert seen.worst_day <= seen.best_day


@given(returns, st.floats(0.1, 10))
def test_shares_and_shapes_do_not_depend_on_size(daily, factor):
    assert hit_rate(daily * factor) == hit_rate(daily)
    assert profit_factor(daily * factor) == pytest.approx(profit_factor(daily))
    assert lo_sharpe(daily * factor) == pytest.approx(lo_sharpe(daily), rel=1e-6, abs=1e-9)
    for power, normal in ((3, 0.0), (4, 3.0)):
        small, large = (standard_moment(values, power, normal=normal) for values in (daily, daily * factor))
        assert small == pytest.approx(large, rel=1e-6, abs=1e-9)


@given(returns, st.randoms(use_true_random=False))
def test_all_but_the_path_figures_are_blind_to_the_order_of_days(daily, random):
    shuffled = np.array(random.sample(list(daily), len(daily)))
    for name in ("sharpe", "sortino", "cagr", "log_t", "hit_rate", "profit_factor", "es_95", "es_975", "skew", "kurtosis"):
        seen = [getattr(metrics(net, net * 0, times(len(net))), name) for net in (daily, shuffled)]
        assert seen[0] == pytest.approx(seen[1], rel=1e-6, abs=1e-9), name
