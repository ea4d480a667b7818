from dataclasses import replace

import numpy as np
import pytest

from core.backtest.kernel import simulate
from core.backtest.metrics import daily_returns, max_drawdown, sharpe
from core.market.timeframe import DAY, HOUR
from core.optimize.neighbours import neighbours
from core.portfolio import knobs, prepare, raw_weights, run
from core.strategies.registry import strategy
from core.validation.shocks import (
    JITTERS,
    World,
    crash,
    dearer,
    funding,
    gap,
    no_rebalance,
    one_bar_late,
    parameters_off,
    shocks,
    taker_only,
    without_best_days,
    without_best_symbol,
)
from tests.core.panels import holey, small_release, walk

STEADY = {
    "scaler": {
        "target_vol": 1.0,
        "max_leverage": 1.0,
        "kelly_floor": 1.0,
        "kelly_cap": 1.0,
        "stepdown_start": 0.9,
        "stepdown_end": 1.0,
    },
    "costs": {"capital": 1.0, "impact": 0.0},
}
"""No feedback: what was earned does not change what is held."""


def world_of(panel, **changes):
    release = small_release(panel, **{"book_start_row": 20} | changes)
    market = prepare(panel, release)
    raw = raw_weights(market, release.sleeves, vol_floor=release.vol_floor)
    return World(market, release, raw, run(market, release))


def held(world, weights):
    """Hold these weights at every close and earn nothing: what a strike then takes is all there is."""
    return world._replace(paths=world.paths._replace(net=np.zeros(len(weights)), weights=weights))


@pytest.fixture(scope="module")
def world():
    return world_of(holey(3, bars=700, width=7))


@pytest.fixture(scope="module")
def still():
    return world_of(walk(1, bars=120, width=3))


def test_a_flat_book_is_hurt_by_nothing():
    nobody = world_of(walk(1, bars=300), universe={"top": 5, "min_listed_days": 2000, "liquidity_days": 3})
    seen = shocks(nobody.market, nobody.release, nobody.paths)
    assert {(shock.sharpe, shock.annual_return, shock.max_drawdown) for shock in seen} == {(0.0, 0.0, 0.0)}


def test_every_shock_has_a_name_of_its_own_and_the_first_changes_nothing(world):
    market, net = world.market, world.paths.net[20:]
    seen = shocks(market, world.release, world.paths, seed=1)
    daily = daily_returns(net, market.panel.open_time[20:])
    assert len({shock.name for shock in seen}) == len(seen) == 17
    assert (seen[0].sharpe, seen[0].max_drawdown) == (sharpe(daily), max_drawdown(net))
    assert seen[0].annual_return == pytest.approx(daily.mean() * 365)
    assert seen == shocks(market, world.release, world.paths, seed=1)


@pytest.mark.parametrize(("move", "weight"), [(-0.3, 0.25), (-0.5, 0.25), (0.5, -0.4), (1.0, -0.4)])
def test_a_gap_takes_the_largest_position_times_the_move(still, move, weight):
    weights = np.zeros((120, 3))
    weights[50, 1], weights[60] = 0.25, [0.2, -0.4, 0.1]
    outcome = gap(held(still, weights), move)
    at = 50 if move < 0 else 60
    assert np.flatnonzero(outcome.net).tolist() == [at]
    assert outcome.net[at] == pytest.approx(weight * move)
    assert "S01 when it is" in outcome.says


def test_a_crash_takes_net_exposure(still):
    weights = np.zeros((120, 3))
    weights[50], weights[60] = [0.5, -0.2, 0.0], [0.4, 0.4, -0.1]
    assert crash(held(still, weights)).net[60] == pytest.approx(-0.2 * 0.7)


def test_no_shock_is_a_gain_for_a_book_that_never_stands_in_its_way(still):
    long = np.full((120, 3), 0.2)
    for outcome in (gap(held(still, long), 1.0), gap(held(still, -long), -0.5), crash(held(still, -long))):
        assert not outcome.net.any()


def test_a_day_of_funding_takes_three_settlements_of_what_is_held_then(still):
    weights = np.zeros((120, 3))
    weights[60:] = [0.5, -0.5, 0.0]
    weights[72:78] = [0.5, -0.5, 0.5]  # day 12, bars of four hours
    net = funding(held(still, weights)).net
    assert np.flatnonzero(net).tolist() == [73, 75, 77]
    assert net[73] == pytest.approx(-0.003 * 1.5)


@pytest.mark.parametrize("strike", [lambda w: gap(w, -0.5), lambda w: gap(w, 1.0), crash, funding])
def test_twice_the_weights_lose_twice_as_much_at_once(world, strike):
    weights = world.paths.weights * 0.2
    once, twice = (strike(held(world, k * weights)).net for k in (1, 2))
    assert once.min() < 0.0
    assert twice == pytest.approx(2 * once, abs=1e-12)


def test_nothing_can_lose_more_than_everything(still):
    weights = np.zeros((120, 3))
    weights[50, 0] = -1.5
    assert gap(held(still, weights), 1.0).net[50] == -1.0


def test_a_strike_comes_on_top_of_what_the_bar_did(world):
    net = gap(world, -0.5).net
    at = int(np.flatnonzero(net != world.paths.net)[0])
    loss = 0.5 * world.paths.weights.max()
    assert 1 + net[at] == pytest.approx((1 + world.paths.net[at]) * (1 - loss))
    assert np.array_equal(np.delete(net, at), np.delete(world.paths.net, at))


