from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.kernel import Knobs, simulate
from tests.core.panels import holey, walk

FREE = Knobs(
    fee=0.0,
    slippage=0.0,
    band=0.0,
    cap_symbol=1.0,
    cap_gross=1.0,
    stepdown_start=0.1,
    stepdown_end=0.3,
    stepdown_floor=1.0,
    kelly_fraction=1.0,
    kelly_floor=1.0,
    kelly_decay=0.5,
)
"""Nothing but prices: no costs, no band, and a scaler that always says 1."""

seeds = st.integers(0, 10_000)


def play(panel, raw, rows, *, first=0, **changes):
    decisions = (np.asarray(rows, dtype=np.int64), np.asarray(raw, dtype=float), np.ones(len(rows)))
    return simulate((panel.open, panel.close, panel.funding), decisions, first, FREE._replace(**changes))


def random_weights(panel, seed, every=3):
    rows = np.arange(1, len(panel) - 1, every)
    weights = np.random.default_rng([seed, 2]).normal(0, 0.2, (len(rows), panel.close.shape[1]))
    weights[np.isnan(panel.close[rows])] = np.nan
    return weights, rows


@given(seeds)
def test_zero_weights_earn_zero(seed):
    panel = holey(seed, bars=60, width=3)
    paths = play(panel, np.zeros((10, 3)), range(5, 15), fee=0.01, slippage=0.01)
    assert (paths.equity == 1.0).all()
    assert not paths.turnover.any()


def test_an_order_fills_at_the_open_after_its_decision():
    panel = replace(walk(1, bars=30, width=1), funding=np.zeros((30, 1)))
    paths = play(panel, [[1.0]], [4])
    assert (paths.equity[:5] == 1.0).all()
    filled = panel.open[5, 0] / panel.close[4, 0]  # coins are counted at the close of the decision, and paid for at the open
    expected = 1.0 + (panel.close[5:, 0] - panel.open[5, 0]) / panel.close[4, 0]
    np.testing.assert_allclose(paths.equity[5:], expected, rtol=1e-12)
    assert paths.turnover[5] == pytest.approx(filled)


def test_one_asset_held_whole_earns_the_asset_from_the_open_where_it_filled():
    panel = replace(walk(2, bars=50, width=1), funding=np.zeros((50, 1)))
    panel.open[3, 0] = panel.close[2, 0]
    paths = play(panel, [[1.0]], [2])
    np.testing.assert_allclose(paths.equity[3:], panel.close[3:, 0] / panel.open[3, 0], rtol=1e-12)


def test_funding_is_paid_by_the_long_and_received_by_the_short():
    panel = walk(3, bars=4, width=2)
    panel.open[:], panel.close[:], panel.funding[:] = 100.0, 100.0, 0.0
    panel.funding[2] = 0.001
    assert play(panel, [[1.0, 0.0]], [0]).equity[-1] == pytest.approx(0.999)
    assert play(panel, [[0.0, -1.0]], [0]).equity[-1] == pytest.approx(1.001)
    assert play(panel, [[0.5, -0.5]], [0]).equity[-1] == pytest.approx(1.0)


def test_a_symbol_that_stops_trading_is_closed_at_its_last_price_with_costs():
    panel = walk(4, bars=6, width=1)
    panel.open[:], panel.close[:], panel.funding[:] = 100.0, 100.0, 0.0
    panel.close[2] = 110.0
    panel.open[3:], panel.close[3:] = np.nan, np.nan
    paths = play(panel, [[1.0], [1.0]], [0, 2], fee=0.01)
    assert paths.forced.tolist() == [1.0]
    assert paths.turnover[3] * paths.equity[2] == pytest.approx(1.1)
    assert paths.equity[-1] == pytest.approx(1.0 - 0.01 + 0.1 - 0.011)
    assert not paths.weights[3:].any()


def test_an_order_for_a_symbol_that_does_not_open_is_void():
    panel = walk(5, bars=4, width=1)
    panel.open[2:], panel.close[2:] = np.nan, np.nan
    paths = play(panel, [[1.0]], [1], fee=0.01)
    assert (paths.equity == 1.0).all()


def test_an_order_decided_where_there_was_no_bar_is_void():
    panel = walk(5, bars=6, width=1)
    panel.open[2], panel.close[2] = np.nan, np.nan
    paths = play(panel, [[1.0]], [2])
    assert (paths.equity == 1.0).all()


def test_what_is_left_alone_keeps_its_coins():
    panel = replace(walk(6, bars=20, width=2), funding=np.zeros((20, 2)))
    alone = play(panel, [[0.5, 0.0], [np.nan, np.nan]], [2, 8])
    once = play(panel, [[0.5, 0.0]], [2])
    np.testing.assert_allclose(alone.equity, once.equity, rtol=1e-14)


