from dataclasses import replace
from decimal import Decimal

import pytest

from core.errors import LedgerError
from core.exchange.engine import step
from core.exchange.events import (
    Done,
    FundingSettled,
    HistoryForgotten,
    InstrumentsListed,
    LeverageSet,
    OrderCancelled,
    PricesMoved,
    SymbolDelisted,
)
from core.exchange.money import equity, held
from core.exchange.state import Terms
from tests.core.exchange.account import code, exchange, instrument, order, price


def test_a_market_order_fills_at_once_worsened_by_slippage_and_rounded_against_the_taker():
    terms = Terms(taker_bps=Decimal(10), maker_bps=Decimal(0), slippage_bps=Decimal(7))
    state = exchange(terms=terms)
    bought = step(state, order("buy 2 BTC", "b")).executions[0]
    sold = step(state, order("sell 2 BTC", "s")).executions[0]
    assert (bought.price, sold.price) == (Decimal("100.1"), Decimal("99.9"))
    assert bought.fee == Decimal("0.2002")


def test_a_limit_order_rests_and_fills_at_its_limit_as_maker_when_the_price_comes():
    placed = step(exchange(), order("buy 1 BTC @ 95"))
    assert placed.executions == ()
    assert price(placed.state, "95.1").executions == ()
    (fill,) = price(placed.state, "90").executions
    assert (fill.price, fill.maker) == (Decimal(95), True)


def test_a_limit_order_that_crosses_on_arrival_takes_and_never_pays_more_than_its_limit():
    terms = Terms(slippage_bps=Decimal(100))
    (fill,) = step(exchange(terms=terms), order("buy 1 BTC @ 100.5")).executions
    assert (fill.price, fill.maker) == (Decimal("100.5"), False)


def test_a_short_sold_at_100_and_bought_back_at_90_earns_10():
    short = step(exchange(), order("sell 1 BTC", "s")).state
    flat = step(price(short, "90").state, order("buy 1 BTC", "b")).state
    assert (flat.wallet, held(flat, "BTCUSDT")) == (Decimal(10_010), 0)


def test_an_order_larger_than_the_position_turns_it_and_starts_a_new_entry_price():
    long = step(exchange(), order("buy 1 BTC", "a")).state
    turned = step(price(long, "110").state, order("sell 3 BTC", "b"))
    holding = turned.state.holdings["BTCUSDT"]
    assert (holding.quantity, holding.entry, holding.realised) == (-2, 110, 10)
    assert turned.executions[0].closed == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("buy 0.0005 BTC", 10001),
        ("buy 1.0005 BTC", 10001),
        ("buy 1 BTC @ 95.05", 10001),
        ("buy 1 DOGE", 10001),
        ("buy 0.01 BTC", 110094),
        ("buy 1001 BTC", 110007),
        ("sell 1 BTC reduce", 110017),
        ("buy 1000 BTC", 0),
    ],
)
def test_an_order_is_refused_by_the_code_bybit_uses(text, expected):
    outcome = step(exchange(), order(text))
    assert code(outcome.reply) == expected
    assert bool(outcome.executions) == (expected == 0)


@pytest.mark.parametrize("link", ["a" * 37, "ä", "a b"])
def test_a_malformed_link_is_refused(link):
    assert code(step(exchange(), order("buy 1 BTC", link)).reply) == 10001


def test_a_refused_order_leaves_its_link_unused():
    state = exchange()
    refused = step(state, order("buy 0.01 BTC"))
    assert refused.state == state
    assert isinstance(step(refused.state, order("buy 1 BTC")).reply, Done)


def test_a_link_stays_used_after_its_order_is_forgotten():
    state = step(exchange(), order("buy 1 BTC")).state
    forgotten = step(state, HistoryForgotten(state.now + 1)).state
    assert (dict(forgotten.orders), forgotten.executions) == ({}, ())
    assert code(step(forgotten, order("buy 1 BTC")).reply) == 110072


def test_forgetting_keeps_open_orders_and_totals():
    state = step(step(exchange(), order("buy 1 BTC", "a")).state, order("buy 1 BTC @ 90", "b")).state
    forgotten = step(state, HistoryForgotten(state.now + 1)).state
    assert [o.link for o in forgotten.orders.values()] == ["b"]
    assert equity(forgotten) == equity(state)


