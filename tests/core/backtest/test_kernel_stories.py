"""Small books that can be followed by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.core.backtest.cases import case_of, play
from tests.core.panels import walk, without


def bars(*rows, funding=0.0):
    """One symbol from (open, high, low, close) tuples; None for a missing bar."""
    panel = walk(1, bars=len(rows), width=1)
    cells = np.array([[np.nan] * 4 if row is None else row for row in rows], dtype=float)
    names = ("open", "high", "low", "close")
    panel = replace(panel, **{name: cells[:, [k]] for k, name in enumerate(names)}, funding=np.full((len(rows), 1), funding))
    return without(panel, np.isnan(panel.close))


def still(count, price=100.0):
    return [(price, price + 1, price - 1, price)] * count


def earn(panel, raw, rows, **changes):
    return play(case_of(panel, raw, rows, **changes))


def test_an_order_fills_at_the_open_after_its_decision():
    panel = bars((100, 100, 100, 100), (110, 130, 110, 120), (120, 150, 120, 150))
    paths = earn(panel, [[0.5]], [0])
    assert paths.turnover == pytest.approx([0, 0.55, 0])  # coins are counted at the close of the decision, paid at the open
    assert paths.equity == pytest.approx([1, 1 + 0.005 * 10, 1 + 0.005 * 40])


def test_funding_is_paid_by_the_long_and_received_by_the_short():
    panel = walk(3, bars=4, width=2)
    for name in ("open", "high", "low", "close"):
        getattr(panel, name)[:] = 100.0
    panel.funding[:], panel.funding[2] = 0.0, 0.001
    assert earn(panel, [[1.0, 0.0]], [0]).equity[-1] == pytest.approx(0.999)
    assert earn(panel, [[0.0, -1.0]], [0]).equity[-1] == pytest.approx(1.001)
    assert earn(panel, [[0.5, -0.5]], [0]).equity[-1] == pytest.approx(1.0)
    assert earn(panel, [[1.0, 0.0]], [0]).funding == pytest.approx([0, 0, 0.001, 0])


def test_funding_is_paid_on_the_value_at_the_close():
    assert earn(bars(*still(2), (100, 200, 100, 200), funding=0.01), [[1.0]], [1]).equity[-1] == pytest.approx(2 - 0.02)


def test_a_symbol_that_stops_trading_is_closed_at_its_last_price_with_costs():
    panel = bars(*still(2), (100, 110, 100, 110), None, None, *still(1))
    paths = earn(panel, [[1.0], [1.0]], [0, 2], fee=0.01)
    assert paths.forced.tolist() == [1.0]
    assert paths.turnover[3] * paths.equity[2] == pytest.approx(1.1)
    assert paths.equity[-1] == pytest.approx(1.0 - 0.01 + 0.1 - 0.011)
    assert not paths.weights[3:].any()


@pytest.mark.parametrize("missing", [1, 2], ids=["at the decision", "at the fill"])
def test_an_order_without_a_bar_is_void(missing):
    rows = still(6)
    rows[missing] = None
    paths = earn(bars(*rows), [[1.0]], [1], fee=0.01)
    assert (paths.equity == 1.0).all()


def test_what_is_left_alone_keeps_its_coins():
    panel = replace(walk(6, bars=20, width=2), funding=np.zeros((20, 2)))
    alone = earn(panel, [[0.5, 0.0], [np.nan, np.nan]], [2, 8])
    np.testing.assert_allclose(alone.equity, earn(panel, [[0.5, 0.0]], [2]).equity, rtol=1e-14)


@pytest.mark.parametrize("jump", [2.0, 2.5, 1000.0])
def test_a_book_that_loses_everything_stays_at_nothing(jump):
    panel = bars(*still(3), (100, 100 * jump, 100, 100 * jump), *still(4, 100 * jump), funding=-0.001)
    paths = earn(panel, [[-1.0], [-1.0]], [1, 5], fee=0.001)
    assert paths.net[3] == -1.0
    for values in (
        paths.equity[3:],
        paths.net[4:],
        paths.fees[4:],
        paths.funding[4:],
        paths.weights[3:],
        paths.contribution[4:],
    ):
        assert not values.any()
    assert np.array_equal(paths.equity, np.cumprod(1.0 + paths.net))


def test_a_trade_pays_fee_spread_and_impact_of_its_own_symbol():
    """A quarter of the reference's traded value: twice its spread; impact: daily volatility x root of (value / traded)."""
    capital, traded = 1e6, 25e6
    costs = {"fee": 0.001, "half_spread": 0.0002, "impact": 1.5 * capital**0.5}
    paths = earn(bars(*still(3)), [[0.5]], [0], value=traded, **costs)
    assert paths.fees[1] == pytest.approx(0.5 * 0.001)
    assert paths.spread[1] == pytest.approx(0.5 * 2 * 0.0002)
    assert paths.impact[1] == pytest.approx(0.5 * 1.5 * (0.5 / 365**0.5) * (0.5 * capital / traded) ** 0.5)
    assert paths.net[1] == pytest.approx(-(paths.fees + paths.spread + paths.impact)[1])


