"""Market regimes: each rule by a story, then the laws, then real bars by date."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.metrics import daily_returns, max_drawdown, sharpe
from core.errors import ConfigError, DataError
from core.market.timeframe import DAY, HOUR, milliseconds, utc
from core.regimes import Regime, RegimeConfig, benchmark, by_regime, regime_spells, regimes
from tests.core.panels import holey, walk

START = milliseconds(datetime(2024, 1, 1, tzinfo=UTC))
REAL = Path(__file__).parents[3] / "shared" / "data" / "ohlcv_1h_perp.parquet"
SMALL = RegimeConfig(
    trend_days=6, average_days=10, volatility_days=3, history_days=20, history_least=3, high_days=8, crisis_drawdown=0.1
)


def closes(count, step=DAY):
    return START + step * np.arange(1, count + 1, dtype=np.int64)


def drift(*legs):
    """Walk legs of (days, log return per day, log wobble); all wobbles calm down, so that only a wilder leg ranks high."""
    days = [leg[0] for leg in legs]
    per_day, wobble = (np.repeat([leg[i] for leg in legs], days) for i in (1, 2))
    calming = np.linspace(1.0, 0.5, sum(days)) * np.where(np.arange(sum(days)) % 2, 1, -1)
    return 100 * np.exp(np.cumsum(per_day + wobble * calming))


RISE, FALL, FLAT = (300, 0.004, 0.01), (300, -0.004, 0.01), (300, 0.0, 0.01)


def label(price, config=RegimeConfig()):  # noqa: B008  # frozen
    return regimes(price, closes(len(price)), config)


def titles(labels):
    return [spell.regime.title for spell in regime_spells(labels, closes(len(labels)) - DAY)]


WALKS = st.builds(
    lambda seed, bars, rough: 100 * np.exp(np.cumsum(rough * np.random.default_rng(seed).standard_t(3, bars).clip(-15, 15))),
    st.integers(0, 10_000),
    st.integers(1, 200),
    st.sampled_from([0.002, 0.02]),
)


def test_a_steady_rise_is_a_bull_market_once_the_trend_is_known():
    seen = label(drift(RISE))
    assert (seen[:90] == Regime.UNKNOWN).all()
    assert (seen[92:] == Regime.BULL).all()


def test_a_steady_fall_is_a_bear_market():
    assert (label(drift(FALL))[92:] == Regime.BEAR).all()


def test_a_market_that_goes_nowhere_is_sideways():
    assert (label(drift(FLAT))[92:] == Regime.SIDEWAYS).all()


def test_a_price_that_never_moves_is_sideways():
    assert (label(np.full(300, 7.0))[92:] == Regime.SIDEWAYS).all()


def test_a_violent_rise_is_high_volatility_and_no_crisis():
    seen = label(drift(FLAT, (20, 0.01, 0.1)))
    assert seen[-1] == Regime.HIGH_VOLATILITY
    assert Regime.CRISIS not in seen


def test_a_violent_fall_is_a_crisis_on_the_day_it_has_fallen_far_enough():
    seen = label(np.append(drift(FLAT), drift(FLAT)[-1] * np.array([0.9, 0.8, 0.7])))
    assert (seen[:301] != Regime.CRISIS).all()
    assert seen[302] == Regime.CRISIS


def test_a_slow_fall_of_the_same_depth_is_a_bear_market():
    seen = label(drift(FLAT, (150, -0.004, 0.01)))
    assert Regime.CRISIS not in seen
    assert seen[-1] == Regime.BEAR


def test_a_crisis_needs_no_trend_to_be_known():
    """Two months of history are enough: the volatility of 30 days, ranked among 30 of its kind."""
    calm = drift((62, 0.0, 0.01))
    assert titles(label(np.append(calm, calm[-1] * np.array([0.7, 0.6])))) == ["unknown", "crisis"]


def test_a_label_must_hold_for_some_days_before_it_counts():
    price = drift((150, 0.0, 0.001), (60, 0.004, 0.001))
    waiting = [int(np.argmax(label(price, RegimeConfig(confirm_days=n)) == Regime.BULL)) for n in (1, 3, 5)]
    assert waiting[1] == waiting[0] + 2
    assert waiting[2] == waiting[0] + 4


def test_rows_before_the_benchmark_trades_are_unknown_and_a_missing_bar_carries_the_last_price():
    late = np.append(np.full(100, np.nan), drift(RISE))
    assert (label(late)[:190] == Regime.UNKNOWN).all()
    assert (label(late)[192:] == Regime.BULL).all()
    held = drift(RISE)
    held[200:203] = held[199]
    holes = np.where((np.arange(300) >= 200) & (np.arange(300) < 203), np.nan, held)
    assert (label(holes) == label(held)).all()
    assert (label(np.full(300, np.nan)) == Regime.UNKNOWN).all()


@pytest.mark.parametrize("price", [0.0, -1.0, np.inf])
def test_an_impossible_price_is_refused_by_row(price):
    bad = np.full(20, 5.0)
    bad[7] = price
    with pytest.raises(DataError, match="row 7"):
        label(bad)


def test_a_misspelt_threshold_is_refused_by_name():
    with pytest.raises(ConfigError, match="did you mean crisis_drawdown"):
        RegimeConfig.read({"crisis_drawdwn": 0.3}, subject="regimes")


def test_nothing_has_no_regimes():
    assert label(np.zeros(0)).shape == (0,)
    assert regime_spells(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)) == ()
    assert by_regime(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)) == ()


@given(WALKS, st.integers(0, 200))
def test_what_comes_later_changes_no_label(price, cut):
    for step in (DAY, 6 * HOUR):
        whole = regimes(price, closes(len(price), step), SMALL)
        assert (regimes(price[:cut], closes(len(price), step)[:cut], SMALL) == whole[:cut]).all()


@given(WALKS)
def test_hours_of_a_day_say_what_its_daily_bar_says(price):
    """Inside a day the label is that of the last complete day; at its close both know the same."""
    daily = regimes(price, closes(len(price)), SMALL)
    hours = np.exp(np.interp(np.arange(1, 24 * len(price) + 1) / 24, np.arange(1, len(price) + 1), np.log(price)))
    hourly = regimes(hours, closes(len(hours), HOUR), SMALL)
    assert (hourly[23::24] == daily).all()
    assert (hourly[:23] == Regime.UNKNOWN).all()
    assert all((hourly[24 * d - 1 : 24 * d + 23] == daily[d - 1]).all() for d in range(1, len(price)))


@given(WALKS, st.integers(-20, 20))
def test_the_currency_unit_changes_no_label(price, power):
    assert (label(price * 2.0**power, SMALL) == label(price, SMALL)).all()


@given(WALKS)
def test_a_crisis_is_always_a_deep_fall_from_the_recent_high(price):
    labels = label(price, SMALL.model_copy(update={"confirm_days": 1}))
    for t in np.flatnonzero(labels == Regime.CRISIS):
        assert price[t] <= 0.9 * price[max(t - 7, 0) : t + 1].max() * (1 + 1e-12)


def test_the_benchmark_is_bitcoin_where_there_is_bitcoin():
    panel = replace(walk(1, width=3), symbols=("BTCDOMUSDT", "BTCUSDT", "ETHUSDT"))
    assert (benchmark(panel) == panel.close[:, 1]).all()


def test_else_it_is_a_basket_of_equal_weights():
    panel = walk(2, bars=50, width=4)
    moves = panel.close[1:] / panel.close[:-1] - 1
    assert benchmark(panel) == pytest.approx(np.cumprod(np.append(1.0, 1 + moves.mean(axis=1))))


def test_one_impossible_rise_does_not_make_the_basket():
    panel = walk(3, bars=20, width=4)
    jump = panel.close.copy()
    jump[10:, 0] *= 171_115
    moves = panel.close[10] / panel.close[9] - 1
    seen = benchmark(replace(panel, close=jump))
    assert seen[10] / seen[9] - 1 == pytest.approx((1.0 + moves[1:].sum()) / 4)


@given(st.integers(0, 200), st.integers(1, 60))
def test_a_basket_knows_only_the_past_and_has_a_price_from_its_first_bar_on(seed, cut):
    panel = holey(seed, bars=60, width=4)
    whole = benchmark(panel)
    assert benchmark(panel.rows(0, cut)) == pytest.approx(whole[:cut], nan_ok=True)
    first = int(np.argmax(np.isfinite(panel.close).any(axis=1)))
    assert np.isnan(whole[:first]).all()
    assert (whole[first:] > 0).all()


def test_a_whole_day_belongs_to_the_regime_its_last_bar_names():
    labels = np.repeat([Regime.BULL, Regime.CRISIS], 24).astype(np.int64)
    labels[23] = Regime.CRISIS
    net = np.repeat([0.001, -0.01], 24)
    (line,) = by_regime(net, closes(48, HOUR) - HOUR, labels)
    assert (line.regime, line.days, line.share) == (Regime.CRISIS, 2, 1.0)
    assert line.total == pytest.approx(np.prod(1 + net) - 1)


def test_figures_of_a_regime_are_those_of_its_days_joined():
    rng = np.random.default_rng(5)
    net, labels = rng.normal(0, 0.02, 60), np.repeat([Regime.BULL, Regime.BEAR, Regime.BULL], 20).astype(np.int64)
    bull, bear = by_regime(net, closes(60) - DAY, labels)
    joined = np.append(net[:20], net[40:])
    assert (bull.regime, bull.days, bull.share) == (Regime.BULL, 40, pytest.approx(2 / 3))
    assert bull.sharpe == pytest.approx(sharpe(joined))
    assert bull.max_drawdown == pytest.approx(max_drawdown(joined))
    assert bear.annual_return == pytest.approx(net[20:40].mean() * 365)


@given(
    arrays(float, st.integers(1, 300), elements=st.floats(-0.3, 0.3)),
    st.integers(0, 1000),
    st.sampled_from([HOUR, 6 * HOUR, DAY]),
)
def test_regimes_part_the_whole(net, seed, step):
    time = closes(len(net), step) - step
    labels = np.random.default_rng(seed).integers(0, 6, len(net))
    lines, spells, daily = by_regime(net, time, labels), regime_spells(labels, time), daily_returns(net, time)
    assert sum(line.share for line in lines) == pytest.approx(1.0)
    assert sum(line.days for line in lines) == sum(spell.days for spell in spells) == len(daily)
    assert sum(line.share * line.annual_return for line in lines) == pytest.approx(daily.mean() * 365, abs=1e-9)
    assert np.prod([1 + line.total for line in lines]) == pytest.approx(np.prod(1 + net))
    for line in lines:
        assert line.days == sum(spell.days for spell in spells if spell.regime == line.regime)
        assert line.max_drawdown >= max_drawdown(-np.abs(net)) - 1e-12


@given(arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 5)))
def test_spells_follow_each_other_without_a_gap_and_change_the_regime(labels):
    spells = regime_spells(labels, closes(len(labels)) - DAY)
    assert (spells[0].first, spells[-1].last) == (date(2024, 1, 1), utc(START + DAY * (len(labels) - 1)).date())
    for a, b in pairwise(spells):
        assert b.first == a.last + timedelta(days=1)
        assert a.regime != b.regime
    assert [int(spell.regime) for spell in spells for _ in range(spell.days)] == labels.tolist()


@pytest.fixture(scope="module")
def bitcoin():
    """(UTC date to regime) of the real hourly bars."""
    if not REAL.exists():
        pytest.skip("the real bars (../shared/data/ohlcv_1h_perp.parquet) are not on this machine")
    wanted = (pl.col("venue") == "binance") & (pl.col("symbol") == "BTCUSDT")
    bars = pl.read_parquet(REAL).filter(wanted).sort("ts")
    opened = bars["ts"].dt.epoch("ms").to_numpy()
    spells = regime_spells(regimes(bars["close"].to_numpy(), opened + HOUR, RegimeConfig()), opened)
    return {spell.first + timedelta(days=i): spell.regime for spell in spells for i in range(spell.days)}


@pytest.mark.parametrize(
    ("day", "regime"),
    [
        (date(2020, 2, 1), Regime.UNKNOWN),
        (date(2020, 3, 12), Regime.CRISIS),  # the fall of 40 % in a day
        (date(2020, 11, 15), Regime.BULL),
        (date(2021, 2, 15), Regime.HIGH_VOLATILITY),
        (date(2021, 4, 1), Regime.BULL),
        (date(2021, 5, 19), Regime.CRISIS),
        (date(2021, 10, 20), Regime.BULL),
        (date(2022, 2, 1), Regime.BEAR),
        (date(2022, 6, 18), Regime.CRISIS),  # Celsius, Three Arrows
        (date(2022, 8, 15), Regime.BEAR),
        (date(2022, 11, 12), Regime.CRISIS),  # FTX
        (date(2023, 3, 20), Regime.BULL),
        (date(2023, 8, 1), Regime.SIDEWAYS),
        (date(2024, 12, 20), Regime.BULL),
    ],
)
def test_history_has_the_names_people_gave_it(bitcoin, day, regime):
    assert bitcoin[day] == regime
