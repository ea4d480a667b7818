from dataclasses import replace

import numpy as np
import pytest

from core.backtest.metrics import daily_sums
from core.optimize.search import draw
from core.portfolio import prepare, raw_weights
from core.strategies.registry import strategy
from core.validation.family import FAMILY_SEED, FAMILY_SIZE, family_stream
from core.validation.walkforward import ensemble
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


def test_the_family_is_the_mean_of_its_members_without_costs(panel, straight):
    release = small_release(panel, universe={"top": 8, "min_listed_days": 2, "liquidity_days": 2})
    market = prepare(panel, release)
    members = draw(strategy("xsmom").space, FAMILY_SIZE, np.random.default_rng(FAMILY_SEED))
    total = sum(earned_without_costs(market, ensemble(release, "xsmom", (member,))) for member in members)
    np.testing.assert_allclose(straight, daily_sums(total / FAMILY_SIZE, panel.open_time), atol=1e-13)


def earned_without_costs(market, release):
    """What is held, every target reached in full: coins are counted at the close and bought at the next open."""
    raw = raw_weights(market, release.sleeves, vol_floor=release.vol_floor)
    coins, worth, out = np.zeros(raw.shape[1]), 1.0, []
    wanted = {int(row): weights for row, weights in zip(market.rows, raw, strict=True)}
    opened, close, funding = (np.nan_to_num(x) for x in (market.panel.open, market.panel.close, market.panel.funding))
    order = np.zeros(raw.shape[1])
    for t in range(len(market.panel)):
        here = ~np.isnan(market.panel.close[t])
        before = worth
        held = np.where(here, coins + order, 0.0)
        last = close[t - 1] if t else close[0]
        worth += np.where(here, coins * (opened[t] - last) + held * (close[t] - opened[t]), 0.0).sum()
        worth -= (held * close[t] * funding[t]).sum()
        out.append(worth / before - 1)
        coins, order = held, np.zeros(raw.shape[1])
        if t in wanted:
            order = np.where(np.isnan(wanted[t]), 0.0, np.nan_to_num(wanted[t]) * worth / np.where(here, close[t], 1.0) - coins)
    return np.array(out)


def test_costs_scaler_caps_stops_and_band_do_not_reach_the_family(panel, straight):
    other = stream(
        panel,
        costs={"taker_bps": 100, "half_spread_bps": 100, "capital": 1e9},
        scaler={"vol_half_life": 30, "target_vol": 0.01},
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


def test_every_member_is_told(panel):
    told = []
    release = small_release(panel)
    family_stream(prepare(panel, release), release, "xsmom", lambda: told.append(1))
    assert len(told) == FAMILY_SIZE