def test_a_long_leaves_at_the_level_of_its_stop_and_pays_for_it():
    """True range 2, so the stop stands at 97."""
    panel = bars(*still(2), (100, 101, 99, 100), (100, 100, 95, 96), (96, 96, 90, 90))
    paths = earn(panel, [[1.0]], [1], stop_atr=1.5, fee=0.001)
    assert paths.equity[3:] == pytest.approx(1 - 0.001 - 0.03 - 0.00097)
    assert paths.stopped.tolist() == [1.0]
    assert paths.fees[3] * paths.equity[2] == pytest.approx(0.00097)
    assert not paths.weights[3:].any()


def test_a_short_leaves_at_the_level_of_its_stop():
    panel = bars(*still(2), (100, 101, 99, 100), (100, 105, 100, 104))
    assert earn(panel, [[-1.0]], [1], stop_atr=1.5).equity[-1] == pytest.approx(0.97)


@pytest.mark.parametrize(("side", "opened", "equity"), [(1, 90, 0.90), (-1, 110, 0.90)])
def test_a_stop_that_the_market_jumps_over_fills_at_the_open(side, opened, equity):
    panel = bars(*still(3), (opened, 111, 89, 100))
    assert earn(panel, [[float(side)]], [1], stop_atr=1.5).equity[-1] == pytest.approx(equity)


def test_a_stop_stands_from_the_fill_on_so_the_entry_bar_can_take_it():
    panel = bars(*still(2), (100, 120, 96, 120), *still(2, 120.0))
    paths = earn(panel, [[1.0]], [1], stop_atr=1.5)
    assert paths.equity[2:] == pytest.approx(0.97)
    assert paths.turnover[2] == pytest.approx(1.97)


def test_a_trailing_stop_follows_the_best_price_and_the_bar_that_makes_it_is_assumed_to_fall_first():
    """Bar 2 rises to 110 before it could be known, bar 3 falls: true range before it (23 x 2 + 11.5) / 24."""
    panel = bars(*still(2), (100, 110, 98.5, 109), (109, 109, 104, 105), still(1)[0])
    paths = earn(panel, [[1.0]], [1], trail_atr=1.5)
    reach = 1.5 * (23 * 2 + 11.5) / 24
    assert paths.equity[2:] == pytest.approx([1.09, 1.1 - reach / 100, 1.1 - reach / 100])


def test_the_nearer_of_two_stops_counts():
    panel = bars(*still(3), (100, 101, 90, 95))
    assert earn(panel, [[1.0]], [1], trail_atr=1.0, stop_atr=3.0).equity[-1] == pytest.approx(0.99)  # from the best, 101
    assert earn(panel, [[1.0]], [1], trail_atr=4.0, stop_atr=3.0).equity[-1] == pytest.approx(0.94)


