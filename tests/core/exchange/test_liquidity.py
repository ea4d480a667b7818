"""Stories of orders that do not find enough to trade with."""

from decimal import Decimal

import pytest

from core.exchange.engine import step
from core.exchange.events import InstrumentsListed, LiquidityOffered, OrderRejected, PricesMoved
from core.exchange.money import held
from tests.core.exchange.account import code, exchange, found, instrument, order, price, sent, thin


def test_a_market_order_fills_what_is_there_and_the_rest_is_cancelled():
    state = sent(thin(exchange(), "0.7"), "buy 2 BTC")
    ended = found(state)
    assert (ended.status, ended.filled, ended.leaves, ended.cause) == (
        "cancelled",
        Decimal("0.7"),
        Decimal("1.3"),
        "no-liquidity",
    )


def test_a_market_order_that_finds_nobody_is_accepted_and_cancelled_without_a_fill():
    outcome = step(thin(exchange(), "0"), order("buy 2 BTC"))
    assert code(outcome.reply) == 0
    assert (found(outcome.state).status, found(outcome.state).filled, outcome.executions) == ("cancelled", 0, ())


def test_a_limit_order_rests_with_its_rest_and_fills_on_over_several_moves():
    state = sent(thin(exchange(), "0.5"), "buy 2 BTC @ 100")
    filled = [found(state).filled]
    for value, offered in (("99", "0.7"), ("101", "5"), ("98", "5")):
        state = step(state, PricesMoved(state.now + 1, {"BTCUSDT": Decimal(value)}, {"BTCUSDT": Decimal(offered)})).state
        filled.append(found(state).filled)
    assert filled == [Decimal("0.5"), Decimal("1.2"), Decimal("1.2"), 2]
    assert found(state).status == "filled"
    assert [(row.leaves, row.maker) for row in state.executions] == [
        (Decimal("1.5"), False),
        (Decimal("0.8"), True),
        (0, True),
    ]


def test_a_partly_filled_order_can_be_cancelled_or_rejected_and_keeps_its_fill():
    resting = sent(thin(exchange(), "0.5"), "buy 2 BTC @ 100")
    rejected = step(resting, OrderRejected(found(resting).order_id)).state
    assert (found(rejected).status, found(rejected).filled, found(rejected).cause) == ("rejected", Decimal("0.5"), "venue")
    assert held(rejected, "BTCUSDT") == Decimal("0.5")
    assert code(step(rejected, OrderRejected(found(rejected).order_id)).reply) == 110001


def test_new_liquidity_between_moves_fills_who_was_waiting():
    waiting = sent(thin(exchange(), "0"), "buy 2 BTC @ 100")
    assert found(waiting).status == "open"
    assert found(step(waiting, LiquidityOffered("BTCUSDT", None)).state).status == "filled"


def test_a_move_without_a_bound_ends_the_bound():
    state = price(thin(exchange(), "0"), "100").state
    assert found(sent(state, "buy 2 BTC")).status == "filled"


def test_orders_share_what_is_offered_oldest_first():
    state = sent(sent(exchange(), "buy 1 BTC @ 95", "old"), "buy 1 BTC @ 96", "young")
    state = step(state, PricesMoved(2_000, {"BTCUSDT": Decimal(95)}, {"BTCUSDT": Decimal("1.4")})).state
    assert (found(state, "old").filled, found(state, "young").filled) == (1, Decimal("0.4"))


def test_only_whole_steps_are_traded():
    assert found(sent(thin(exchange(), "0.70059"), "buy 2 BTC")).filled == Decimal("0.7")


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("buy 2 BTC @ 100 fok", ("cancelled", 0, "fill-or-kill")),
        ("buy 0.5 BTC @ 100 fok", ("filled", Decimal("0.5"), "")),
        ("buy 2 BTC @ 100 ioc", ("cancelled", Decimal("0.7"), "no-liquidity")),
        ("buy 2 BTC @ 99 ioc", ("cancelled", 0, "no-liquidity")),
        ("buy 2 BTC @ 99 fok", ("cancelled", 0, "no-liquidity")),
        ("buy 2 BTC @ 100 post-only", ("cancelled", 0, "post-only")),
        ("buy 2 BTC @ 99 post-only", ("open", 0, "")),
        ("buy 2 BTC @ 100", ("open", Decimal("0.7"), "")),
    ],
)
def test_time_in_force_decides_what_becomes_of_the_rest(text, ending):
    there = found(sent(thin(exchange(), "0.7"), text))
    assert (there.status, there.filled, there.cause) == ending


def test_a_post_only_order_that_rests_fills_as_maker():
    (fill,) = price(sent(exchange(), "buy 1 BTC @ 95 post-only"), "94").executions
    assert fill.maker


def test_a_market_order_above_the_largest_quantity_is_refused():
    state = exchange(max_quantity=Decimal(3))
    assert code(step(state, order("buy 3.001 BTC")).reply) == 10001
    assert code(step(state, order("buy 3 BTC")).reply) == 0
    assert code(step(state, order("buy 5 BTC @ 90")).reply) == 0


def test_a_reduce_only_market_order_above_the_largest_quantity_becomes_several_and_only_the_first_has_the_link():
    state = sent(sent(exchange(max_quantity=Decimal(3)), "buy 5 BTC @ 100", "x"), "buy 2 BTC", "y")
    closed = step(state, order("sell 10 BTC reduce", "exit"))
    assert [(row.link, row.quantity) for row in closed.executions] == [("exit", 3), ("", 3), ("", 1)]
    first, *others = (closed.state.orders[row.order_id] for row in closed.executions)
    assert {piece.parent for piece in others} == {first.order_id} == {closed.reply.order_id}
    assert held(closed.state, "BTCUSDT") == 0


def test_changed_rules_hold_for_the_next_order_and_spare_the_resting():
    state = sent(exchange(), "buy 1.005 BTC @ 95.1")
    coarse = {"BTCUSDT": instrument(tick=Decimal(1), step=Decimal("0.1"))}
    changed = step(state, InstrumentsListed(coarse)).state
    assert code(step(changed, order("buy 1.005 BTC", "b")).reply) == 10001
    assert code(step(changed, order("buy 1 BTC @ 95.1", "b")).reply) == 10001
    assert found(price(changed, "95").state).status == "filled"
