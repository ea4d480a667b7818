"""Binance's order endpoints over a simulated exchange.

A parameter that asks for something not simulated is declined, never ignored: a stop silently dropped is worse than none.
"""

import re
from dataclasses import replace
from itertools import count

from core.exchange.events import OrderCancelled, OrderSubmitted, Refused
from core.exchange.state import Order, State
from core.execution.orders import OrderRequest, TimeInForce
from core.market.timeframe import DAY
from core.types import Side
from tasks.venues.simulated.binance_rows import SIDES, TIMES, algo_row, all_orders, client_id, number, order_row
from tasks.venues.simulated.binance_wire import (
    BAD_SYMBOL,
    NO_SUCH_ORDER,
    UNREAD,
    amount,
    limit_of,
    one_of,
    required,
    translated,
    whole,
    window,
)
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.wire import Decline, Json, Params

WINDOW = 7 * DAY
UNFILLED_KEPT = 3 * DAY
ORDERS_KEPT = 90 * DAY
UNKNOWN_ORDER = -2011

_SIDES: dict[str, Side] = {word: side for side, word in SIDES.items()}
_TIMES: dict[str, TimeInForce] = {word: time for time, word in TIMES.items()}
_TYPES = {"MARKET": False, "LIMIT": True}
_CONDITIONAL = {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
_LINK = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 36
_UNDERSTOOD = {
    *("symbol", "side", "positionSide", "type", "timeInForce", "quantity", "reduceOnly", "price"),
    *("newClientOrderId", "newOrderRespType", "timestamp", "recvWindow", "signature"),
}
_TURNED_BACK = {
    "fill-or-kill": (-5021, "Due to the order could not be filled immediately, the FOK order has been rejected."),
    "post-only": (-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."),
}


def create_order(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /fapi/v1/order: an acknowledgement, not a fill, whatever newOrderRespType says."""
    request = _judged(exchange.state, _request(params))
    reply = exchange.apply(OrderSubmitted(request))
    if isinstance(reply, Refused):
        raise translated(reply)
    state = exchange.state
    order = state.orders[reply.order_id]
    if order.cause in _TURNED_BACK:
        raise Decline(*_TURNED_BACK[order.cause])
    entered = replace(order, status="open", filled=order.filled * 0, value=order.value * 0, cause="")
    return order_row(state, entered)


def cancel_order(exchange: SimulatedExchange, params: Params) -> Json:
    """DELETE /fapi/v1/order by orderId, or else by origClientOrderId."""
    order = _named(exchange.state, params)
    reply = exchange.apply(OrderCancelled(order.order_id)) if order else Refused(UNKNOWN_ORDER, "")
    if order is None or isinstance(reply, Refused):
        raise Decline(UNKNOWN_ORDER, "Unknown order sent.")
    return order_row(exchange.state, exchange.state.orders[order.order_id])


def one_order(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /fapi/v1/order: live or closed, as long as it is remembered."""
    state = exchange.seen("history")
    return _found(state, _named(state, params))


def open_order(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /fapi/v1/openOrder: only while it is open."""
    state = exchange.seen("orders")
    order = _named(state, params)
    return _found(state, order if order and order.status == "open" else None)


def open_orders(exchange: SimulatedExchange, params: Params) -> list[Json]:
    """GET /fapi/v1/openOrders: of one symbol, or all."""
    state = exchange.seen("orders")
    symbol = _symbol(state, params) if params.get("symbol") else None
    return [order_row(state, order) for order in all_orders(state, symbol) if order.status == "open"]


def open_algo_orders(exchange: SimulatedExchange, params: Params) -> list[Json]:
    """GET /fapi/v1/openAlgoOrders: conditional orders that sleep."""
    state, symbol = exchange.seen("orders"), params.get("symbol")
    return [algo_row(state, o) for o in state.orders.open.values() if o.asleep and symbol in {None, o.symbol}]


def orders(exchange: SimulatedExchange, params: Params) -> list[Json]:
    """GET /fapi/v1/allOrders of one symbol: those from a number on, or those made in at most seven days; oldest first."""
    state, first = exchange.seen("history"), whole(params, "orderId")
    kept = [order for order in all_orders(state, _symbol(state, params)) if _is_remembered(state, order)]
    limit = limit_of(params, usual=500, most=1000)
    if first is not None:
        return [order_row(state, order) for order in kept if number(state, order.sequence) >= first][:limit]
    start, end = window(params, state.now, longest=WINDOW)
    return [order_row(state, order) for order in kept if start <= order.created <= end][-limit:]


def _request(params: Params) -> OrderRequest:
    if params.get("type") in _CONDITIONAL:
        raise Decline(-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
    strange = sorted(set(params) - _UNDERSTOOD)
    if strange:
        raise Decline(UNREAD, f"Not all sent parameters were read; not simulated: {', '.join(strange)}")
    is_limit = one_of(params, "type", _TYPES, code=-1116)
    return OrderRequest(
        link=str(params.get("newClientOrderId", "")),
        symbol=required(params, "symbol"),
        side=one_of(params, "side", _SIDES, code=-1117),
        quantity=amount(params, "quantity"),
        reduce_only=one_of({"reduceOnly": "false", **params}, "reduceOnly", {"true": True, "false": False}, code=-1100),
        price=amount(params, "price") if is_limit else None,
        time_in_force=one_of(params, "timeInForce", _TIMES, code=-1115) if is_limit else "gtc",
    )


def _judged(state: State, request: OrderRequest) -> OrderRequest:
    """Refuse what Binance refuses in its own words; what is left is for the engine to judge."""
    rules = state.instruments.get(request.symbol)
    if rules is None:
        raise Decline(BAD_SYMBOL, "Invalid symbol.")
    if state.hedge:
        raise Decline(-4061, "Order's position side does not match user's setting.")
    if request.quantity <= 0:
        raise Decline(-4003, "Quantity less than or equal to zero.")
    if request.quantity % rules.step:
        raise Decline(-1111, "Precision is over the maximum defined for this asset.")
    if request.quantity < rules.min_quantity:
        raise Decline(-4004, "Quantity less than min quantity.")
    if rules.max_quantity is not None and request.price is None and request.quantity > rules.max_quantity:
        raise Decline(-4005, "Quantity greater than max quantity.")
    if request.price is not None and (request.price <= 0 or request.price % rules.tick):
        raise Decline(-4014, "Price not increased by tick size.")
    return replace(request, link=_fresh(state, request.link))


def _fresh(state: State, link: str) -> str:
    """Return a link the engine has not seen: the one asked for, or a later use of it once its order is closed."""
    if len(link) > _LONGEST:
        raise Decline(-4015, "Client order id length should not be more than 36 chars")
    if link and not _LINK.fullmatch(link):
        raise Decline(-1100, "Illegal characters found in parameter 'newClientOrderId'.")
    for use in count(1):
        name = link if use == 1 else f"{link}--{use}"
        if name not in state.links:
            return name
        if state.links[name] in state.orders.open:
            raise Decline(-4116, "ClientOrderId is duplicated.")
    raise AssertionError


def _named(state: State, params: Params) -> Order | None:
    """Return the order asked for: by its number if there is one, else by the client's id, where an open one goes first."""
    symbol, wanted = _symbol(state, params), whole(params, "orderId")
    if wanted is None:
        link = required(params, "origClientOrderId")
        found = [order for order in all_orders(state, symbol) if client_id(order) == link]
    else:
        found = [order for order in all_orders(state, symbol) if number(state, order.sequence) == wanted]
    return max(found, key=lambda order: (order.status == "open", order.sequence), default=None)


def _found(state: State, order: Order | None) -> Json:
    if order is None or not _is_remembered(state, order):
        raise Decline(NO_SUCH_ORDER, "Order does not exist.")
    return order_row(state, order)


def _is_remembered(state: State, order: Order) -> bool:
    age = state.now - order.created
    return order.status == "open" or age <= (ORDERS_KEPT if order.filled else UNFILLED_KEPT)


def _symbol(state: State, params: Params) -> str:
    symbol = required(params, "symbol")
    if symbol not in state.instruments and symbol not in state.holdings:
        raise Decline(BAD_SYMBOL, "Invalid symbol.")
    return symbol