@given(seeds)
def test_equity_is_the_product_of_net_returns(seed):
    panel = holey(seed, bars=80, width=4)
    paths = play(panel, *random_weights(panel, seed), fee=0.001)
    np.testing.assert_allclose(paths.equity, np.cumprod(1.0 + paths.net), rtol=1e-12)


@pytest.mark.parametrize("jump", [2.0, 2.5, 1000.0])
def test_equity_is_the_product_of_net_returns_through_ruin_too(jump):
    panel = walk(7, bars=6, width=1)
    panel.open[:], panel.close[:], panel.funding[:] = 100.0, 100.0, 0.0
    panel.close[3:] = 100.0 * jump
    panel.open[4:] = 100.0 * jump
    paths = play(panel, [[-1.0], [-1.0]], [1, 4])
    assert paths.net.min() == -1.0
    assert (paths.equity[3:] == 0.0).all()
    assert np.array_equal(paths.equity, np.cumprod(1.0 + paths.net))


@given(seeds, st.floats(0, 0.01), st.floats(0, 0.01))
def test_costs_are_turnover_times_rate(seed, fee, slippage):
    panel = holey(seed, bars=60, width=3)
    paths = play(panel, *random_weights(panel, seed), fee=fee, slippage=slippage)
    np.testing.assert_allclose(paths.fees, paths.turnover * fee, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(paths.slippage, paths.turnover * slippage, rtol=1e-12, atol=1e-300)


@given(seeds, st.floats(1e-5, 0.005))
def test_doubling_the_costs_never_helps(seed, fee):
    """One decision, so that both books hold the same coins; with more of them luck could favour the poorer."""
    panel = holey(seed, bars=40, width=3)
    once = random_weights(panel, seed)[0][:1]
    cheap, dear = (play(panel, once, [1], fee=f).equity for f in (fee, 2 * fee))
    assert (dear <= cheap + 1e-15).all()


@given(seeds)
def test_symbols_together_earn_what_the_book_earns(seed):
    panel = holey(seed, bars=60, width=4)
    paths = play(panel, *random_weights(panel, seed), fee=0.001)
    assert paths.pnl.sum() == pytest.approx(paths.net.sum(), abs=1e-12)


@given(seeds)
def test_the_order_of_the_columns_does_not_matter(seed):
    panel = holey(seed, bars=60, width=4)
    weights, rows = random_weights(panel, seed)
    order = [2, 0, 3, 1]
    straight, shuffled = play(panel, weights, rows), play(panel.columns(order), weights[:, order], rows)
    np.testing.assert_allclose(shuffled.equity, straight.equity, rtol=1e-12)
    np.testing.assert_allclose(shuffled.pnl, straight.pnl[order], atol=1e-12)


@given(seeds, st.integers(10, 50))
def test_later_bars_change_nothing_that_has_happened(seed, cut):
    panel = holey(seed, bars=60, width=3)
    weights, rows = random_weights(panel, seed)
    whole, part = play(panel, weights, rows), play(panel.rows(0, cut), weights[rows < cut], rows[rows < cut])
    assert np.array_equal(part.equity, whole.equity[:cut])
    assert np.array_equal(part.targets, whole.targets[rows < cut], equal_nan=True)


def test_the_book_starts_where_it_is_told():
    panel = walk(8, bars=30, width=2)
    paths = play(panel, [[0.5, 0.5]], [10], first=10)
    assert (paths.equity[:11] == 1.0).all()
    assert paths.equity[11] != 1.0


def test_a_drawdown_shrinks_the_next_target():
    panel = walk(9, bars=6, width=1)
    panel.open[:], panel.close[:], panel.funding[:] = 100.0, 100.0, 0.0
    panel.close[2:], panel.open[3:] = 80.0, 80.0
    paths = play(panel, [[1.0], [1.0]], [0, 3], stepdown_floor=0.5)
    assert paths.targets[:, 0] == pytest.approx([1.0, 0.75])  # 20 % down, half of the way from 10 % to 30 %


def test_a_losing_book_is_held_at_the_kelly_floor_and_a_winning_one_in_full():
    panel = walk(10, bars=8, width=1)
    panel.funding[:] = 0.0
    panel.close[:, 0] = 100.0 * 1.01 ** np.arange(8) * [1, 1, 1.001, 1, 1.001, 1, 1, 1]
    panel.open[1:] = panel.close[:-1]
    for side, share in ((1.0, 1.0), (-1.0, 0.3)):
        paths = play(panel, [[side / 2], [side / 2]], [0, 6], kelly_fraction=0.5, kelly_floor=0.3)
        assert paths.targets[:, 0] == pytest.approx([side / 2, side / 2 * share])
