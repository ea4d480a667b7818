"""Stories of orders that sleep until a price comes, and of a position's own stop-loss and take-profit."""

from decimal import Decimal

import pytest

from core.exchange.engine import step
from core.exchange.events import Deleveraged, Done, OrderCancelled, PricesMoved, ProtectionSet
from core.exchange.money import held, margin_used
from core.exchange.protection import protections
from core.exchange.state import Terms
from tests.core.exchange.account import code, exchange, found, order, price, sent, thin


def kinds(state):
    return {guard.origin: guard.trigger for guard in protections(state, "BTCUSDT")}


def test_a_conditional_order_sleeps_without_margin_until_the_price_comes():
    asleep = sent(exchange(), "buy 500 BTC rises 110")
    assert (found(asleep).asleep, margin_used(asleep)) == (True, 0)
    assert price(asleep, "109.9").executions == ()
    (fill,) = price(asleep, "110.5").executions
    assert (fill.price, fill.maker, fill.link) == (Decimal("110.5"), False, "a")


def test_a_conditional_limit_order_enters_the_book_when_it_wakes():
    awake = price(sent(exchange(), "buy 1 BTC @ 105 rises 110"), "110").state
    assert (found(awake).status, found(awake).asleep, found(awake).filled) == ("open", False, 0)
    (fill,) = price(awake, "104").executions
    assert (fill.price, fill.maker) == (105, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("buy 1 BTC rises 100", 110092),
        ("buy 1 BTC falls 100", 110093),
        ("buy 1 BTC rises 110.05", 10001),
        ("buy 1 BTC rises 110", 0),
        ("sell 1 BTC falls 90 reduce", 0),
        ("buy 1 BTC stop 100", 10001),
        ("buy 1 BTC stop 99.95", 10001),
        ("buy 1 BTC take 100", 10001),
        ("sell 1 BTC stop 100", 10001),
        ("sell 1 BTC take 100", 10001),
        ("sell 1 BTC stop 110 take 90", 0),
        ("buy 1 BTC @ 90 stop 95", 10001),
    ],
)
def test_a_trigger_or_a_stop_that_is_crossed_already_is_refused(text, expected):
    assert code(step(exchange(), order(text)).reply) == expected


def test_a_symbol_has_ten_conditional_orders_at_most():
    state = exchange()
    for number in range(10):
        state = sent(state, "buy 1 BTC rises 110", f"c{number}")
    assert code(step(state, order("buy 1 BTC rises 110")).reply) == 110009
    assert code(step(state, order("buy 1 ETH rises 110")).reply) == 0
    assert code(step(price(state, "110").state, order("buy 1 BTC rises 120")).reply) == 0


def test_a_symbol_has_five_hundred_open_orders_at_most():
    state = exchange(deposit=10**7)
    for number in range(500):
        state = sent(state, "buy 1 BTC @ 50", f"o{number}")
    assert code(step(state, order("buy 1 BTC @ 50")).reply) == 110020
    assert code(step(state, order("buy 1 BTC rises 110")).reply) == 0
    freed = step(state, OrderCancelled(state.links["o7"])).state
    assert code(step(freed, order("buy 1 BTC @ 50")).reply) == 0


def test_a_conditional_order_that_wakes_to_too_little_margin_is_cancelled():
    woken = price(sent(exchange(), "buy 2000 BTC rises 110"), "110").state
    assert (found(woken).status, found(woken).cause, found(woken).filled) == ("cancelled", "no-margin", 0)


def test_a_conditional_exit_that_wakes_to_no_position_is_cancelled():
    woken = price(sent(exchange(), "sell 1 BTC falls 90 reduce"), "90").state
    assert (found(woken).status, found(woken).cause) == ("cancelled", "reduce-only")


def test_a_sleeping_order_can_be_cancelled_and_never_wakes():
    asleep = sent(exchange(), "buy 1 BTC rises 110")
    gone = step(asleep, OrderCancelled(found(asleep).order_id)).state
    assert found(gone).asleep
    assert price(gone, "120").executions == ()


