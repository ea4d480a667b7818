"""Stories of what happens to an account from outside: liquidation, deleveraging, transfers, halts, restarts, switched modes."""

from decimal import Decimal

import pytest

from core.exchange.engine import step
from core.exchange.events import (
    Deleveraged,
    Done,
    FundingSettled,
    HistoryForgotten,
    InstrumentsListed,
    MoneyMoved,
    OrderCancelled,
    PositionModeSet,
    PricesMoved,
    SymbolDelisted,
    TradingBarred,
    VenueRestarted,
)
from core.exchange.money import equity, held, maintenance, margin_used
from core.exchange.path import bar_path
from core.exchange.retention import UNFILLED_KEPT, realtime_orders, visible_orders
from core.exchange.state import Terms
from tests.core.exchange.account import code, exchange, found, instrument, order, price, sent


def links(orders):
    return [there.link for there in orders]


def test_an_account_is_liquidated_when_its_equity_no_longer_exceeds_the_maintenance_margin():
    state = sent(exchange(), "buy 900 BTC")  # equity 10000 + 900 (p - 100), maintenance 18 p: equal at 80000 / 882 = 90.70...
    assert price(state, "90.8").executions == ()
    outcome = price(state, "90.7")
    (fill,) = outcome.executions
    assert (fill.kind, fill.origin, fill.link, fill.order_id, fill.side) == ("liquidation", "liquidation", "", "", "sell")
    assert fill.price == Decimal("89.7")  # 1 % worse, rounded down to the tick
    assert outcome.state.wallet == 10_000 - 900 * Decimal("10.3")


def test_a_liquidation_cancels_every_order_and_closes_every_position():
    state = sent(sent(exchange(), "buy 500 BTC", "a"), "sell 300 ETH stop 200", "b")
    state = sent(state, "buy 1 ETH @ 50", "c")
    outcome = price(state, "80")
    assert {row.symbol for row in outcome.executions} == {"BTCUSDT", "ETHUSDT"}
    assert dict(outcome.state.orders.open) == {}
    assert found(outcome.state, "c").cause == "liquidation"
    assert maintenance(outcome.state) == margin_used(outcome.state) == 0


def test_a_gap_over_the_margin_leaves_less_than_nothing():
    gone = price(sent(exchange(), "buy 1000 BTC"), "50").state
    assert equity(gone) == 10_000 - 1000 * Decimal("50.5")


def test_funding_can_liquidate():
    state = price(sent(exchange(), "buy 900 BTC"), "90.8").state
    outcome = step(state, FundingSettled(state.now, {"BTCUSDT": Decimal("0.01")}, state.now))
    assert [row.kind for row in outcome.executions] == ["funding", "liquidation"]


def test_a_position_can_be_deleveraged_without_a_fee():
    state = sent(exchange(terms=Terms(slippage_bps=Decimal(0))), "sell 2 BTC")
    outcome = step(state, Deleveraged("BTCUSDT", Decimal("1.5")))
    (fill,) = outcome.executions
    assert (fill.kind, fill.origin, fill.side, fill.quantity, fill.fee) == ("liquidation", "adl", "buy", Decimal("1.5"), 0)
    assert held(step(outcome.state, Deleveraged("BTCUSDT", Decimal(9))).state, "BTCUSDT") == 0
    assert step(exchange(), Deleveraged("BTCUSDT", Decimal(1))).executions == ()


def test_money_comes_in_and_goes_out_with_a_record_of_its_own():
    outcome = step(exchange(), MoneyMoved(Decimal(500)))
    (row,) = outcome.executions
    assert (row.kind, row.symbol, row.side, row.quantity, row.price, row.fee) == ("transfer", "USDT", "buy", 500, 1, 0)
    out = step(outcome.state, MoneyMoved(Decimal(-10_500)))
    assert (out.executions[0].side, out.state.wallet, out.state.transferred) == ("sell", 0, -10_000)
    assert out.state.holdings == {}


def test_money_that_margins_tie_up_cannot_leave():
    state = sent(exchange(), "buy 500 BTC")
    assert code(step(state, MoneyMoved(Decimal("-5000.01"))).reply) == 131212
    assert step(state, MoneyMoved(Decimal(-5000))).reply == Done()
    assert code(step(state, MoneyMoved(Decimal(0))).reply) == 10001


@pytest.mark.parametrize("link", ["", "not-ours"])
def test_the_owner_trades_by_hand_under_a_foreign_or_no_link(link):
    state = sent(exchange(), "buy 1 BTC", "ours")
    closed = step(state, order("sell 1 BTC", link))
    assert (closed.executions[0].link, held(closed.state, "BTCUSDT")) == (link, 0)
    assert code(step(closed.state, order("buy 1 BTC", link)).reply) == (0 if link == "" else 110072)


