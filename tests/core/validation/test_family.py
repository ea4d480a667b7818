from dataclasses import replace

import numpy as np
import pytest

from core.backtest.costs import CostConfig
from core.backtest.metrics import daily_returns
from core.portfolio import prepare, run
from core.validation.family import FAMILY_SIZE, family_sets, family_stream, gross, hypothesis, standardised
from core.validation.streams import daily_streams, ensemble
from tests.core.panels import holey, small_release


@pytest.fixture(scope="module")
def panel():
    return holey(1, bars=330, width=8)


def stream(panel, **changes):
    release = small_release(panel, universe={"top": 8, "min_listed_days": 2, "liquidity_days": 2}, **changes)
    return family_stream(prepare(panel, release), release, "xsmom")


@pytest.fixture(scope="module")
def straight(panel):
    return stream(panel)


def test_the_family_has_a_profit_for_each_day(panel, straight):
    assert len(straight) == 330 // 6
    assert straight.any()
    assert np.isfinite(straight).all()


def test_the_family_is_the_mean_of_its_members_run_without_costs(panel, straight):
    release = small_release(panel, universe={"top": 8, "min_listed_days": 2, "liquidity_days": 2})
    market, members = prepare(panel, release), family_sets("xsmom")
    assert len(members) == FAMILY_SIZE
    books = [run(market, ensemble(gross(release), "xsmom", (member,))) for member in members[:20]]
    assert not any((book.fees + book.spread + book.impact).any() for book in books)
    daily = [daily_returns(book.net, panel.open_time) for book in books]
    streams = daily_streams(market, gross(release), "xsmom", members)
    np.testing.assert_allclose(streams[:20], daily, atol=1e-9)
    np.testing.assert_allclose(straight, streams.mean(axis=0)[: len(straight)], atol=1e-12)


def test_costs_step_down_kelly_caps_stops_and_band_do_not_reach_the_family(panel, straight):
    other = stream(
        panel,
        costs={"taker_bps": 100, "half_spread_bps": 100, "capital": 1e9},
        scaler={"vol_half_life": 20, "stepdown_floor": 0.0, "kelly_floor": 0.01, "kelly_fraction": 0.01, "max_leverage": 0.1},
        caps={"symbol": 0.01, "asset": 0.01, "gross": 0.02, "liquidity": 1e-6},
        stops={"trail_atr": 0.1, "stop_atr": 0.1},
        band=1.0,
    )
    assert np.array_equal(other, straight)


def test_the_order_of_the_symbols_does_not_matter(panel, straight):
    order = [5, 2, 7, 0, 1, 6, 3, 4]
    np.testing.assert_allclose(stream(panel.columns(order)), straight, atol=1e-13)


def test_the_unit_of_a_price_does_not_matter(panel, straight):
    unit = 2.0 ** np.arange(-4, 4)
    scaled = {name: getattr(panel, name) * unit for name in ("open", "high", "low", "close")}
    np.testing.assert_allclose(stream(replace(panel, volume=panel.volume / unit, **scaled)), straight, atol=1e-13)


def test_later_days_change_no_earlier_one(panel, straight):
    assert np.array_equal(stream(panel.rows(0, 300)), straight[:50])


def test_a_day_that_is_not_over_is_left_out(panel, straight):
    assert len(stream(panel.rows(0, 327))) == len(stream(panel.rows(0, 324))) == 54


def test_each_day_is_divided_by_what_the_days_before_say():
    x = np.random.default_rng(2).normal(0, 0.02, 60)
    vol, out = np.mean(x[:20] ** 2), []
    for day in x[20:]:
        out.append(day / np.sqrt(vol))
        vol = 0.5**0.1 * vol + (1 - 0.5**0.1) * day**2
    np.testing.assert_allclose(standardised(x), out, rtol=1e-12)


@pytest.mark.parametrize("days", [0, 1, 20])
def test_too_short_a_stream_says_nothing(days):
    assert len(standardised(np.ones(days))) == 0


def test_a_dead_stream_stays_at_zero():
    assert standardised(np.zeros(50)).tolist() == [0.0] * 30


def test_the_hypothesis_changes_with_what_is_tested_and_with_nothing_else(panel):
    release = small_release(panel)
    name = hypothesis(release, "xsmom")
    other = release.model_copy(update={"sleeves": (), "parent": "x", "band": 0.5, "costs": CostConfig(taker_bps=9)})
    assert hypothesis(other, "xsmom") == name
    for changes in ({"rebalance": 7}, {"venue": "elsewhere"}, {"vol_floor": 0.2}):
        assert hypothesis(release.model_copy(update=changes), "xsmom") != name
    assert hypothesis(release, "sma_cross") != name
