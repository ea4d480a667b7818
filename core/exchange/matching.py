"""Orders: how one enters the book, fills and leaves it.

1. A market order, or a limit order that crosses on arrival, fills at once at the last price worsened by the slippage (never
   beyond its limit) and pays the taker's fee. What finds no liquidity is cancelled (market, IOC, FOK whole) or rests (GTC).
2. Any other limit order rests, and fills at its limit once a later price reaches it, at the maker's fee, as liquidity allows.
3. A reduce-only order never increases or turns a position: it is cut to the position when it arrives and again when it fills.
4. A link names at most one order, for ever. A refused order uses no link.
5. An order with a trigger sleeps until the last price reaches it, and is then treated as if it had arrived in that moment.
6. A reduce-only market order above the largest quantity becomes several orders, of which the first has the link.

`tests/core/exchange/test_laws.py` holds the engine to all six.
"""

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

from core.exchange.booking import Deal, book
from core.exchange.checks import is_tradable, objection
from core.exchange.events import Done, Refused, Reply
from core.exchange.lifecycle import born, ended, kept, tradable
from core.exchange.money import fee_rate, held, is_affordable, signed, taker_price
from core.exchange.protection import KINDS, protect
from core.exchange.state import Cause, Order, State
from core.execution.orders import OrderRequest, OrderStatus

ORDER_GONE = 110001


def submit(state: State, request: OrderRequest) -> tuple[State, Reply]:
    """Accept an order into the book, and fill what can be filled now."""
    refusal = objection(state, request)
    if refusal:
        return state, refusal
    first = ""
    for piece in _pieces(state, request):
        state, order = born(state, piece if not first else replace(piece, link=""), parent=first)
        first = first or order.order_id
        state = state if order.asleep else _arrived(state, order)
    return match(state, (request.symbol,)), Done(first)


def cancel(state: State, order_id: str, cause: Cause = "owner") -> tuple[State, Reply]:
    """Take an open order out of the book."""
    order = state.orders.open.get(order_id)
    if order is None:
        return state, Refused(ORDER_GONE, "order not exists or too late to cancel")
    return ended(state, order, cause, "rejected" if cause == "venue" else "cancelled"), Done(order_id)


def match(state: State, symbols: Collection[str]) -> State:
    """Fill every resting order whose limit the last prices reach, and wake who sleeps until then; oldest first."""
    seen: set[str] = set()
    while due := [o for o in state.orders.open.values() if o.symbol in symbols and o.order_id not in seen]:
        for order in due:
            seen.add(order.order_id)
            present = state.orders.open.get(order.order_id)
            state = _met(state, present) if present else state
    return state


def open_orders(state: State) -> tuple[Order, ...]:
    """Orders in the book, sleeping ones too, oldest first."""
    return tuple(state.orders.open.values())


def _pieces(state: State, request: OrderRequest) -> list[OrderRequest]:
    most = state.instruments[request.symbol].max_quantity
    if most is None or request.price is not None or request.trigger is not None:
        return [request]
    left, pieces = tradable(state, request, request.quantity), []
    while left > 0:
        pieces.append(replace(request, quantity=min(left, most)))
        left -= most
    return pieces


def _met(state: State, order: Order) -> State:
    """Let an order in the book meet the last price."""
    last = state.prices[order.symbol]
    if not is_tradable(state, order.symbol):
        return state
    if order.asleep:
        return _woken(state, order) if _is_triggered(order, last) else state
    return _filled(state, order, order.price, maker=True) if order.price is not None and _crosses(order, last) else state


def _woken(state: State, order: Order) -> State:
    whole = abs(held(state, order.symbol)) if order.origin in KINDS else order.quantity
    quantity = tradable(state, order, whole)
    price = order.price if order.price is not None else taker_price(state, order.symbol, order.side)
    if not quantity:
        return ended(state, order, "reduce-only")
    if not order.reduce_only and not is_affordable(state, order.symbol, signed(order.side, quantity), price):
        return ended(state, order, "no-margin")
    awake = replace(order, asleep=False, quantity=quantity, updated=state.now)
    return _arrived(kept(state, awake), awake)


def _arrived(state: State, order: Order) -> State:
    """Let an order that is awake trade against what is there now; then it rests or ends."""
    crosses = _crosses(order, state.prices[order.symbol])
    immediate = order.price is None or order.time_in_force in ("ioc", "fok")
    if crosses and order.time_in_force == "post-only" and order.price is not None:
        return ended(state, order, "post-only")
    if crosses and order.time_in_force == "fok" and _reachable(state, order) < order.leaves:
        return ended(state, order, "fill-or-kill")
    if crosses:
        state = _filled(state, order, _arrival_price(state, order), maker=False)
    present = state.orders.open.get(order.order_id)
    return ended(state, present, "no-liquidity") if present and immediate else state


def _reachable(state: State, order: Order) -> Decimal:
    """Quantity the order can trade at this moment."""
    wanted = tradable(state, order, order.leaves)
    offered = state.liquidity.get(order.symbol)
    if offered is None:
        return wanted
    step = state.instruments[order.symbol].step
    return min(wanted, offered // step * step)


def _is_triggered(order: Order, last: Decimal) -> bool:
    if order.trigger is None:
        return True
    return last >= order.trigger if order.trigger_rises else last <= order.trigger


def _crosses(order: Order, last: Decimal) -> bool:
    if order.price is None:
        return True
    return last <= order.price if order.side == "buy" else last >= order.price


def _arrival_price(state: State, order: Order) -> Decimal:
    worse = taker_price(state, order.symbol, order.side)
    if order.price is None:
        return worse
    return min(worse, order.price) if order.side == "buy" else max(worse, order.price)


def _filled(state: State, order: Order, price: Decimal, *, maker: bool) -> State:
    """Trade what can be traded; a reduce-only order that has nothing more to reduce ends."""
    wanted, quantity = tradable(state, order, order.leaves), _reachable(state, order)
    if quantity:
        state, order = _traded(state, order, quantity, price, maker=maker)
    if order.status == "open" and quantity == wanted:
        return ended(state, order, "reduce-only")
    return state


def _traded(state: State, order: Order, quantity: Decimal, price: Decimal, *, maker: bool) -> tuple[State, Order]:
    filled, value = order.filled + quantity, order.value + quantity * price
    status: OrderStatus = "filled" if filled == order.quantity else "open"
    after = replace(order, filled=filled, value=value, status=status, updated=state.now)
    rate = fee_rate(state, maker=maker)
    state = book(state, Deal(order.symbol, order.side, quantity, price, rate, "trade", maker), after)
    if order.symbol in state.liquidity:
        left = state.liquidity[order.symbol] - quantity
        state = replace(state, liquidity={**state.liquidity, order.symbol: left})
    after = state.orders[order.order_id]
    return protect(state, after), after