@pytest.mark.parametrize(("why", "expected"), [("halted", 110074), ("settling", 110063)])
def test_a_barred_symbol_takes_no_order_fills_none_and_lets_orders_be_cancelled(why, expected):
    barred = step(sent(exchange(), "buy 1 BTC @ 95"), TradingBarred("BTCUSDT", why)).state
    assert code(step(barred, order("buy 1 BTC", "b")).reply) == expected
    fallen = price(barred, "90")
    assert fallen.executions == ()
    assert step(fallen.state, OrderCancelled(found(barred).order_id)).reply == Done(found(barred).order_id)
    lifted = step(fallen.state, TradingBarred("BTCUSDT", None)).state
    assert len(price(lifted, "90").executions) == 1


def test_a_symbol_in_play_that_is_left_out_of_the_list_is_halted_and_not_forgotten():
    state = step(sent(exchange(), "buy 1 BTC"), InstrumentsListed({"ETHUSDT": instrument("ETHUSDT")})).state
    assert not state.instruments["BTCUSDT"].active
    assert code(step(state, order("sell 1 BTC", "b")).reply) == 110074
    assert held(step(state, SymbolDelisted(state.now, "BTCUSDT")).state, "BTCUSDT") == 0


def test_an_account_in_hedge_mode_refuses_one_way_orders():
    hedge = step(exchange(), PositionModeSet(hedge=True)).state
    refused = step(hedge, order("buy 1 BTC")).reply
    assert (code(refused), refused.reason) == (10001, "position idx not match position mode")
    assert code(step(hedge, PositionModeSet(hedge=True)).reply) == 110025
    assert step(step(hedge, PositionModeSet(hedge=False)).state, order("buy 1 BTC")).executions


def test_the_mode_cannot_be_switched_over_a_position_or_an_order():
    assert code(step(sent(exchange(), "buy 1 BTC"), PositionModeSet(hedge=True)).reply) == 110024
    assert code(step(sent(exchange(), "buy 1 BTC @ 90"), PositionModeSet(hedge=True)).reply) == 110028


def test_an_order_that_ended_without_a_fill_can_be_looked_up_for_a_day():
    state = sent(sent(exchange(), "buy 1 BTC", "filled"), "buy 1 BTC @ 90", "resting")
    state = sent(state, "buy 1 BTC @ 80", "cancelled")
    state = step(state, OrderCancelled(found(state, "cancelled").order_id)).state
    assert links(visible_orders(state, state.now + UNFILLED_KEPT - 1)) == ["cancelled", "resting", "filled"]
    assert links(visible_orders(state, state.now + UNFILLED_KEPT)) == ["resting", "filled"]


def test_a_restart_wipes_the_recent_orders_and_spares_the_open_and_the_history():
    state = sent(sent(exchange(), "buy 1 BTC", "done"), "buy 1 BTC @ 90", "resting")
    assert links(realtime_orders(state, state.now)) == ["resting", "done"]
    restarted = step(state, VenueRestarted()).state
    assert links(realtime_orders(restarted, state.now)) == ["resting"]
    assert links(visible_orders(restarted, state.now)) == ["resting", "done"]
    later = sent(price(restarted, "100").state, "buy 1 BTC", "new")
    assert links(realtime_orders(later, later.now)) == ["new", "resting"]


def test_only_the_last_five_hundred_closed_orders_are_recent():
    state = exchange()
    for number in range(501):
        state = sent(state, "buy 0.05 BTC", f"o{number}")
    assert links(realtime_orders(state, state.now)) == [f"o{number}" for number in range(500, 0, -1)]


def test_forgetting_spares_who_sleeps():
    state = sent(exchange(), "buy 1 BTC rises 110")
    assert found(step(state, HistoryForgotten(state.now + 1)).state).asleep


@pytest.mark.parametrize(
    ("bar", "path"),
    [((100, 110, 98, 105), (100, 98, 110, 105)), ((100, 101, 90, 95), (100, 101, 90, 95)), ((100, 100, 100, 100), (100,) * 4)],
)
def test_a_bar_is_lived_through_its_nearer_extreme_first(bar, path):
    assert bar_path(*bar) == path


def test_what_lies_inside_a_bar_is_reached_by_living_its_path():
    state = sent(exchange(), "buy 1 BTC @ 98 stop 90 take 108")
    for second, value in enumerate(bar_path(100.0, 110.0, 98.0, 105.0)):
        state = step(state, PricesMoved(2_000 + second, {"BTCUSDT": Decimal(repr(value))})).state
    assert [(row.origin, row.price) for row in state.executions] == [("user", 98), ("take-profit", 110)]
