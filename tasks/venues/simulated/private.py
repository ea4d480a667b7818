"""Bybit's private endpoints over a simulated exchange.

A parameter that asks for something not simulated is declined, never ignored: a stop silently dropped is worse than none.
"""

from collections.abc import Iterable

from core.exchange.checks import PARAMETER
from core.exchange.events import LeverageSet, OrderCancelled, OrderSubmitted, Refused
from core.exchange.state import Execution, Holding, Order
from core.execution.orders import OrderRequest
from core.market.timeframe import DAY
from core.types import Side
from tasks.venues.simulated.account_rows import position_row, wallet_row
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.rows import EXEC_TYPES, execution_row, order_row
from tasks.venues.simulated.wire import Decline, Json, Params, countdown, decimal, integer, linear, one_of, page

WINDOW = 7 * DAY
ORDER_ROWS = (20, 50)
EXECUTION_ROWS = (50, 100)
POSITION_ROWS = (20, 200)
RECENTLY_CLOSED = 500
POSITION_MODE_SAME = 110025

_SIDES: dict[str, Side] = {"Buy": "buy", "Sell": "sell"}
_UNDERSTOOD = {
    "category",
    "symbol",
    "side",
    "orderType",
    "qty",
    "price",
    "timeInForce",
    "orderLinkId",
    "reduceOnly",
    "positionIdx",
}


def create_order(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/order/create: an acknowledgement, not a fill."""
    linear(params)
    request = _request(params)
    reply = exchange.apply(OrderSubmitted(request))
    if isinstance(reply, Refused):
        raise Decline(reply.code, reply.reason)
    return {"orderId": reply.order_id, "orderLinkId": request.link}


def cancel_order(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/order/cancel by orderId, or else by orderLinkId."""
    linear(params)
    order_id = str(params.get("orderId") or exchange.state.links.get(str(params.get("orderLinkId", "")), ""))
    reply = exchange.apply(OrderCancelled(order_id))
    if isinstance(reply, Refused):
        raise Decline(reply.code, reply.reason)
    return {"orderId": order_id, "orderLinkId": exchange.state.orders[order_id].link}


def realtime_orders(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/order/realtime: open orders; asked by id or ``openOnly=1``, the 500 last closed ones too."""
    linear(params)
    _needs_one(params, ("symbol", "settleCoin", "baseCoin", "orderId", "orderLinkId"))
    orders = list(exchange.state.orders.values())
    closed = sorted((o for o in orders if o.status != "open"), key=lambda order: order.updated)[-RECENTLY_CLOSED:]
    wants_closed = _by_id(params) or params.get("openOnly") == "1"
    live = [order for order in orders if order.status == "open"]
    return _order_page([*live, *closed] if wants_closed else live, params)


def order_history(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/order/history: closed orders of a window of at most seven days; asked by id, of all time."""
    linear(params)
    closed = [order for order in exchange.state.orders.values() if order.status != "open"]
    if _by_id(params):
        return _order_page(closed, params)
    start, end = _window(exchange, params)
    return _order_page([order for order in closed if start <= order.created <= end], params)


def executions(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/execution/list: everything booked in a window of at most seven days, newest first."""
    linear(params)
    state, kind = exchange.state, params.get("execType")
    start, end = (0, state.now) if _by_id(params) else _window(exchange, params)
    found = [
        row
        for row in reversed(state.executions)
        if start <= row.at <= end and _named(params, row) and kind in (None, EXEC_TYPES[row.kind])
    ]
    rows, cursor = page(found, params, lambda row: row.sequence, limits=EXECUTION_ROWS)
    shown = [execution_row(row, state.orders.get(row.order_id)) for row in rows]
    return {"category": "linear", "list": shown, "nextPageCursor": cursor}


def positions(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/position/list: one symbol, flat or not; or all that are not flat."""
    linear(params)
    _needs_one(params, ("symbol", "settleCoin"))
    state, symbol = exchange.state, str(params.get("symbol", ""))
    if symbol:
        held = [state.holdings.get(symbol, Holding(symbol))]
    else:
        held = [state.holdings[name] for name in sorted(state.holdings) if state.holdings[name].quantity]
    rows, cursor = page(countdown(held), params, lambda row: row[0], limits=POSITION_ROWS)
    return {"category": "linear", "list": [position_row(state, h) for _, h in rows], "nextPageCursor": cursor}


def set_leverage(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/position/set-leverage; one-way, so both sides must agree."""
    linear(params)
    leverage = decimal(params, "buyLeverage")
    if leverage != decimal(params, "sellLeverage"):
        raise Decline(PARAMETER, "params error: buyLeverage and sellLeverage differ in one-way mode")
    reply = exchange.apply(LeverageSet(str(params.get("symbol", "")), leverage))
    if isinstance(reply, Refused):
        raise Decline(reply.code, reply.reason)
    return {}


def switch_mode(_exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/position/switch-mode: there is only the one-way mode, so it is never modified."""
    linear(params)
    if params.get("mode") != 0:
        raise Decline(PARAMETER, "hedge mode is not simulated")
    raise Decline(POSITION_MODE_SAME, "Position mode is not modified")


def wallet_balance(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/account/wallet-balance of the unified account."""
    one_of(params, "accountType", {"UNIFIED": None})
    return {"list": [wallet_row(exchange.state)]}


def _request(params: Params) -> OrderRequest:
    strange = sorted(set(params) - _UNDERSTOOD)
    if strange:
        raise Decline(PARAMETER, f"not simulated: {', '.join(strange)}")
    if params.get("positionIdx", 0) != 0:
        raise Decline(PARAMETER, "position idx not match position mode")
    is_limit = one_of(params, "orderType", {"Market": False, "Limit": True})
    one_of({"timeInForce": "GTC", **params}, "timeInForce", {"GTC": None} if is_limit else {"GTC": None, "IOC": None})
    return OrderRequest(
        link=str(params.get("orderLinkId", "")),
        symbol=str(params.get("symbol", "")),
        side=one_of(params, "side", _SIDES),
        quantity=decimal(params, "qty"),
        reduce_only=params.get("reduceOnly", False) is True,
        price=decimal(params, "price") if is_limit else None,
    )


def _order_page(orders: Iterable[Order], params: Params) -> Json:
    found = sorted((o for o in orders if _named(params, o)), key=lambda order: -order.sequence)
    rows, cursor = page(found, params, lambda order: order.sequence, limits=ORDER_ROWS)
    return {"category": "linear", "list": [order_row(order) for order in rows], "nextPageCursor": cursor}


def _named(params: Params, row: Order | Execution) -> bool:
    """Whether the row is of the symbol and order asked for; given both ids, orderId wins as it does at Bybit."""
    if params.get("symbol") not in (None, row.symbol):
        return False
    if "orderId" in params:
        return bool(params["orderId"] == row.order_id)
    return params.get("orderLinkId") in (None, row.link)


def _by_id(params: Params) -> bool:
    return "orderId" in params or "orderLinkId" in params


def _needs_one(params: Params, names: tuple[str, ...]) -> None:
    if not any(params.get(name) for name in names):
        raise Decline(PARAMETER, f"params error: one of {', '.join(names)} is required")


def _window(exchange: SimulatedExchange, params: Params) -> tuple[int, int]:
    start, end = integer(params, "startTime"), integer(params, "endTime")
    if start is None:
        end = exchange.now_ms if end is None else end
        return end - WINDOW, end
    end = start + WINDOW if end is None else end
    if not 0 <= end - start <= WINDOW:
        raise Decline(PARAMETER, "params error: startTime and endTime are at most 7 days apart")
    return start, end
