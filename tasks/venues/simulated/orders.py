"""Bybit's order endpoints over a simulated exchange."""

from collections.abc import Iterable

from core.exchange.checks import PARAMETER
from core.exchange.events import OrderCancelled, OrderSubmitted
from core.exchange.retention import is_visible, realtime_orders, visible_orders
from core.exchange.state import Order, State
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.order_request import order_request
from tasks.venues.simulated.rows import order_row
from tasks.venues.simulated.wire import Decline, Json, Params, by_id, done, linear, named, needs_one, one_of, page, window

ORDER_ROWS = (20, 50)
_FILTERS = {"Order": False, "StopOrder": True}


def create_order(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/order/create: an acknowledgement, not a fill."""
    linear(params)
    request = order_request(params)
    return {"orderId": done(exchange.apply(OrderSubmitted(request))).order_id, "orderLinkId": request.link}


def cancel_order(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/order/cancel by orderId, or else by orderLinkId; under another symbol there is no such order."""
    linear(params)
    needs_one(params, ("orderId", "orderLinkId"))
    order_id = str(params.get("orderId") or exchange.state.links.get(str(params.get("orderLinkId", "")), ""))
    order = exchange.state.orders.get(order_id)
    if order is not None and not _wanted(params, order):
        order_id = ""
    done(exchange.apply(OrderCancelled(order_id)))
    return {"orderId": order_id, "orderLinkId": exchange.state.orders[order_id].link}


def cancel_all(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/order/cancel-all: every open order of a symbol, or of the settle coin."""
    linear(params)
    needs_one(params, ("symbol", "baseCoin", "settleCoin"))
    chosen = [order for order in exchange.state.orders.open.values() if _wanted(params, order)]
    for order in chosen:
        if order.order_id in exchange.state.orders.open:  # one cancellation may end another order
            done(exchange.apply(OrderCancelled(order.order_id)))
    return {"list": [{"orderId": order.order_id, "orderLinkId": order.link} for order in chosen], "success": "1"}


def realtime(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/order/realtime: open orders; asked by id or ``openOnly=1``, the 500 last closed ones since a restart too."""
    linear(params)
    needs_one(params, ("symbol", "settleCoin", "baseCoin", "orderId", "orderLinkId"))
    state = exchange.seen("orders")
    if by_id(params) or params.get("openOnly") == "1":
        return _order_page(state, realtime_orders(state, exchange.now_ms), params)
    return _order_page(state, state.orders.open.values(), params)


def history(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/order/history: closed orders of a window of at most seven days; asked by id, of all time."""
    linear(params)
    state = exchange.seen("history")
    if by_id(params):
        return _order_page(state, _of_id(state, params, exchange.now_ms), params)
    start, end = window(params, exchange.now_ms)
    closed = (order for order in visible_orders(state, exchange.now_ms) if order.status != "open")
    return _order_page(state, (order for order in closed if start <= order.created <= end), params)


def _of_id(state: State, params: Params, now: int) -> list[Order]:
    order_id = str(params.get("orderId") or state.links.get(str(params.get("orderLinkId")), ""))
    order = state.orders.get(order_id)
    return [order] if order and order.status != "open" and is_visible(order, now) else []


def _order_page(state: State, orders: Iterable[Order], params: Params) -> Json:
    found = sorted((o for o in orders if named(params, o) and _wanted(params, o)), key=lambda order: -order.sequence)
    rows, cursor = page(found, params, lambda order: order.sequence, limits=ORDER_ROWS)
    parents = (state.orders.get(order.parent) for order in rows)
    links = [parent.link if parent else "" for parent in parents]
    shown = [order_row(order, parent_link=link) for order, link in zip(rows, links, strict=True)]
    return {"category": "linear", "list": shown, "nextPageCursor": cursor}


def _wanted(params: Params, order: Order) -> bool:
    """Whether the order is of the symbol, the coin and the sort (plain or conditional) asked for."""
    if params.get("symbol") not in (None, "", order.symbol):
        return False
    if params.get("baseCoin") not in (None, "", order.symbol.removesuffix("USDT")):
        return False
    if params.get("settleCoin") not in (None, "", "USDT"):
        raise Decline(PARAMETER, f"params error: settleCoin invalid {params['settleCoin']}")
    if "orderFilter" not in params:
        return True
    return one_of(params, "orderFilter", _FILTERS) == (order.trigger is not None)
