from dataclasses import replace

import numpy as np
import pytest

from core.errors import ConfigError, DataError
from core.market.timeframe import HOUR
from core.validation.null_kinds import KINDS, SAYS
from core.validation.null_worlds import BEST_NET_SHARPE, daily_blocks, edge_of, permuted, rules_of, world
from tests.core.panels import walk

DAYS = 120


def hourly(days=DAYS, width=12, first=0):
    panel = walk(3, bars=24 * days, width=width)
    return replace(panel, timeframe="1h", open_time=HOUR * (first + np.arange(24 * days, dtype=np.int64)))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"permuted"}))
def test_a_world_is_as_long_as_its_book_and_its_warm_up(kind):
    made = world(kind, np.random.default_rng(0), 5, sharpe=1.0)
    start = made.panel.row_at(int(made.rules.book_start.timestamp() * 1000))
    assert len(made.panel) - start == 24 * 5
    assert start >= made.rules.warmup_bars


def test_every_kind_says_what_it_is():
    assert set(SAYS) == set(KINDS)


def test_trading_is_free_only_where_it_is_said_to_be():
    assert rules_of("noise-without-costs").costs.scaled(9.0).fee == 0.0
    assert rules_of("noise").costs.fee > 0.0
    assert rules_of("gross-only").costs.fee > rules_of("planted").costs.fee


@pytest.mark.parametrize(("edge", "sharpe"), BEST_NET_SHARPE)
def test_a_measured_sharpe_ratio_is_planted_by_its_edge(edge, sharpe):
    assert edge_of(sharpe) == pytest.approx(edge)


@pytest.mark.parametrize("sharpe", [-1.0, 4.0])
def test_a_sharpe_ratio_that_was_not_measured_is_refused(sharpe):
    with pytest.raises(ConfigError, match="planted edges are measured from -0.05 to 3.9"):
        edge_of(sharpe)


def test_permuted_days_stay_whole_and_together():
    source = daily_blocks(hourly())
    days = source.reshape(DAYS, 24, -1)
    made = permuted(np.random.default_rng(1), source, 24 * 200).reshape(200, 24, -1)
    places = [next(k for k in range(DAYS) if np.array_equal(days[k], day)) for day in made]
    assert sorted(places[:DAYS]) == list(range(DAYS))
    assert places[:DAYS] != sorted(places[:DAYS])


def test_no_symbol_keeps_a_mean_return():
    np.testing.assert_allclose(daily_blocks(hourly()).mean(axis=0), 0.0, atol=1e-15)


def test_days_begin_at_midnight():
    assert len(daily_blocks(hourly(first=5))) == 24 * (DAYS - 1)


def test_symbols_that_list_late_or_leave_are_left_out():
    panel = hourly()
    for name in ("open", "high", "low", "close", "volume"):
        getattr(panel, name)[:100, 0] = np.nan
        getattr(panel, name)[-1:, 1] = np.nan
        getattr(panel, name)[500:505, 2] = np.nan
    assert daily_blocks(panel).shape[1] == 10


@pytest.mark.parametrize("panel", [hourly(days=89), hourly(width=9)])
def test_too_few_days_or_symbols_are_refused_with_the_numbers(panel):
    with pytest.raises(DataError, match=r"\d+ days with \d+ symbols .* needs 90 days and 10 symbols"):
        daily_blocks(panel)


def test_bars_that_are_not_hourly_are_refused():
    with pytest.raises(DataError, match="permutes days of hourly bars"):
        daily_blocks(walk(1, bars=500, width=12))
