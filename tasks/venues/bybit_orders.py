"""An order on its way to Bybit: what is said, and what the answer, or the lack of one, proves."""

from typing import Any

import ccxt

from core.execution.orders import NotSent, OrderRequest, Rejected, Submission, TimeInForce, Unknown
from tasks.venues.bybit_client import TurnedAway
from tasks.venues.client import never_connected
from tasks.venues.meter import Banned
from tasks.venues.retcodes import NOT_PLACED, NOT_PLACED_LATER

_TIMES: dict[TimeInForce, str] = {"gtc": "GTC", "ioc": "IOC", "fok": "FOK", "post-only": "PostOnly"}


def order_body(request: OrderRequest) -> dict[str, Any]:
    """Body of order/create; numbers travel as strings."""
    body: dict[str, Any] = {
        "category": "linear",
        "symbol": request.symbol,
        "side": "Buy" if request.side == "buy" else "Sell",
        "orderType": "Market" if request.price is None else "Limit",
        "qty": format(request.quantity, "f"),
        "orderLinkId": request.link,
        "reduceOnly": request.reduce_only,
        "positionIdx": 0,
    }
    if request.price is not None:
        body |= {"price": format(request.price, "f"), "timeInForce": _TIMES[request.time_in_force]}
    if request.trigger is not None:
        body |= {"triggerPrice": format(request.trigger, "f"), "triggerDirection": 1 if request.trigger_rises else 2}
        body |= {"triggerBy": "LastPrice"}
    protection = {"stopLoss": request.stop_loss, "takeProfit": request.take_profit}
    stops = {name: format(price, "f") for name, price in protection.items() if price is not None}
    return body | stops | ({"tpslMode": "Full"} if stops else {})


def refused(code: int, said: str) -> Submission:
    """Return what a retCode proves about an order that was sent."""
    if code in NOT_PLACED:
        return Rejected(str(code), said)
    return NotSent(said) if code in NOT_PLACED_LATER else Unknown(said)


def undelivered(error: BaseException, said: str) -> Submission:
    """Return what an error on the way proves about an order that was sent."""
    if isinstance(error, Banned | TurnedAway) or never_connected(error):
        return NotSent(said)
    return Rejected("401", said) if isinstance(error, ccxt.AuthenticationError) else Unknown(said)


def order_id_of(reply: dict[str, Any]) -> str:
    """Return Bybit's id out of an acknowledgement; empty when it has none, and then it acknowledges nothing."""
    order_id = reply["result"].get("orderId")
    return order_id if isinstance(order_id, str) else ""
