"""Laws of the kernel: what holds on any market, whatever is decided."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.kernel import FRESH, fresh_run, pad_columns
from core.backtest.run import BEST, UNITS
from core.backtest.steps import run_blocks
from core.market.features import average_true_range
from tests.core.backtest.cases import EVERYTHING, MILD, PLAIN, case_of, jumped, named, play
from tests.core.panels import holey, walk

seeds = st.integers(0, 10_000)
STOPS = {"trail_atr": 1.0, "stop_atr": 1.0}


def market(seed, *, bars=60, width=4):
    """Draw a market with holes and small jumps, so that stops are touched and symbols leave."""
    rng = np.random.default_rng([seed, 3])
    return named(jumped(holey(seed, bars=bars, width=width), rng, MILD, share=0.02), rng)


def random_weights(panel, seed, every=3):
    rows = np.arange(1, len(panel) - 1, every)
    weights = np.random.default_rng([seed, 2]).normal(0, 0.2, (len(rows), panel.close.shape[1]))
    weights[np.isnan(panel.close[rows])] = np.nan
    return weights, rows


def earn(panel, raw, rows, **changes):
    return play(case_of(panel, raw, rows, **changes))


def costs(paths):
    return paths.fees + paths.spread + paths.impact


@given(seeds)
def test_zero_weights_earn_zero(seed):
    paths = earn(market(seed), np.zeros((10, 4)), range(5, 15), **EVERYTHING._asdict())
    assert (paths.equity == 1.0).all()
    assert not paths.turnover.any()


def test_one_asset_held_whole_earns_the_asset_from_the_open_where_it_filled():
    panel = replace(walk(2, bars=50, width=1), funding=np.zeros((50, 1)))
    panel.open[3, 0] = panel.close[2, 0]
    paths = earn(panel, [[1.0]], [2])
    np.testing.assert_allclose(paths.equity[3:], panel.close[3:, 0] / panel.open[3, 0], rtol=1e-12)


@given(seeds)
def test_equity_is_the_product_of_net_returns(seed):
    panel = market(seed, bars=80)
    paths = earn(panel, *random_weights(panel, seed), fee=0.001, **STOPS)
    np.testing.assert_allclose(paths.equity, np.cumprod(1.0 + paths.net), rtol=1e-12)


@given(seeds, st.floats(0, 0.01), st.floats(0, 0.01))
def test_every_unit_of_turnover_pays(seed, fee, half_spread):
    """Also what stops and vanished symbols close: every symbol has the reference's spread here."""
    panel = market(seed)
    paths = earn(panel, *random_weights(panel, seed), fee=fee, half_spread=half_spread, **STOPS)
    np.testing.assert_allclose(paths.fees, paths.turnover * fee, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(paths.spread, paths.turnover * half_spread, rtol=1e-12, atol=1e-300)


def test_markets_that_prove_that_every_unit_pays_contain_stops_and_forced_exits():
    panels = [(seed, market(seed)) for seed in range(40)]
    seen = [earn(panel, *random_weights(panel, seed), **STOPS) for seed, panel in panels]
    assert sum(paths.stopped.sum() for paths in seen) > 300
    assert sum(paths.forced.sum() for paths in seen) > 20


@given(seeds)
def test_what_one_decision_opens_is_closed_at_most_once(seed):
    panel = market(seed)
    once = np.nan_to_num(random_weights(panel, seed)[0][:1])
    paths = earn(panel, once, [1], **STOPS)
    gone = paths.stopped + paths.forced
    opened = (once[0] != 0) & ~np.isnan(panel.close[1:3]).any(axis=0)
    assert np.array_equal(gone == 1, opened & (paths.weights[-1] == 0))
    assert np.array_equal(gone == 0, ~opened | (paths.weights[-1] != 0))


@given(seeds, st.sampled_from(["fee", "half_spread", "impact"]), st.booleans())
def test_doubling_a_cost_never_helps(seed, name, stops):
    """One decision, so that both books hold the same coins; with more of them luck could favour the poorer."""
    panel = market(seed)
    once, some = random_weights(panel, seed)[0][:1], {"fee": 0.001, "half_spread": 0.001, "impact": 100.0}[name]
    cheap, dear = (earn(panel, once, [1], **{name: size}, **STOPS if stops else {}).equity for size in (some, 2 * some))
    assert (dear <= cheap + 1e-15).all()


@given(seeds, st.floats(1e-3, 1e3))
def test_a_book_as_many_times_larger_in_a_market_as_many_times_larger_is_the_same(seed, scale):
    panel = market(seed)
    weights, rows = random_weights(panel, seed)
    knobs = EVERYTHING._replace(half_spread=0.0)  # the one cost that knows a traded value of its own: the reference's
    once = earn(panel, weights, rows, value=1e7, **knobs._asdict())
    larger = knobs._replace(room=knobs.room / scale, impact=knobs.impact * scale**0.5)
    again = earn(panel, weights, rows, value=1e7 * scale, **larger._asdict())
    np.testing.assert_allclose(again.equity, once.equity, rtol=1e-9)


@given(seeds)
def test_symbols_together_earn_what_the_book_earns(seed):
    panel = market(seed)
    paths = earn(panel, *random_weights(panel, seed), **EVERYTHING._asdict())
    np.testing.assert_allclose(paths.contribution.sum(axis=1), paths.net, atol=1e-13)


@given(seeds)
def test_the_order_of_the_columns_does_not_matter(seed):
    panel = market(seed)
    weights, rows = random_weights(panel, seed)
    order = [2, 0, 3, 1]
    straight = earn(panel, weights, rows, **EVERYTHING._asdict())
    shuffled = earn(panel.columns(order), weights[:, order], rows, **EVERYTHING._asdict())
    np.testing.assert_allclose(shuffled.equity, straight.equity, rtol=1e-10)
    np.testing.assert_allclose(shuffled.contribution, straight.contribution[:, order], atol=1e-10)
    assert np.array_equal(shuffled.stopped, straight.stopped[order])


@given(seeds)
def test_the_unit_of_a_price_does_not_matter(seed):
    panel, unit = market(seed), 2.0 ** np.array([-9, 3, 0, 12])
    weights, rows = random_weights(panel, seed)
    scaled = replace(panel, **{name: getattr(panel, name) * unit for name in ("open", "high", "low", "close")})
    straight, other = (earn(p, weights, rows, **EVERYTHING._asdict()) for p in (panel, scaled))
    for seen, wanted in zip(other, straight, strict=True):
        assert np.array_equal(seen, wanted, equal_nan=True)  # a power of two changes no digit


@given(seeds, st.integers(3, 59))
def test_later_bars_change_nothing_that_has_happened(seed, cut):
    """Not a bit up to the last decision, which may be the last bar; then a grain: who leaves a block early is summed first."""
    panel = market(seed)
    weights, rows = random_weights(panel, seed, every=1 + seed % 4)
    known = rows < cut
    whole = earn(panel, weights, rows, **EVERYTHING._asdict())
    part = earn(panel.rows(0, cut), weights[known], rows[known], **EVERYTHING._asdict())
    assert np.array_equal(part.targets, whole.targets[known], equal_nan=True)
    last = rows[known][-1] + 1
    for name in ("equity", "net", "fees", "spread", "impact", "funding", "turnover", "weights", "contribution"):
        seen, wanted = getattr(part, name), getattr(whole, name)[:cut]
        assert np.array_equal(seen[:last], wanted[:last]), name
        np.testing.assert_allclose(seen, wanted, rtol=1e-12, atol=1e-15, err_msg=name)


@given(seeds)
def test_a_drawn_lot_of_caps_holds_in_every_target(seed):
    panel, rng = market(seed, width=5), np.random.default_rng([seed, 4])
    weights, rows = random_weights(panel, seed)
    symbol, asset, gross, room = (
        rng.uniform(0.01, 0.5),
        rng.uniform(0.01, 0.5),
        rng.uniform(0.01, 1.0),
        10 ** rng.uniform(-10, -8),
    )
    paths = earn(panel, weights * 5, rows, cap_symbol=symbol, cap_asset=asset, cap_gross=gross, room=room)
    sizes = np.abs(np.nan_to_num(paths.targets))
    coins = np.array([name.removeprefix("1000")[:3] for name in panel.symbols])
    assert sizes.max() <= symbol
    assert (sizes * paths.equity[rows][:, None]).max() <= 1e8 * room * (1 + 1e-12)
    assert sizes.sum(axis=1).max() <= gross * (1 + 1e-12)
    assert max(sizes[:, coins == coin].sum(axis=1).max() for coin in coins) <= asset * (1 + 1e-12)


@given(seeds)
def test_what_fills_is_what_was_decided(seed):
    """Coins after a fill, at the price of the decision, are the target; so caps hold there too."""
    panel = market(seed)
    weights, rows = random_weights(panel, seed)
    paths = earn(panel, weights, rows, cap_symbol=0.1)
    for d, t in enumerate(rows):
        filled = ~np.isnan(paths.targets[d]) & ~np.isnan(panel.close[t + 1])
        coins = paths.weights[t + 1, filled] * paths.equity[t + 1] / panel.close[t + 1, filled]
        np.testing.assert_allclose(coins * panel.close[t, filled] / paths.equity[t], paths.targets[d, filled], atol=1e-12)


@given(seeds, st.sampled_from([1.0, -1.0]), st.sampled_from([0.5, 1.0, 2.0]))
def test_a_fixed_stop_loses_no_more_than_its_distance_or_the_gap(seed, side, distance):
    panel = walk(seed, bars=40, width=1, volatility=0.03)
    panel = replace(jumped(panel, np.random.default_rng(seed), MILD, share=0.1), funding=np.zeros((40, 1)))
    paths = earn(panel, [[side]], [2], stop_atr=distance)
    entry, coins = panel.open[3, 0], side / panel.close[2, 0]
    reach = distance * average_true_range(panel.high, panel.low, panel.close, 24)[2, 0]
    if paths.stopped[0]:
        t = int(np.flatnonzero(paths.turnover)[-1])
        gap = side * (entry - panel.open[t, 0])
        assert paths.equity[-1] == pytest.approx(1 - abs(coins) * max(reach, gap))
    else:
        assert (side * (panel.low if side > 0 else panel.high)[3:, 0] > side * entry - reach).all()


@given(seeds)
def test_the_price_a_stop_trails_is_the_best_since_the_fill(seed):
    """So it never moves back. The level may: it hangs from there by the true range, which can widen."""
    panel, raw = market(seed), np.full((58, 4), np.nan)
    raw[0] = np.random.default_rng(seed).choice([-0.2, 0.2], 4)
    case = case_of(panel, raw, range(1, 59), trail_atr=2.0)
    run, account = fresh_run(case.tape, case.knobs, keep=False), FRESH
    padded = pad_columns(raw, run.tape)
    for d, t in enumerate(case.rows):
        account = run_blocks(run, (d, d + 1), padded, d, account)
        for i in np.flatnonzero(run.book[UNITS, :4]):
            seen = panel.high[2 : t + 2, i].max() if raw[0, i] > 0 else panel.low[2 : t + 2, i].min()
            assert run.book[BEST, i] == seen


@given(seeds, st.sampled_from(["trail_atr", "stop_atr"]))
def test_a_wider_stop_is_never_touched_sooner(seed, which):
    panel = replace(walk(seed, bars=60, width=1, volatility=0.02), funding=np.zeros((60, 1)))
    lives = [np.count_nonzero(earn(panel, [[1.0]], [2], **{which: size}).weights) for size in (0.5, 1.0, 2.0, 4.0)]
    assert lives == sorted(lives)


@given(seeds)
def test_a_stop_far_away_changes_not_a_bit(seed):
    panel = market(seed)
    weights, rows = random_weights(panel, seed)
    without, far = (
        earn(panel, weights, rows, **(EVERYTHING._replace(trail_atr=size, stop_atr=size)._asdict())) for size in (0.0, 1e9)
    )
    for seen, wanted in zip(far, without, strict=True):
        assert np.array_equal(seen, wanted, equal_nan=True)


@given(seeds)
def test_a_cap_that_cannot_bind_changes_not_a_bit(seed):
    panel = market(seed, width=5)
    weights, rows = random_weights(panel, seed)
    once, again = (earn(panel, weights, rows, cap_asset=most) for most in (PLAIN.cap_asset, 9.9))
    assert np.array_equal(once.equity, again.equity)


@given(seeds)
def test_a_symbol_that_never_trades_changes_not_even_the_last_bit(seed):
    panel = market(seed)
    weights, rows = random_weights(panel, seed)
    straight = earn(panel, weights, rows, **EVERYTHING._asdict())
    wider = panel.columns([0, 1, 0, 2, 3])
    for name in ("open", "high", "low", "close", "volume"):
        getattr(wider, name)[:, 2] = np.nan
    wider = replace(wider, symbols=(*panel.symbols[:2], "ZZZUSDT", *panel.symbols[2:]))
    other = earn(wider, np.insert(weights, 2, np.nan, axis=1), rows, **EVERYTHING._asdict())
    assert np.array_equal(other.equity, straight.equity)
    assert np.array_equal(np.delete(other.targets, 2, axis=1), straight.targets, equal_nan=True)
