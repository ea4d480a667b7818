"""Protective orders: a position's stop-loss and take-profit, kept by the venue.

1. They close the whole position, whatever its size is when they wake: reduce-only, market, without a link.
2. There is at most one of each kind; a later one takes the place of the earlier.
3. They are gone as soon as the position is flat or turned. One that wakes to too little liquidity closes what it can and is
   gone too: the rest of the position is unprotected.
"""

from decimal import Decimal

from core.exchange.checks import PARAMETER, misplaced
from core.exchange.events import Done, ProtectionSet, Refused, Reply
from core.exchange.lifecycle import born, ended
from core.exchange.money import against, held, signed
from core.exchange.state import Order, Origin, State
from core.execution.orders import OrderRequest

NOT_MODIFIED = 34040

KINDS: tuple[Origin, ...] = ("stop-loss", "take-profit")


def protections(state: State, symbol: str) -> tuple[Order, ...]:
    """Return the protective orders of a symbol's position."""
    return tuple(order for order in state.orders.open.values() if order.symbol == symbol and order.origin in KINDS)


def protect(state: State, filled: Order) -> State:
    """After a fill: drop what protects a position that is no longer there, and place what the filled order carries."""
    state = drop_stale(state, filled.symbol)
    if held(state, filled.symbol) * signed(filled.side, Decimal(1)) > 0:
        for kind, price in zip(KINDS, (filled.stop_loss, filled.take_profit), strict=True):
            if price is not None:
                state = _placed(state, filled.symbol, kind, price, filled.order_id)
    return state


def drop_stale(state: State, symbol: str) -> State:
    """End the protective orders of a position that is flat or has turned."""
    quantity = held(state, symbol)
    for order in protections(state, symbol):
        if quantity * signed(order.side, Decimal(1)) >= 0:
            state = ended(state, order, "flat")
    return state


def set_protection(state: State, event: ProtectionSet) -> tuple[State, Reply]:
    """Place, replace or take away the protective orders of a position."""
    wanted = {k: p for k, p in zip(KINDS, (event.stop_loss, event.take_profit), strict=True) if p is not None}
    refusal = _objection(state, event.symbol, wanted)
    if refusal:
        return state, refusal
    for kind, price in wanted.items():
        state = _placed(state, event.symbol, kind, price, "") if price else _taken_away(state, event.symbol, kind)
    return state, Done()


def _objection(state: State, symbol: str, wanted: dict[Origin, Decimal]) -> Refused | None:
    if not held(state, symbol):
        return Refused(PARAMETER, "can not set tp/sl/ts for zero position")
    now = {order.origin: order.trigger for order in protections(state, symbol)}
    if all((price or None) == now.get(kind) for kind, price in wanted.items()):
        return Refused(NOT_MODIFIED, "not modified")
    last = state.prices[symbol]
    for kind, price in wanted.items():
        sides = {"above": last, "below": None} if _rises(state, symbol, kind) else {"above": None, "below": last}
        refusal = misplaced(state, symbol, price, **sides) if price else None
        if refusal:
            return refusal
    return None


def _rises(state: State, symbol: str, kind: Origin) -> bool:
    return (kind == "take-profit") == (held(state, symbol) > 0)


def _placed(state: State, symbol: str, kind: Origin, price: Decimal, parent: str) -> State:
    """Place one protective order, unless this very one is there (the entry filled in several parts)."""
    for order in protections(state, symbol):
        if order.origin == kind and (order.parent, order.trigger) == (parent, price):
            return state
    quantity = held(state, symbol)
    request = OrderRequest(
        link="",
        symbol=symbol,
        side=against(quantity),
        quantity=abs(quantity),
        reduce_only=True,
        trigger=price,
        trigger_rises=_rises(state, symbol, kind),
    )
    return born(_taken_away(state, symbol, kind), request, origin=kind, parent=parent)[0]


def _taken_away(state: State, symbol: str, kind: Origin) -> State:
    for order in protections(state, symbol):
        if order.origin == kind:
            state = ended(state, order, "replaced")
    return state
