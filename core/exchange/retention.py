"""Which orders the venue still shows: Bybit's rules of what can be looked up, and for how long."""

from itertools import islice

from core.exchange.state import Order, State

UNFILLED_KEPT = 86_400_000
"""Milliseconds for which an order that ended without any fill can be looked up."""

RECENT = 500
"""Closed orders among the recent ones."""


def visible_orders(state: State, now: int) -> tuple[Order, ...]:
    """Return what can be looked up at `now` (ms), newest first: all but orders that ended 24 hours ago without a fill."""
    closed = (order for order in state.orders.closed.values() if is_visible(order, now))
    return tuple(sorted((*closed, *state.orders.open.values()), key=_newest_first))


def realtime_orders(state: State, now: int) -> tuple[Order, ...]:
    """Return the open orders and the last 500 closed that a restart has not wiped; newest first."""
    latest = (state.orders.closed[key] for key in reversed(state.orders.closed))
    closed = islice((o for o in latest if o.updated > state.restarted and is_visible(o, now)), RECENT)
    return tuple(sorted((*closed, *state.orders.open.values()), key=_newest_first))


def is_visible(order: Order, now: int) -> bool:
    """Whether one order can still be looked up at `now` (ms)."""
    return order.status == "open" or bool(order.filled) or order.updated > now - UNFILLED_KEPT


def _newest_first(order: Order) -> int:
    return -order.sequence
