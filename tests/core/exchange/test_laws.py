"""Laws that hold after any sequence of events."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.exchange.checks import ASLEEP_LIMIT, is_tradable
from core.exchange.engine import step
from core.exchange.events import PricesMoved, Refused, SymbolDelisted
from core.exchange.memory import dump, load
from core.exchange.money import equity, held, maintenance, signed, unrealised
from core.exchange.protection import KINDS
from tests.core.exchange.lives import MOVES, NAMES, ORDERS, PLANS, TERMS, born, event_of, history, lived

often = settings(max_examples=15, deadline=None)

CASH_ONLY = ("funding", "transfer")


def trades(state):
    return [row for row in state.executions if row.kind not in CASH_ONLY]


@often
@given(PLANS)
def test_positions_are_the_sum_of_what_was_traded(plans):
    state = lived(plans)
    for symbol in NAMES:
        assert held(state, symbol) == sum(signed(row.side, row.quantity) for row in trades(state) if row.symbol == symbol)


@often
@given(PLANS)
def test_an_order_is_the_sum_of_its_executions_and_never_fills_beyond_itself(plans):
    state = lived(plans)
    for order in state.orders.values():
        rows = [row for row in state.executions if row.order_id == order.order_id]
        assert order.filled == sum(row.quantity for row in rows) <= order.quantity
        assert order.value == sum(row.quantity * row.price for row in rows)
        assert order.fees == sum(row.fee for row in rows)
        assert order.leaves == order.quantity - order.filled
        assert not rows or rows[-1].leaves == order.leaves
        assert (order.status == "filled") == (order.leaves == 0)
        assert bool(order.cause) == (order.status in ("cancelled", "rejected"))


@often
@given(PLANS)
def test_the_wallet_is_the_deposit_plus_profit_less_fees_less_funding_plus_transfers(plans):
    state = lived(plans)
    assert state.wallet == state.deposit + state.realised - state.fees - state.funding + state.transferred
    assert state.realised == sum(holding.realised for holding in state.holdings.values())
    assert state.fees == sum(row.fee for row in trades(state))
    assert state.funding == sum(row.fee for row in state.executions if row.kind == "funding")
    moved = [signed(row.side, row.quantity) for row in state.executions if row.kind == "transfer"]
    assert state.transferred == sum(moved)


@often
@given(PLANS)
def test_equity_is_wallet_plus_unrealised_and_is_what_all_cash_flows_leave(plans):
    state = lived(plans)
    assert equity(state) == state.wallet + sum(unrealised(state, h) for h in state.holdings.values())
    paid = sum(signed(row.side, row.quantity) * row.price for row in trades(state))
    worth = sum(h.quantity * state.prices[s] for s, h in state.holdings.items())
    assert equity(state) == state.deposit + state.transferred - paid + worth - state.fees - state.funding


@often
@given(PLANS)
def test_positions_and_wallet_are_what_a_slow_ledger_of_average_costs_says(plans):
    """Exact fractions, one execution after the other; the engine rounds each realised profit and fee to 1e-8."""
    state = lived(plans)
    size, average = dict.fromkeys(NAMES, Fraction(0)), dict.fromkeys(NAMES, Fraction(0))
    wallet = Fraction(state.deposit)
    for row in state.executions:
        amount, price = Fraction(signed(row.side, row.quantity)), Fraction(row.price)
        cash = {"transfer": amount, "funding": -amount * price * Fraction(row.rate)}
        if row.kind in cash:
            wallet += cash[row.kind]
            continue
        before, after = size[row.symbol], size[row.symbol] + amount
        closed = min(abs(before), abs(amount)) if before * amount < 0 else Fraction(0)
        wallet += closed * (price - average[row.symbol]) * (1 if before > 0 else -1)
        wallet -= abs(amount) * price * Fraction(row.rate)
        if before * after <= 0:
            average[row.symbol] = price
        elif abs(after) > abs(before):
            average[row.symbol] = (before * average[row.symbol] + amount * price) / after
        size[row.symbol] = after
    assert {symbol: Fraction(held(state, symbol)) for symbol in NAMES} == size
    assert abs(Fraction(state.wallet) - wallet) <= Fraction(1, 10**8) * (1 + 2 * len(state.executions))


@often
@given(PLANS, ORDERS)
def test_the_same_link_never_makes_a_second_order(plans, aim):
    once = lived([*plans, aim])
    twice = step(once, event_of(once, aim))
    if aim.link and aim.link in once.links:
        assert twice.state == once
    links = [order.link for order in twice.state.orders.values() if order.link]
    assert len(links) == len(set(links))
    assert {order.link: key for key, order in twice.state.orders.items() if order.link} == dict(twice.state.links)


@often
@given(PLANS)
def test_a_reduce_only_fill_never_increases_or_turns_a_position(plans):
    state = lived(plans)
    position = dict.fromkeys(NAMES, Decimal(0))
    for row in trades(state):
        before = position[row.symbol]
        after = position[row.symbol] = before + signed(row.side, row.quantity)
        if not row.order_id or state.orders[row.order_id].reduce_only:
            assert abs(after) < abs(before)
            assert before * after >= 0


@often
@given(PLANS)
def test_a_refusal_changes_nothing(plans):
    before = born()
    for outcome in history(plans):
        if isinstance(outcome.reply, Refused):
            assert outcome.state == before
            assert outcome.executions == ()
        before = outcome.state


@often
@given(PLANS)
def test_after_every_event_the_account_is_flat_or_has_more_than_its_maintenance_margin(plans):
    for outcome in history(plans):
        needed = maintenance(outcome.state)
        assert needed == 0 or equity(outcome.state) > needed


@often
@given(PLANS)
def test_a_liquidation_costs_its_slippage_and_fee_and_no_more(plans):
    state = born()
    for plan in plans:
        outcome = step(state, event_of(state, plan))
        ended = [row for row in outcome.executions if row.origin == "liquidation"]
        notional = sum(row.quantity * outcome.state.prices[row.symbol] for row in ended)
        cost = equity(replace(outcome.state, terms=TERMS)) - _equity_before(outcome.state, ended)
        ticks = sum(row.quantity for row in ended) * Decimal("0.1")
        assert -cost <= notional * (Decimal("0.01") + Decimal("0.00055") * Decimal("1.02")) + ticks * 2
        assert not ended or not outcome.state.orders.open
        state = outcome.state


def _equity_before(state, ended):
    """Worth of the account had these executions been free and at the last price."""
    lost = sum(signed(row.side, row.quantity) * (row.price - state.prices[row.symbol]) + row.fee for row in ended)
    return equity(state) + lost


@often
@given(PLANS)
def test_no_order_is_open_in_a_symbol_that_is_not_listed(plans):
    for outcome in history(plans):
        state = outcome.state
        assert {order.symbol for order in state.orders.open.values()} <= state.instruments.keys()
        assert {s for s, h in state.holdings.items() if h.quantity} <= state.instruments.keys()


@often
@given(PLANS)
def test_protective_orders_are_one_of_a_kind_and_only_of_a_position_they_reduce(plans):
    for outcome in history(plans):
        state = outcome.state
        guards = [order for order in state.orders.open.values() if order.origin in KINDS]
        assert len({(guard.symbol, guard.origin) for guard in guards}) == len(guards)
        for guard in guards:
            assert held(state, guard.symbol) * signed(guard.side, Decimal(1)) < 0
            assert (guard.reduce_only, guard.link, guard.price, guard.asleep) == (True, "", None, True)


@often
@given(PLANS)
def test_who_sleeps_has_no_fill_and_who_is_due_does_not_wait(plans):
    for outcome in history(plans):
        state = outcome.state
        asleep = [order for order in state.orders.open.values() if order.asleep]
        assert all(order.filled == 0 for order in asleep)
        assert all(sum(o.symbol == name and o.origin == "user" for o in asleep) <= ASLEEP_LIMIT for name in NAMES)
        for order in state.orders.open.values():
            assert order.price is not None or order.asleep
    moved = step(state, PricesMoved(state.now, state.prices)).state if plans else born()
    for order in moved.orders.open.values():
        if is_tradable(moved, order.symbol):
            last, limit = moved.prices[order.symbol], order.trigger if order.asleep else order.price
            falls = not order.trigger_rises if order.asleep else order.side == "buy"
            assert last > limit if falls else last < limit


@often
@given(PLANS, MOVES, st.lists(ORDERS, max_size=6))
def test_no_more_is_traded_between_two_moves_than_was_offered(plans, move, orders):
    moved = step(state := lived(plans), event_of(state, move))
    start = len(state.executions)
    after = lived(orders, moved.state)
    for symbol, offered in event_of(state, move).liquidity.items():
        rows = [row for row in after.executions[start:] if (row.symbol, row.kind) == (symbol, "trade")]
        assert sum(row.quantity for row in rows) <= offered
        assert 0 <= after.liquidity[symbol] == offered - sum(row.quantity for row in rows)


@often
@given(PLANS)
def test_every_number_is_given_once_in_growing_order(plans):
    state = lived(plans)
    executed = [row.sequence for row in state.executions]
    ordered = sorted(order.sequence for order in state.orders.values())
    assert executed == sorted(executed)
    assert len({*executed, *ordered}) == len(executed) + len(ordered) == state.sequence
    assert [order.sequence for order in state.orders.open.values()] == sorted(o.sequence for o in state.orders.open.values())


@often
@given(PLANS)
def test_what_an_event_reports_as_executed_is_what_it_added(plans):
    before = born()
    for outcome in history(plans):
        assert outcome.executions == outcome.state.executions[len(before.executions) :]
        before = outcome.state


@often
@given(PLANS)
def test_the_same_events_give_the_same_exchange_to_the_last_digit(plans):
    assert dump(lived(plans)) == dump(lived(plans))


@often
@given(PLANS)
def test_storing_and_loading_at_any_point_changes_nothing(plans):
    state, stored = born(), born()
    for plan in plans:
        state = step(state, event_of(state, plan)).state
        stored = load(dump(step(stored, event_of(stored, plan)).state))
        assert stored == state
    assert dump(stored) == dump(state)


@often
@given(PLANS)
def test_a_past_state_never_changes(plans):
    outcomes = history(plans)
    pictures = [dump(outcome.state) for outcome in outcomes]
    for outcome in outcomes:
        lived(plans[:5], outcome.state)
    assert [dump(outcome.state) for outcome in outcomes] == pictures


@often
@given(PLANS, MOVES)
def test_the_prices_of_strangers_change_nothing(plans, move):
    state = lived(plans)
    prices, liquidity = move[1:]
    own = PricesMoved(state.now + 1, prices, {s: q for s, q in liquidity.items() if s in prices})
    strangers = {f"X{number}USDT": Decimal(number + 1) for number in range(3)}
    together = step(state, replace(own, prices={"XUSDT": Decimal(7), **prices, **strangers}))
    alone = step(state, own)
    assert together.executions == alone.executions
    assert replace(together.state, prices=alone.state.prices) == alone.state


@often
@given(PLANS)
def test_delisting_leaves_equity_alone_and_no_position(plans):
    state = lived(plans)
    settled = step(state, SymbolDelisted(state.now, "BTCUSDT")).state
    assert equity(settled) == equity(state)
    assert held(settled, "BTCUSDT") == 0


LAWS = [law for name, law in sorted(globals().items()) if name.startswith("test_")]


@pytest.mark.long
@settings(max_examples=500, deadline=None)
@given(PLANS)
def test_every_law_holds_in_hundreds_of_lives(plans):
    for law in LAWS:
        told = law.hypothesis.inner_test
        if told.__code__.co_argcount == 1:
            told(plans)
