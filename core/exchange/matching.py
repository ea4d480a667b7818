"""Orders: how one enters the book, fills and leaves it.

1. A market order, or a limit order that crosses on arrival, fills whole and at once at the last price worsened by the
   slippage (never beyond its limit) and pays the taker's fee.
2. Any other limit order rests, and fills whole at its limit once a later price reaches it, at the maker's fee.
3. A reduce-only order never increases or turns a position: it is cut to the position when it arrives and again when it fills.
4. A link names at most one order, for ever. A refused order uses no link.

`tests/core/exchange/test_laws.py` holds the engine to all four.
"""

from dataclasses import replace
from decimal import Decimal

from core.exchange.booking import Deal, book
from core.exchange.checks import objection
from core.exchange.events import Done, Refused
from core.exchange.money import fee_rate, held, signed, taker_price
from core.exchange.state import Order, State
from core.execution.orders import OrderRequest, OrderStatus

ORDER_GONE = 110001


def submit(state: State, request: OrderRequest) -> tuple[State, Done | Refused]:
    """Accept an order into the book, and fill it if it can be filled now."""
    refusal = objection(state, request)
    if refusal:
        return state, refusal
    order = _entered(state, request)
    accepted = _with(replace(state, sequence=order.sequence), order)
    if order.link:
        accepted = replace(accepted, links={**state.links, order.link: order.order_id})
    if order.price is None or _crosses(order, state.prices[order.symbol]):
        accepted = _fill(accepted, order, _arrival_price(accepted, order), maker=False)
    return accepted, Done(order.order_id)


def cancel(state: State, order_id: str) -> tuple[State, Done | Refused]:
    """Take an open order out of the book."""
    order = state.orders.get(order_id)
    if order is None or order.status != "open":
        return state, Refused(ORDER_GONE, "order not exists or too late to cancel")
    return _with(state, replace(order, status="cancelled", updated=state.now)), Done(order_id)


def match_resting(state: State) -> State:
    """Fill every resting order whose limit the last prices reach, oldest first."""
    for order in open_orders(state):
        if order.price is not None and _crosses(order, state.prices[order.symbol]):
            state = _fill(state, order, order.price, maker=True)
    return state


def open_orders(state: State) -> tuple[Order, ...]:
    """Orders in the book, oldest first."""
    return tuple(order for order in state.orders.values() if order.status == "open")


def _entered(state: State, request: OrderRequest) -> Order:
    sequence = state.sequence + 1
    return Order(
        order_id=state.name(sequence),
        link=request.link,
        symbol=request.symbol,
        side=request.side,
        quantity=_cut(state, request),
        price=request.price,
        reduce_only=request.reduce_only,
        seen_price=state.prices[request.symbol],
        sequence=sequence,
        created=state.now,
        updated=state.now,
    )


def _cut(state: State, order: OrderRequest | Order) -> Decimal:
    """Quantity the order may still trade: all of it, or what a reduce-only order finds to reduce."""
    if not order.reduce_only:
        return order.quantity
    reducible = -held(state, order.symbol) * signed(order.side, Decimal(1))
    return min(order.quantity, max(reducible, Decimal(0)))


def _crosses(order: Order, last: Decimal) -> bool:
    if order.price is None:
        return True
    return last <= order.price if order.side == "buy" else last >= order.price


def _arrival_price(state: State, order: Order) -> Decimal:
    worse = taker_price(state, order.symbol, order.side)
    if order.price is None:
        return worse
    return min(worse, order.price) if order.side == "buy" else max(worse, order.price)


def _fill(state: State, order: Order, price: Decimal, *, maker: bool) -> State:
    quantity, rate = _cut(state, order), fee_rate(state, maker=maker)
    if not quantity:
        return cancel(state, order.order_id)[0]
    status: OrderStatus = "filled" if quantity == order.quantity else "cancelled"
    done = replace(order, status=status, filled=quantity, value=quantity * price, updated=state.now)
    deal = Deal(order.symbol, order.side, quantity, price, rate, "trade", maker)
    booked = book(state, deal, done)
    return _with(booked, replace(done, fees=booked.executions[-1].fee))


def _with(state: State, order: Order) -> State:
    return replace(state, orders={**state.orders, order.order_id: order})