def test_an_entry_brings_its_stop_and_target_which_close_the_whole_position():
    state = sent(sent(exchange(), "buy 1 BTC stop 90 take 120", "in"), "buy 1 BTC", "more")
    assert kinds(state) == {"stop-loss": 90, "take-profit": 120}
    stopped = price(state, "89")
    (fill,) = stopped.executions
    assert (fill.side, fill.quantity, fill.price, fill.link, fill.origin) == ("sell", 2, 89, "", "stop-loss")
    assert stopped.state.orders[fill.order_id].parent == state.links["in"]
    assert held(stopped.state, "BTCUSDT") == 0
    assert kinds(stopped.state) == {}


def test_a_short_is_stopped_when_the_price_rises():
    (fill,) = price(sent(exchange(), "sell 1 BTC stop 110 take 80"), "110").executions
    assert (fill.side, fill.origin) == ("buy", "stop-loss")


def test_the_target_goes_when_the_stop_has_closed_the_position():
    stopped = price(sent(exchange(), "buy 1 BTC stop 90 take 120"), "90").state
    ends = {o.origin: (o.status, o.cause) for o in stopped.orders.values() if o.origin != "user"}
    assert ends == {"stop-loss": ("filled", ""), "take-profit": ("cancelled", "flat")}


def test_protection_goes_when_the_position_is_closed_or_turned_by_hand():
    state = sent(exchange(), "buy 1 BTC stop 90")
    assert kinds(sent(state, "sell 1 BTC", "out")) == {}
    assert kinds(sent(state, "sell 3 BTC", "turn")) == {}
    assert kinds(step(state, Deleveraged("BTCUSDT", Decimal(1))).state) == {}
    assert kinds(sent(state, "sell 0.4 BTC", "less")) == {"stop-loss": 90}


def test_a_later_entry_replaces_only_what_it_brings():
    state = sent(sent(exchange(), "buy 1 BTC stop 90 take 120", "one"), "buy 1 BTC stop 95", "two")
    assert kinds(state) == {"stop-loss": 95, "take-profit": 120}


def test_an_entry_that_fills_in_parts_brings_its_stop_once():
    state = sent(thin(exchange(), "0.5"), "buy 2 BTC @ 100 stop 90")
    (first,) = protections(state, "BTCUSDT")
    (second,) = protections(price(state, "99").state, "BTCUSDT")
    assert (found(state).filled, second.order_id) == (Decimal("0.5"), first.order_id)


def test_a_limit_that_fills_in_a_gap_below_its_stop_is_stopped_in_the_same_move():
    outcome = price(sent(exchange(), "buy 1 BTC @ 95 stop 90"), "80")
    assert [(row.origin, row.price) for row in outcome.executions] == [("user", 95), ("stop-loss", 80)]


def test_a_stop_that_finds_too_little_closes_what_it_can_and_leaves_the_rest_bare():
    state = sent(exchange(), "buy 2 BTC stop 90")
    fallen = step(state, PricesMoved(2_000, {"BTCUSDT": Decimal(90)}, {"BTCUSDT": Decimal("0.5")})).state
    assert (held(fallen, "BTCUSDT"), kinds(fallen)) == (Decimal("1.5"), {})


def test_a_position_can_be_given_a_stop_later_and_lose_it_again():
    state = sent(exchange(terms=Terms()), "buy 1 BTC")
    given = step(state, ProtectionSet("BTCUSDT", Decimal(90), Decimal(120)))
    assert (given.reply, kinds(given.state)) == (Done(), {"stop-loss": 90, "take-profit": 120})
    assert code(step(given.state, ProtectionSet("BTCUSDT", Decimal(90), None)).reply) == 34040
    moved = step(given.state, ProtectionSet("BTCUSDT", Decimal(95), None)).state
    assert kinds(moved) == {"stop-loss": 95, "take-profit": 120}
    assert kinds(step(moved, ProtectionSet("BTCUSDT", Decimal(0), None)).state) == {"take-profit": 120}


@pytest.mark.parametrize(("stop", "take"), [("100", None), (None, "100"), ("90.05", None), ("110", "120")])
def test_a_stop_on_the_wrong_side_of_the_price_is_refused(stop, take):
    state = sent(exchange(), "buy 1 BTC")
    wanted = (Decimal(value) if value else None for value in (stop, take))
    assert code(step(state, ProtectionSet("BTCUSDT", *wanted)).reply) == 10001


def test_a_flat_position_cannot_be_given_a_stop():
    assert code(step(exchange(), ProtectionSet("BTCUSDT", Decimal(90), None)).reply) == 10001
