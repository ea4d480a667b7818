"""How an order is born, and how it ends without having filled."""

from dataclasses import replace
from decimal import Decimal

from core.exchange.money import held, signed
from core.exchange.state import ZERO, Cause, Order, Origin, State
from core.execution.orders import OrderRequest, OrderStatus


def tradable(state: State, order: OrderRequest | Order, leaves: Decimal) -> Decimal:
    """Quantity the order may still trade: what it leaves, or what a reduce-only order finds to reduce."""
    if not order.reduce_only:
        return leaves
    reducible = -held(state, order.symbol) * signed(order.side, Decimal(1))
    return min(leaves, max(reducible, ZERO))


def born(state: State, request: OrderRequest, *, origin: Origin = "user", parent: str = "") -> tuple[State, Order]:
    """Give an order its number and its place in the book; a reduce-only order that is awake is cut to the position."""
    sequence = state.sequence + 1
    asleep = request.trigger is not None
    order = Order(
        order_id=state.name(sequence),
        link=request.link,
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity if asleep else tradable(state, request, request.quantity),
        price=request.price,
        reduce_only=request.reduce_only,
        seen_price=state.prices[request.symbol],
        sequence=sequence,
        created=state.now,
        updated=state.now,
        time_in_force=request.time_in_force,
        stop_loss=request.stop_loss,
        take_profit=request.take_profit,
        trigger=request.trigger,
        trigger_rises=request.trigger_rises,
        asleep=asleep,
        origin=origin,
        parent=parent,
    )
    links = state.links.add(order.link, order.order_id) if order.link else state.links
    return replace(state, sequence=sequence, orders=state.orders.put(order), links=links), order


def kept(state: State, order: Order) -> State:
    """Keep an order as it is now."""
    return replace(state, orders=state.orders.put(order))


def ended(state: State, order: Order, cause: Cause, status: OrderStatus = "cancelled") -> State:
    """Close an open order; what it filled stays filled."""
    return kept(state, replace(order, status=status, cause=cause, updated=state.now))