def test_who_was_stopped_out_comes_back_at_the_next_decision_only():
    panel = bars(*still(2), (100, 100, 95, 100), *still(4))
    paths = earn(panel, [[1.0], [1.0]], [0, 4], stop_atr=1.5)
    assert paths.weights[:, 0] == pytest.approx([0, 1, 0, 0, 0, 1, 1])


def test_adding_to_a_position_moves_no_stop_and_changing_sides_starts_a_new_one():
    panel = bars(*still(3), (105, 106, 104, 105), (105, 105, 96, 96), *still(2, 96.0))
    added = earn(panel, [[0.5], [1.0]], [1, 2], stop_atr=1.5)  # the stop stays at 97
    assert added.stopped.tolist() == [1.0]
    assert added.weights[4, 0] == 0.0
    assert added.equity[-1] == pytest.approx(1 + 0.005 * -3 + 0.005 * -8)
    flipped = earn(panel, [[0.5], [-0.5]], [1, 2], stop_atr=4.0)  # from 105 on: 105 + 8
    assert flipped.stopped.tolist() == [0.0]


def test_a_drawdown_shrinks_the_next_target():
    panel = bars(*still(2), (100, 100, 80, 80), *still(3, 80.0))
    paths = earn(panel, [[1.0], [1.0]], [0, 3], stepdown_floor=0.5)
    assert paths.targets[:, 0] == pytest.approx([1.0, 0.75])  # 20 % down, half of the way from 10 % to 30 %


def test_a_losing_book_is_held_at_the_kelly_floor_and_a_winning_one_up_to_its_cap():
    close = 100.0 * 1.01 ** np.arange(8) * [1, 1, 1.001, 1, 1.001, 1, 1, 1]
    rows = [(before, max(before, c), min(before, c), c) for before, c in zip([100.0, *close[:-1]], close, strict=True)]
    for side, share in ((1.0, 1.4), (-1.0, 0.3)):
        limits = {"kelly_floor": 0.3, "kelly_cap": 1.4, "max_leverage": 3.0, "target_vol": 0.5}
        paths = earn(bars(*rows), [[side / 2], [side / 2]], [0, 6], kelly_fraction=0.5, **limits)
        vol = max(0.25, (paths.net[1:7] ** 2 @ 0.5 ** np.arange(6, 0, -1) * 2190) ** 0.5)
        assert paths.targets[0, 0] == pytest.approx(side / 2 * 2)  # target 0.5 over a forecast of half of 0.5
        assert paths.targets[1, 0] == pytest.approx(side / 2 * 0.5 / vol * share)


def test_leverage_is_the_target_over_the_forecast_and_never_above_its_limit_whatever_kelly_says():
    panel = replace(walk(1, bars=30, width=2), funding=np.zeros((30, 2)))
    knobs = {"correlation": 0.5, "vol_decay": 0.9, "max_leverage": 2.0, "kelly_cap": 5.0, "kelly_floor": 5.0}
    calm = earn(panel, [[0.5, 0.5]], [3], target_vol=0.3, **knobs)
    assert calm.targets[0] == pytest.approx(np.array([0.5, 0.5]) * 0.3 / (0.25 * 3**0.5))  # no variance yet: Kelly says 1
    wild = earn(panel, [[0.5, 0.5]] * 2, [3, 20], target_vol=0.3, **knobs)
    assert wild.targets[1] == pytest.approx([1.0, 1.0])  # 5 x what the target allows, so the limit


def test_what_trades_nobody_knows_how_much_has_no_room():
    paths = earn(bars(*still(8)), [[0.5], [0.5], [0.5]], [0, 2, 4], value=[[1e8], [np.nan], [1e-3]], room=1e-3)
    assert paths.targets[:, 0] == pytest.approx([0.5, 0.0, 1e-6])
