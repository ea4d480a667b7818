"""Parameters of Bybit's order/create, read as an order request.

A parameter that asks for something not simulated is declined, never ignored: a stop silently dropped is worse than none.
"""

from decimal import Decimal

from core.exchange.checks import PARAMETER
from core.execution.orders import OrderRequest, TimeInForce
from core.types import Side
from tasks.venues.simulated.wire import Decline, Params, decimal, one_of

_READ = (
    *("category", "symbol", "side", "orderType", "qty", "price", "timeInForce", "orderLinkId", "reduceOnly", "positionIdx"),
    *("triggerPrice", "triggerDirection", "stopLoss", "takeProfit"),
)
_ONLY = {
    "triggerBy": ("LastPrice", ""),
    "slTriggerBy": ("LastPrice", ""),
    "tpTriggerBy": ("LastPrice", ""),
    "slOrderType": ("Market",),
    "tpOrderType": ("Market",),
    "tpslMode": ("Full", ""),
    "closeOnTrigger": (False,),
    "isLeverage": (0, 1),
}
"""Parameters of which only these values are simulated."""

_SIDES: dict[str, Side] = {"Buy": "buy", "Sell": "sell"}
_TIMES: dict[str, TimeInForce] = {"GTC": "gtc", "IOC": "ioc", "FOK": "fok", "PostOnly": "post-only"}
_MARKET_TIMES: dict[str, TimeInForce] = {"GTC": "gtc", "IOC": "gtc", "FOK": "fok"}
"""A market order never rests, so Bybit takes GTC and IOC for the same."""


def order_request(params: Params) -> OrderRequest:
    """Read an order, or decline."""
    _understood(params)
    is_limit = one_of(params, "orderType", {"Market": False, "Limit": True})
    trigger = price_or_none(params, "triggerPrice")
    return OrderRequest(
        link=str(params.get("orderLinkId") or ""),
        symbol=str(params.get("symbol", "")),
        side=one_of(params, "side", _SIDES),
        quantity=decimal(params, "qty"),
        reduce_only=params.get("reduceOnly", False) is True,
        price=decimal(params, "price") if is_limit else None,
        stop_loss=price_or_none(params, "stopLoss"),
        take_profit=price_or_none(params, "takeProfit"),
        trigger=trigger,
        trigger_rises=trigger is None or _rises(params),
        time_in_force=one_of({"timeInForce": "GTC", **params}, "timeInForce", _TIMES if is_limit else _MARKET_TIMES),
    )


def price_or_none(params: Params, name: str) -> Decimal | None:
    """Read a price that may be left out; "" and "0" leave it out too."""
    if params.get(name) in (None, ""):
        return None
    return decimal(params, name) or None


def _rises(params: Params) -> bool:
    return one_of(
        {**params, "triggerDirection": params.get("triggerDirection", "")}, "triggerDirection", {"1": True, "2": False}
    )


def _understood(params: Params) -> None:
    strange = sorted(name for name in params if name not in _READ and name not in _ONLY)
    strange += [name for name, values in _ONLY.items() if name in params and params[name] not in values]
    if strange:
        raise Decline(PARAMETER, f"not simulated: {', '.join(strange)}")
    if params.get("positionIdx", 0) != 0:
        raise Decline(PARAMETER, "position idx not match position mode")
