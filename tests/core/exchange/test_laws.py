"""Laws that hold after any sequence of events."""

from decimal import Decimal
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from core.exchange.engine import step
from core.exchange.events import FundingSettled, OrderCancelled, OrderSubmitted, PricesMoved, SymbolDelisted
from core.exchange.memory import dump, load
from core.exchange.money import equity, held, signed, unrealised
from core.exchange.state import Terms
from core.execution.orders import OrderRequest
from tests.core.exchange.account import exchange

SYMBOLS = st.sampled_from(["BTCUSDT", "ETHUSDT"])
PRICES = st.integers(500, 2_000).map(lambda tenths: Decimal(tenths) / 10)
QUANTITIES = st.integers(1, 50_000).map(lambda thousandths: Decimal(thousandths) / 1_000)

REQUESTS = st.builds(
    OrderRequest,
    link=st.sampled_from([f"link{n}" for n in range(12)]),
    symbol=SYMBOLS,
    side=st.sampled_from(["buy", "sell"]),
    quantity=QUANTITIES,
    reduce_only=st.booleans(),
    price=st.none() | PRICES,
)
ORDERS = REQUESTS.map(OrderSubmitted)
RATES = st.integers(-75, 75).map(lambda bps: Decimal(bps) / 10_000)
PLANS = st.lists(
    ORDERS
    | st.dictionaries(SYMBOLS, PRICES, min_size=1).map(lambda prices: ("prices", prices))
    | st.dictionaries(SYMBOLS, RATES, min_size=1).map(lambda rates: ("funding", rates))
    | st.integers(0, 11).map(lambda n: ("cancel", f"link{n}")),
    max_size=25,
)


def happen(state, plan):
    """Apply one planned event to whatever state it finds."""
    match plan:
        case ("prices", prices):
            return step(state, PricesMoved(state.now + 1, prices)).state
        case ("funding", rates):
            return step(state, FundingSettled(state.now, rates, state.now)).state
        case ("cancel", link):
            return step(state, OrderCancelled(state.links.get(link, ""))).state
    return step(state, plan).state


def lived(plans):
    return reduce(happen, plans, exchange(terms=Terms()))


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_positions_are_the_sum_of_what_was_traded(plans):
    state = lived(plans)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        rows = [row for row in state.executions if row.symbol == symbol and row.kind != "funding"]
        assert held(state, symbol) == sum(signed(row.side, row.quantity) for row in rows)
    for order in state.orders.values():
        fills = [row.quantity for row in state.executions if row.order_id == order.order_id]
        assert order.filled == sum(fills) <= order.quantity


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_the_wallet_is_the_deposit_plus_profit_less_fees_less_funding(plans):
    state = lived(plans)
    trades = [row for row in state.executions if row.kind != "funding"]
    assert state.wallet == state.deposit + state.realised - state.fees - state.funding
    assert state.realised == sum(holding.realised for holding in state.holdings.values())
    assert state.fees == sum(row.fee for row in trades)
    assert state.funding == sum(row.fee for row in state.executions if row.kind == "funding")


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_equity_is_wallet_plus_unrealised_and_is_what_all_cash_flows_leave(plans):
    state = lived(plans)
    assert equity(state) == state.wallet + sum(unrealised(state, h) for h in state.holdings.values())
    trades = [row for row in state.executions if row.kind != "funding"]
    paid = sum(signed(row.side, row.quantity) * row.price for row in trades)
    worth = sum(h.quantity * state.prices[s] for s, h in state.holdings.items())
    assert equity(state) == state.deposit - paid + worth - state.fees - state.funding


@settings(max_examples=60, deadline=None)
@given(PLANS, REQUESTS)
def test_the_same_link_never_makes_a_second_order(plans, request):
    once = step(lived(plans), OrderSubmitted(request)).state
    twice = step(once, OrderSubmitted(request))
    if request.link in once.links:
        assert twice.state == once
    links = [order.link for order in twice.state.orders.values()]
    assert len(links) == len(set(links))


@settings(max_examples=100, deadline=None)
@given(PLANS)
def test_a_reduce_only_fill_never_increases_or_turns_a_position(plans):
    state = lived(plans)
    position = {"BTCUSDT": Decimal(0), "ETHUSDT": Decimal(0)}
    for row in state.executions:
        if row.kind == "funding":
            continue
        before = position[row.symbol]
        after = position[row.symbol] = before + signed(row.side, row.quantity)
        if state.orders[row.order_id].reduce_only:
            assert abs(after) < abs(before)
            assert before * after >= 0


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_delisting_leaves_equity_alone_and_no_position(plans):
    state = lived(plans)
    settled = step(state, SymbolDelisted(state.now, "BTCUSDT")).state
    assert equity(settled) == equity(state)
    assert held(settled, "BTCUSDT") == 0


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_storage_gives_back_the_same_exchange(plans):
    state = lived(plans)
    assert load(dump(state)) == state


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_every_execution_has_its_own_name_in_growing_order(plans):
    numbers = [row.sequence for row in lived(plans).executions]
    assert numbers == sorted(set(numbers))
    assert len({row.exec_id for row in lived(plans).executions}) == len(numbers)
