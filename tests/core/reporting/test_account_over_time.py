"""Exposure, trades and ticks of an account, by hand-made cases a reader can check."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from core.execution.orders import Fill
from core.market.panel import Panel
from core.reporting.exposures import exposures
from core.reporting.health import count_ticks
from core.reporting.trade_stats import TradeLine, trade_stats

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
D = Decimal


def ms(moment):
    return int(moment.timestamp() * 1000)


def panel(close):
    values = np.array(close, dtype=float)
    times = np.array([ms(START + i * HOUR) for i in range(len(values))])
    return Panel("v", "1h", ("AAA", "BBB"), times, values, values, values, values, values, np.zeros_like(values))


def fill(number, symbol, side, quantity, hours):
    return Fill("paper", symbol, str(number), "", side, D(quantity), D(1), D(0), "trade", START + hours * HOUR)


def test_exposure_is_what_was_held_at_the_close_over_the_equity_known_then():
    bars = panel([[10, 50], [20, 50], [np.nan, 25]])
    fills = [fill(1, "AAA", "buy", 5, 0.5), fill(2, "BBB", "sell", 2, 1.5), fill(3, "ZZZ", "buy", 9, 1.5)]
    looks = np.array([ms(START), ms(START + 2 * HOUR), ms(START + 3 * HOUR)])
    seen = exposures(bars, fills, looks, np.array([100.0, 200.0, 100.0]))
    assert seen.at == (START + HOUR, START + 2 * HOUR, START + 3 * HOUR)
    assert seen.long == pytest.approx((0.5, 0.5, 1.0))
    assert seen.short == pytest.approx((0.0, -0.5, -0.5))
    assert seen.gross == pytest.approx((0.5, 1.0, 1.5))
    assert seen.net == pytest.approx((0.5, 0.0, 0.5))


def test_nobody_looked_and_nothing_is_drawn():
    assert exposures(panel([[1, 1]]), [], np.array([], dtype=np.int64), np.array([])).at == ()


def trade(profit, hours=1):
    return TradeLine("AAA", D(1), START, START + hours * HOUR, D(100), D(100) + profit, D(profit))


def test_trades_in_figures():
    seen = trade_stats([trade(30), trade(-10, 3), trade(0), trade(-10)])
    assert (seen.count, seen.win_rate, seen.profit_factor) == (4, 0.25, 1.5)
    assert (seen.expectancy, seen.held_hours) == (D("2.5"), 1.5)
    assert (seen.best.profit, seen.worst.profit) == (D(30), D(-10))


def test_without_a_loser_there_is_no_profit_factor_and_without_a_trade_nothing():
    assert np.isnan(trade_stats([trade(5)]).profit_factor)
    assert trade_stats([]) is None


def test_a_minute_without_a_tick_is_missed_and_the_longest_gap_is_named():
    now = START + 10 * MINUTE + timedelta(seconds=3)
    ticked = [START + i * MINUTE + timedelta(seconds=2) for i in (0, 1, 2, 6, 7, 8, 9, 10)]
    seen = count_ticks(ticked, START, now, every_minute=True)
    assert (seen.done, seen.expected, seen.missed) == (7, 10, 3)
    assert (seen.gap_minutes, seen.gap_from) == (4.0, ticked[2])


def test_two_ticks_of_one_minute_make_up_for_none_that_was_missed():
    ticked = [START, START + timedelta(seconds=30), START + 2 * MINUTE]
    assert count_ticks(ticked, START, START + 3 * MINUTE, every_minute=True).missed == 1


def test_a_bot_that_stood_still_all_day_missed_every_minute():
    seen = count_ticks([], START, START + timedelta(days=1), every_minute=True)
    assert (seen.done, seen.missed, seen.gap_minutes) == (0, 1440, 1440.0)


def test_on_recorded_bars_nothing_is_missed():
    seen = count_ticks([START, START + 8 * HOUR], START, START + 24 * HOUR, every_minute=False)
    assert (seen.done, seen.missed, seen.gap_minutes) == (2, 0, None)
