from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.market.synthetic import synthetic_market
from core.market.timeframe import HOUR

START = datetime(2023, 1, 1, tzinfo=UTC)


def market(seed=1, *, days=60, symbols=24, edge=2e-4, start=START):
    return synthetic_market(np.random.default_rng(seed), days=days, symbols=symbols, start=start, edge=edge)


markets = st.builds(
    market,
    st.integers(0, 50),
    days=st.integers(1, 40),
    symbols=st.integers(1, 30),
    start=st.integers(0, 50).map(lambda hours: START + timedelta(hours=hours)),
)
laws = settings(max_examples=25, deadline=None)


def traded(panel):
    return ~np.isnan(panel.close)


@laws
@given(markets)
def test_bars_are_consistent(world):
    panel, there = world.panel, traded(world.panel)
    assert (panel.low[there] > 0).all()
    assert (panel.high[there] >= np.maximum(panel.open, panel.close)[there]).all()
    assert (panel.low[there] <= np.minimum(panel.open, panel.close)[there]).all()
    assert (panel.volume[there] > 0).all()


@laws
@given(markets)
def test_a_bar_is_there_in_every_column_or_in_none(world):
    panel, there = world.panel, traded(world.panel)
    assert all((~np.isnan(grid) == there).all() for grid in (panel.open, panel.high, panel.low, panel.volume))
    assert (panel.funding[~there] == 0).all()
    assert np.isfinite(panel.funding).all()


@laws
@given(markets)
def test_a_symbol_trades_in_one_unbroken_stretch(world):
    edges = np.abs(np.diff(traded(world.panel).astype(int), axis=0, prepend=0, append=0)).sum(axis=0)
    assert (edges == 2).all()


@laws
@given(markets)
def test_funding_settles_at_eight_hour_closes_only_and_within_its_cap(world):
    panel = world.panel
    settles = panel.close_time % (8 * HOUR) == 0
    assert (panel.funding[~settles] == 0).all()
    assert np.abs(panel.funding).max() <= 0.0075
    paid = panel.funding[settles[:, None] & traded(panel)]
    assert paid.size == 0 or (paid != 0).mean() > 0.9


@laws
@given(markets)
def test_prices_and_volumes_are_multiples_of_their_grains(world):
    panel = world.panel
    for column, rules in enumerate(world.instruments):
        row = np.flatnonzero(traded(panel)[:, column])[-1]
        assert Decimal(repr(float(panel.close[row, column]))) % rules.tick == 0
        assert Decimal(repr(float(panel.volume[row, column]))) % rules.step == 0


@laws
@given(markets)
def test_instruments_are_the_panels_symbols_and_the_dead_are_inactive(world):
    assert tuple(rules.symbol for rules in world.instruments) == world.panel.symbols == tuple(sorted(world.panel.symbols))
    assert [rules.active for rules in world.instruments] == traded(world.panel)[-1].tolist()


def test_a_seed_names_a_market():
    def again(seed):
        return synthetic_market(np.random.default_rng(seed), days=5, start=START, edge=0.0).panel.data_hash

    assert again(3) == again(3)
    assert again(3) != again(4)


def test_some_symbols_list_late_and_one_is_delisted():
    there = traded(market().panel)
    assert (~there[0]).sum() >= 3
    assert (~there[-1]).sum() == 1
    assert there[0, :6].all()
    assert there[-1, :6].all()


def test_an_open_is_a_hair_off_the_close_before():
    panel = market().panel
    gap = np.abs(np.log(panel.open[1:] / panel.close[:-1]))
    assert 0 < np.nanmedian(gap) < 2e-4


@pytest.fixture(scope="module")
def year():
    return market(7, days=365, edge=0.0).panel


@pytest.fixture(scope="module")
def returns(year):
    hourly = np.diff(np.log(year.close), axis=0)
    return hourly[:, ~np.isnan(hourly).any(axis=0)]


def test_an_hour_moves_about_a_percent(returns):
    assert 0.006 < np.median(returns.std(axis=0)) < 0.011


def test_tails_are_fat(returns):
    centred = returns - returns.mean(axis=0)
    assert (np.mean(centred**4, axis=0) / returns.var(axis=0) ** 2).min() > 5


@pytest.mark.parametrize("lag", [1, 24])
def test_rough_hours_come_in_clusters(returns, lag):
    size = np.abs(returns)
    assert np.median([np.corrcoef(one[lag:], one[:-lag])[0, 1] for one in size.T]) > 0.05


def test_symbols_move_together(returns):
    matrix = np.corrcoef(returns.T)
    assert 0.3 < matrix[np.triu_indices(len(matrix), 1)].mean() < 0.7


def test_traded_value_keeps_its_rank_and_swells_when_prices_move(year):
    value = np.log(year.traded_value)
    steady = value[:, ~np.isnan(value).any(axis=0)]
    first, last = (np.argsort(np.argsort(part.mean(axis=0))) for part in (steady[:2000], steady[-2000:]))
    assert np.corrcoef(first, last)[0, 1] > 0.8
    moved = np.abs(np.log(year.close / year.open))
    assert np.corrcoef(moved[:, 0], value[:, 0])[0, 1] > 0.1


def test_funding_is_around_one_basis_point_and_leans_with_the_past_return(year):
    rows = np.flatnonzero(year.close_time % (8 * HOUR) == 0)[1:]
    rate, past = year.funding[rows, 0], np.log(year.close[rows, 0] / year.close[rows - 8, 0])
    assert 0.00005 < rate.mean() < 0.00015
    assert np.corrcoef(rate, past)[0, 1] > 0.2
    assert np.corrcoef(rate[1:], rate[:-1])[0, 1] > 0.3


def momentum_sharpe(seed, edge):
    """Gross annual Sharpe of holding last week's ranks for a day, decided and filled at the same close."""
    close = np.log(market(seed, days=730, edge=edge).panel.close)
    days = [
        ranked(close[t] - close[t - 168]) @ np.nan_to_num(close[t + 24] - close[t]) for t in range(168, len(close) - 24, 24)
    ]
    return np.mean(days) / np.std(days) * np.sqrt(365)


def ranked(score):
    rank = np.where(np.isnan(score), np.nan, np.argsort(np.argsort(score)))
    centred = np.nan_to_num(rank - np.nanmean(rank))
    return centred / np.abs(centred).sum()


def test_without_an_edge_momentum_earns_nothing():
    # one two-year Sharpe has a standard error of 0.71, eight of them of 0.25
    assert abs(np.mean([momentum_sharpe(seed, 0.0) for seed in range(8)])) < 0.75


def test_with_an_edge_momentum_earns_before_costs():
    assert np.mean([momentum_sharpe(seed, 2e-4) for seed in range(8)]) > 1.25


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"days": 0}, "0 days"),
        ({"symbols": 0}, "0 symbols"),
        ({"edge": float("nan")}, "edge = nan"),
        ({"edge": -1e-4}, "edge = -0.0001"),
        ({"start": START.replace(tzinfo=None)}, "not an hour of UTC"),
        ({"start": datetime(2023, 1, 1, 0, 30, tzinfo=UTC)}, "not an hour of UTC"),
    ],
)
def test_a_market_that_cannot_be_is_refused(wrong, words):
    with pytest.raises(ConfigError, match=words):
        synthetic_market(np.random.default_rng(1), **({"days": 1, "start": START, "edge": 0.0} | wrong))