def test_a_reduce_only_order_is_cut_to_the_position_and_a_dust_position_can_be_closed():
    long = step(exchange(), order("buy 1 BTC", "a")).state
    sold = step(long, order("sell 0.99 BTC reduce", "b")).state
    closed = step(sold, order("sell 5 BTC reduce", "c"))
    assert closed.executions[0].quantity == Decimal("0.01")
    assert held(closed.state, "BTCUSDT") == 0


def test_a_resting_reduce_only_order_is_cancelled_when_nothing_is_left_to_reduce():
    long = step(exchange(), order("buy 1 BTC", "a")).state
    resting = step(long, order("sell 1 BTC @ 110 reduce", "b")).state
    flat = step(resting, order("sell 1 BTC", "c")).state
    moved = price(flat, "120")
    assert moved.executions == ()
    assert moved.state.orders[moved.state.links["b"]].status == "cancelled"


def test_a_resting_reduce_only_order_may_end_cancelled_with_a_partial_fill():
    long = step(exchange(), order("buy 2 BTC", "a")).state
    resting = step(long, order("sell 2 BTC @ 110 reduce", "b")).state
    moved = price(step(resting, order("sell 1 BTC", "c")).state, "120").state
    ended = moved.orders[moved.links["b"]]
    assert (ended.status, ended.filled, ended.quantity) == ("cancelled", 1, 2)


def test_a_cancelled_order_never_fills_and_cannot_be_cancelled_twice():
    placed = step(exchange(), order("buy 1 BTC @ 95"))
    cancelled = step(placed.state, OrderCancelled(placed.reply.order_id))
    assert isinstance(cancelled.reply, Done)
    assert price(cancelled.state, "90").executions == ()
    assert code(step(cancelled.state, OrderCancelled(placed.reply.order_id)).reply) == 110001


def test_a_long_pays_a_positive_rate_and_a_short_receives_it():
    rates = {"BTCUSDT": Decimal("0.001"), "ETHUSDT": Decimal("0.001")}
    state = step(step(exchange(), order("buy 2 BTC", "a")).state, order("sell 1 ETH", "b")).state
    outcome = step(state, FundingSettled(state.now, rates, state.now))
    assert [(e.kind, e.quantity, e.fee) for e in outcome.executions] == [
        ("funding", 2, Decimal("0.2")),
        ("funding", 1, Decimal("-0.1")),
    ]
    assert outcome.state.wallet == state.wallet - Decimal("0.1")
    assert held(outcome.state, "BTCUSDT") == 2


def test_a_delisted_symbol_is_settled_at_the_last_price_and_its_orders_are_cancelled():
    long = step(exchange(), order("buy 1 BTC", "a")).state
    state = price(step(long, order("sell 1 BTC @ 200", "b")).state, "120").state
    outcome = step(state, SymbolDelisted(state.now, "BTCUSDT"))
    (settled,) = outcome.executions
    assert (settled.kind, settled.side, settled.price, settled.fee) == ("settlement", "sell", 120, 0)
    assert outcome.state.orders[outcome.state.links["b"]].status == "cancelled"
    assert code(step(outcome.state, order("buy 1 BTC", "c")).reply) == 10001


def test_a_halted_symbol_takes_no_orders_and_keeps_its_position():
    long = step(exchange(), order("buy 1 BTC", "a")).state
    halted = step(long, InstrumentsListed({"BTCUSDT": replace(instrument(), active=False)})).state
    assert code(step(halted, order("sell 1 BTC reduce", "b")).reply) == 110074
    assert equity(halted) == equity(long)


def test_a_lower_leverage_needs_more_margin():
    state = step(exchange(), LeverageSet("BTCUSDT", Decimal(2))).state
    assert code(step(state, LeverageSet("BTCUSDT", Decimal(2))).reply) == 110043
    assert code(step(state, LeverageSet("BTCUSDT", Decimal(11))).reply) == 110013
    assert code(step(state, order("buy 201 BTC")).reply) == 110007


def test_an_order_that_reduces_is_accepted_even_without_margin():
    long = step(exchange(), order("buy 1000 BTC", "a")).state
    poor = price(long, "93").state
    assert code(step(poor, order("buy 1 BTC", "b")).reply) == 110007
    assert isinstance(step(poor, order("sell 500 BTC", "c")).reply, Done)


def test_time_never_runs_backwards():
    with pytest.raises(LedgerError, match="only runs forwards"):
        step(exchange(), PricesMoved(999, {}))


def test_identifiers_differ_between_two_lives_of_one_account():
    first, second = exchange(), replace(exchange(), opened=2_000)
    one, two = (step(state, order("buy 1 BTC")).executions[0].exec_id for state in (first, second))
    assert one != two