def test_what_dearer_trading_takes_is_in_proportion_to_what_was_traded():
    steady = world_of(walk(5, bars=600), **STEADY)
    paid = (steady.paths.fees + steady.paths.spread).sum()
    lost = [(steady.paths.net - dearer(steady, factor).net).sum() for factor in (1.5, 2.0, 3.0)]
    assert paid > 0.02
    assert lost == pytest.approx([0.5 * paid, paid, 2.0 * paid], rel=0.02)


def test_a_taker_pays_the_whole_fee_for_what_was_to_be_made():
    maker = world_of(walk(5, bars=600), **STEADY | {"costs": {"capital": 1.0, "impact": 0.0, "maker_share": 0.8}})
    costs = maker.release.costs.model_copy(update={"maker_share": 0.0})
    direct = run(maker.market, maker.release.model_copy(update={"costs": costs})).net
    assert np.array_equal(taker_only(maker).net, direct)
    assert direct.sum() < maker.paths.net.sum()


def test_a_fill_one_bar_late_misses_the_move_of_the_first_bar(still):
    """One price doubles within the bar of the first fill and never moves again."""
    panel, first = still.market.panel, int(still.market.rows[0]) + 1
    flat = np.full((120, 3), 100.0)
    opened, close = flat.copy(), flat.copy()
    close[first:, 0], opened[first + 1 :, 0] = 200.0, 200.0
    jumping = replace(
        panel, open=opened, close=close, high=np.maximum(opened, close), low=np.minimum(opened, close), funding=0.0 * flat
    )
    free = {"capital": 1.0, "impact": 0.0, "taker_bps": 0.0, "half_spread_bps": 0.0}
    release = small_release(jumping, book_start_row=20, **STEADY | {"costs": free})
    market = prepare(jumping, release)
    raw = np.zeros((len(market.rows), 3))
    raw[0, 0] = 0.2
    world = World(market, release, raw, simulate(market.tape, raw, knobs(market, release)))
    assert world.paths.net[first] == pytest.approx(0.2)
    assert one_bar_late(world).net == pytest.approx(np.zeros(120), abs=1e-12)


def test_a_fill_one_bar_late_trades_one_bar_later(world):
    """Nothing can be earned, or paid, before the second bar after a decision; after the first one this book trades at once."""
    start = int(np.flatnonzero(world.paths.turnover)[0])
    late = one_bar_late(world).net
    assert world.paths.net[start] != 0.0
    assert int(np.flatnonzero(late)[0]) == start + 1


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_best_days_earn_nothing_and_others_what_they_did(world, count):
    market = world.market
    days = daily_returns(world.paths.net[20:], market.panel.open_time[20:])
    kept = daily_returns(without_best_days(world, count, "x").net[20:], market.panel.open_time[20:])
    best = sorted(days)[-count:]
    assert sorted(days[kept != days]) == best
    assert not kept[kept != days].any()


def test_days_that_lost_are_never_missed(still):
    losing = held(still, np.zeros((120, 3)))
    losing.paths.net[30:] = -0.01
    assert np.array_equal(without_best_days(losing, 5, "x").net, losing.paths.net)


def test_without_the_best_symbol_the_others_are_held_as_if_it_could_not_be(world):
    market = world.market
    best = int(np.argmax(world.paths.contribution.sum(axis=0)))
    outcome = without_best_symbol(world)
    allowed = market.eligible & (np.arange(7) != best)
    direct = run(replace(market, eligible=allowed), world.release)
    assert np.array_equal(outcome.net, direct.net)
    assert not direct.weights[:, best].any()
    assert f"{market.panel.symbols[best]}, which" in outcome.says


def test_without_a_rebalance_the_worst_day_keeps_the_weights_of_the_day_before(world):
    market = world.market
    day = market.panel.open_time // DAY
    products = {d: np.prod(1 + world.paths.net[day == d]) for d in set(day[20:].tolist())}
    worst = min(products, key=products.get)
    raw = world.raw.copy()
    skipped = [d for d, t in enumerate(market.rows) if day[min(t + 1, len(day) - 1)] == worst]
    raw[skipped] = np.nan
    direct = simulate(market.tape, raw, knobs(market, world.release))
    assert len(skipped) == DAY // (6 * 4 * HOUR)
    assert np.array_equal(no_rebalance(world).net, direct.net)
    assert not direct.turnover[day == worst].any() or direct.forced.any()


def test_parameters_are_off_by_the_same_steps_in_every_sleeve(world):
    """Two equal sleeves stay equal, so the book is the one with a single sleeve; and the worst of all is the one shown."""
    one = world.release.sleeves[0]
    halves = world.release.model_copy(update={"sleeves": (one.model_copy(update={"budget": 0.5}),) * 2})
    outcome = parameters_off(world, np.random.default_rng(7))
    both = parameters_off(world._replace(release=halves), np.random.default_rng(7))
    assert both.net == pytest.approx(outcome.net, abs=1e-12)
    tried = []
    for seed in np.random.default_rng(7).integers(2**32, size=JITTERS):
        params = neighbours(strategy("xsmom").space, one.params, 1, np.random.default_rng(int(seed)))[1]
        book = world.release.model_copy(update={"sleeves": (one.model_copy(update={"params": params}),)})
        tried.append(sharpe(daily_returns(run(world.market, book).net[20:], world.market.panel.open_time[20:])))
    assert sharpe(daily_returns(outcome.net[20:], world.market.panel.open_time[20:])) == min(tried)
    assert not np.array_equal(parameters_off(world, np.random.default_rng(8)).net, outcome.net)
