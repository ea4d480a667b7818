"""The seam: against a slow reference, and its laws."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from core.backtest.kernel import Paths
from core.errors import DataError
from core.market.timeframe import utc
from core.portfolio import knobs, newest_decision, prepare, raw_weights, run
from core.strategies.registry import strategies
from tests.core.backtest import reference
from tests.core.panels import holey, small_release, walk
from tests.core.seam import Seam

FAST = {"sma_cross": {"fast": 5, "slow": 20}, "xsmom": {"lookback": 24, "horizons": 2, "top": 2, "threshold": 0.2}}
SLEEVES = {name: [{"strategy": name, "params": FAST.get(name, {})}] for name in strategies()}
SLEEVES["both"] = [{"strategy": name, "params": FAST[name], "budget": 0.4} for name in FAST]

every_mixture = pytest.mark.parametrize("sleeves", SLEEVES.values(), ids=SLEEVES.keys())


def listed(values):
    """Turn an array into lists, NaN into None."""
    return [[None if np.isnan(v) else v for v in row] for row in values.tolist()]


def play(panel, release):
    market = prepare(panel, release)
    return market, run(market, release)


@pytest.mark.parametrize("seed", range(6))
def test_the_seam_agrees_with_the_reference(seed):
    panel = holey(seed, bars=260, width=7)
    stops = {"trail_atr": 3.0 * (seed % 2), "stop_atr": 2.0 * (seed % 2), "atr_bars": 12}
    release = small_release(panel, book_start_row=60 * (seed % 3), stops=stops)
    market, paths = play(panel, release)
    decisions = reference.Decisions(*Seam(panel, release, listed).decisions(market.first))
    assert decisions.rows == market.rows.tolist()
    seen = raw_weights(market, release.sleeves, vol_floor=release.vol_floor)
    np.testing.assert_allclose(seen, np.array(decisions.raw, dtype=float), rtol=1e-10, atol=1e-12)
    prices = reference.Prices(*(listed(x) for x in (panel.open, panel.high, panel.low, panel.close, panel.funding)))
    bars = release.stops.atr_bars
    expected = reference.simulate(prices, panel.symbols, decisions, knobs(market, release), atr_bars=bars)
    for name in Paths._fields:
        wanted = np.array(getattr(expected, name), dtype=float)
        np.testing.assert_allclose(getattr(paths, name), wanted, rtol=1e-10, atol=1e-10, err_msg=name)
    assert np.nansum(np.abs(paths.targets)) > 0


@every_mixture
@pytest.mark.parametrize("seed", [11, 12])
def test_no_decision_depends_on_a_later_bar(sleeves, seed):
    panel = holey(seed, bars=400, width=7)
    release = small_release(panel, sleeves=sleeves)
    market, whole = play(panel, release)
    for cut in (100, 101, 230, 399):
        past, part = play(panel.rows(0, cut), release)
        assert np.array_equal(past.rows, market.rows[market.rows < cut])
        assert np.array_equal(past.eligible, market.eligible[: len(past.rows)])
        assert np.array_equal(part.targets, whole.targets[: len(past.rows)], equal_nan=True)
        assert np.array_equal(part.equity, whole.equity[:cut])


@every_mixture
def test_the_newest_decision_is_the_last_one_of_the_backtest(sleeves):
    panel = holey(13, bars=300, width=7)
    release = small_release(panel, sleeves=sleeves)
    market, paths = play(panel, release)
    for d in (len(market.rows) - 1, len(market.rows) // 2):
        seen = newest_decision(panel.rows(0, int(market.rows[d]) + 3), release)  # bars after a decision are not yet another
        assert seen.close_time_ms == panel.close_time[market.rows[d]]
        named = dict(zip(panel.symbols, paths.targets[d].tolist(), strict=True))
        assert seen.targets == {symbol: weight for symbol, weight in named.items() if not np.isnan(weight)}


@every_mixture
def test_the_order_of_the_symbols_does_not_matter(sleeves):
    panel, order = holey(14, bars=300, width=6), [3, 0, 5, 1, 4, 2]
    release = small_release(panel, sleeves=sleeves)
    (_, straight), (_, shuffled) = play(panel, release), play(panel.columns(order), release)
    np.testing.assert_allclose(shuffled.targets, straight.targets[:, order], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(shuffled.equity, straight.equity, rtol=1e-10)


@every_mixture
def test_the_unit_of_a_price_does_not_matter(sleeves):
    panel = holey(15, bars=300, width=6)
    unit = 2.0 ** np.array([-9, 3, 0, 12, 1, -2])
    scaled = {name: getattr(panel, name) * unit for name in ("open", "high", "low", "close")}
    release = small_release(panel, sleeves=sleeves)
    _, straight = play(panel, release)
    _, other = play(replace(panel, volume=panel.volume / unit, **scaled), release)
    np.testing.assert_allclose(other.targets, straight.targets, rtol=1e-9, atol=1e-12)


@every_mixture
@pytest.mark.parametrize("at", [0, 3, 6])
def test_a_symbol_that_never_trades_changes_not_even_the_last_bit(sleeves, at):
    panel = holey(16, bars=300, width=6)
    order = [*range(at), 0, *range(at, 6)]
    wider = panel.columns(order)
    for name in ("open", "high", "low", "close", "volume"):
        getattr(wider, name)[:, at] = np.nan
    release = small_release(panel, sleeves=sleeves)
    (_, straight), (_, other) = play(panel, release), play(wider, release)
    assert np.array_equal(np.delete(other.targets, at, axis=1), straight.targets, equal_nan=True)
    assert np.array_equal(other.equity, straight.equity)


@every_mixture
def test_caps_hold_in_every_target(sleeves):
    panel = holey(17, bars=300, width=6)
    release = small_release(panel, sleeves=sleeves, caps={"symbol": 0.2, "gross": 0.5})
    targets = np.nan_to_num(play(panel, release)[1].targets)
    assert np.abs(targets).max() <= 0.2
    assert np.abs(targets).sum(axis=1).max() <= 0.5 + 1e-12


@every_mixture
def test_no_position_is_more_than_its_share_of_what_its_symbol_trades(sleeves):
    panel, capital = holey(17, bars=300, width=6), 2e6
    release = small_release(panel, sleeves=sleeves, costs={"capital": capital}, caps={"liquidity": 0.05})
    market, paths = play(panel, release)
    held = np.abs(np.nan_to_num(paths.targets)) * paths.equity[market.rows][:, None] * capital
    room = 0.05 * np.nan_to_num(market.value)
    assert (held <= room * (1 + 1e-12)).all()
    assert (held[room > 0] > 0.999 * room[room > 0]).any()


def test_symbols_on_one_coin_share_its_cap():
    panel = replace(walk(17, bars=300, width=4), symbols=("1000AUSDT", "AUSDT", "BUSDT", "CUSDT"))
    release = small_release(panel, caps={"symbol": 0.3, "asset": 0.3, "gross": 1.5}, scaler={"target_vol": 1.0})
    sizes = np.abs(play(panel, release)[1].targets)
    assert sizes[:, :2].sum(axis=1).max() == pytest.approx(0.3)
    assert sizes[:, 2:].sum(axis=1).max() > 0.4
    alone = knobs(prepare(walk(17, bars=300, width=4), release), release)
    assert alone.cap_asset == alone.cap_gross  # nothing is shared, so the cap of a symbol says it all
    tight = release.model_copy(update={"caps": release.caps.model_copy(update={"asset": 0.1})})
    assert np.abs(play(panel, tight)[1].targets).max() <= 0.1


def test_ten_times_the_capital_where_ten_times_as_much_is_traded_is_the_same_book():
    """Spreads aside: they know the reference's traded value."""
    panel = holey(18, bars=300, width=6)
    costs = {"capital": 1e5, "half_spread_bps": 0.0}
    release = small_release(panel, costs=costs, caps={"liquidity": 0.1})
    larger = small_release(panel, costs=costs | {"capital": 1e6}, caps={"liquidity": 0.1})
    (_, once), (_, again) = play(panel, release), play(replace(panel, volume=10 * panel.volume), larger)
    np.testing.assert_allclose(again.equity, once.equity, rtol=1e-10)
    assert once.impact.any()


@pytest.mark.parametrize("stop", [65, 100, 299])
def test_a_market_as_it_was_known_is_the_market_of_the_bars_until_then(stop):
    panel = holey(19, bars=300, width=6)
    release = small_release(panel)
    known, fresh = prepare(panel, release).until(stop), prepare(panel.rows(0, stop), release)
    assert (known.first, known.atr_bars) == (fresh.first, fresh.atr_bars)
    for name in ("rows", "eligible", "vol", "value"):
        assert np.array_equal(getattr(known, name), getattr(fresh, name), equal_nan=True), name
    for name, seen, wanted in zip(known.tape._fields, known.tape, fresh.tape, strict=True):
        assert np.array_equal(seen, wanted), name


def test_sleeves_share_the_portfolio_by_their_budgets():
    panel = walk(18, bars=300, width=6)
    alone = {name: small_release(panel, sleeves=SLEEVES[name]) for name in FAST}
    market = prepare(panel, alone["xsmom"])
    parts = [0.4 * raw_weights(market, release.sleeves, vol_floor=0.1) for release in alone.values()]
    both = raw_weights(market, small_release(panel, sleeves=SLEEVES["both"]).sleeves, vol_floor=0.1)
    np.testing.assert_allclose(both, sum(parts), atol=1e-15)
    assert np.abs(both).sum(axis=1).max() <= 0.8 + 1e-12


def test_a_symbol_without_a_bar_is_left_alone():
    panel = holey(19, bars=300, width=7)
    market = prepare(panel, small_release(panel))
    raw = raw_weights(market, small_release(panel).sleeves, vol_floor=0.1)
    assert np.array_equal(np.isnan(raw), np.isnan(panel.close[market.rows]))
    assert np.isnan(raw).any()


def test_the_book_starts_at_the_start_of_the_book():
    panel = walk(20, bars=300, width=6)
    market, paths = play(panel, small_release(panel, book_start_row=100))
    assert market.first == 100
    assert (market.rows >= 100).all()
    assert (paths.equity[:101] == 1.0).all()


def test_where_the_data_starts_does_not_matter_once_the_warm_up_is_over():
    """A backtest over years and a live flow that loads only the warm-up hold the same weights.

    Not to the last bit: a volatility averages all history, and what lies ten half-lives back still counts a little.
    """
    panel = walk(21, bars=700, width=6)
    release = small_release(panel, book_start_row=500)
    start = 500 - release.warmup_bars
    assert start > 250
    (_, long), (_, short) = play(panel, release), play(panel.rows(start, 700), release)
    np.testing.assert_allclose(short.targets, long.targets, rtol=0.005)


@pytest.mark.parametrize("start", [datetime(2030, 1, 1, tzinfo=UTC), None])
def test_a_panel_without_a_decision_after_the_start_is_refused(start):
    panel = walk(22, bars=50, width=2)
    start = start or utc(int(panel.close_time[-1]))
    with pytest.raises(DataError, match=r"test 4h: no decision bar between .* choose an earlier start or load more bars"):
        prepare(panel, small_release(panel, book_start=start))


def test_what_is_paid_in_fees_is_the_fee_on_what_was_traded():
    panel = walk(5, bars=200)
    release = small_release(panel, costs={"taker_bps": 7.0, "half_spread_bps": 3.0})
    paths = run(prepare(panel, release), release)
    assert paths.turnover.sum() > 0
    assert paths.fees.sum() == pytest.approx(7e-4 * paths.turnover.sum())
    assert paths.spread.sum() > 0
