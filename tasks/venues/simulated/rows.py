"""The exchange's records as Bybit's rows: same keys, same JSON types, numbers as strings.

What is always the same, and keys Bybit has and we do not simulate, stand in a constant above each row.
"""

from decimal import Decimal

from core.exchange.state import ZERO, Cause, Execution, Order, Origin
from core.execution.orders import FillKind, OrderStatus, TimeInForce
from core.market.instrument import Instrument
from core.types import Side
from tasks.venues.simulated.wire import Json, short, text

SIDES: dict[Side, str] = {"buy": "Buy", "sell": "Sell"}
_STATUSES: dict[OrderStatus, str] = {
    "open": "New",
    "filled": "Filled",
    "cancelled": "Cancelled",
    "rejected": "Rejected",
}
_EXEC_TYPES: dict[FillKind, str] = {
    "trade": "Trade",
    "funding": "Funding",
    "liquidation": "BustTrade",
    "settlement": "Settle",
}
_CREATE_TYPES: dict[Origin, str] = {
    "user": "CreateByUser",
    "stop-loss": "CreateByStopLoss",
    "take-profit": "CreateByTakeProfit",
    "liquidation": "CreateByLiq",
    "adl": "CreateByAdl_PassThrough",
    "settlement": "CreateBySettle",
    "funding": "",
    "transfer": "",
}
_STOPS: dict[Origin, str] = {"stop-loss": "StopLoss", "take-profit": "TakeProfit"}
_ENDS: dict[Cause, tuple[str, str]] = {
    "": ("UNKNOWN", "EC_NoError"),
    "owner": ("CancelByUser", "EC_PerCancelRequest"),
    "no-liquidity": ("UNKNOWN", "EC_NoImmediateQtyToFill"),
    "post-only": ("UNKNOWN", "EC_PostOnlyWillTakeLiquidity"),
    "fill-or-kill": ("UNKNOWN", "EC_CancelForNoFullFill"),
    "reduce-only": ("CancelByReduceOnly", "EC_NoError"),
    "no-margin": ("CancelByCannotAffordOrderCost", "EC_NoError"),
    "liquidation": ("CancelAllBeforeLiq", "EC_NoError"),
    "delisted": ("CancelBySettle", "EC_NoError"),
    "flat": ("CancelByTpSlTsClear", "EC_NoError"),
    "replaced": ("CancelByTpSlTsClear", "EC_NoError"),
    "venue": ("CancelByAdmin", "EC_NoError"),
}
"""Why an order ended -> (cancelType, rejectReason)."""

_TIMES: dict[TimeInForce, str] = {"gtc": "GTC", "ioc": "IOC", "fok": "FOK", "post-only": "PostOnly"}
UNBOUNDED = Decimal(1_000_000_000)
"""Largest order of an instrument that names none."""

_INSTRUMENT: Json = {
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "quoteCoin": "USDT",
    "launchTime": "0",
    "deliveryFeeRate": "",
    "unifiedMarginTrade": True,
    "settleCoin": "USDT",
    "symbolType": "",
    "copyTrading": "none",
    "upperFundingRate": "0.02",
    "lowerFundingRate": "-0.02",
}


def instrument_row(rules: Instrument, *, max_leverage: Decimal) -> Json:
    """Row of /v5/market/instruments-info."""
    base = rules.symbol.removesuffix("USDT")
    largest = UNBOUNDED if rules.max_quantity is None else rules.max_quantity
    return {
        **_INSTRUMENT,
        "symbol": rules.symbol,
        "baseCoin": base,
        "priceScale": str(max(0, -int(rules.tick.normalize().as_tuple().exponent))),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": text(max_leverage), "leverageStep": "0.01"},
        "priceFilter": {"minPrice": text(rules.tick), "maxPrice": "1999999.8", "tickSize": text(rules.tick)},
        "lotSizeFilter": {
            "maxOrderQty": text(largest),
            "minOrderQty": text(rules.min_quantity),
            "qtyStep": text(rules.step),
            "postOnlyMaxOrderQty": text(largest),
            "maxMktOrderQty": text(largest),
            "minNotionalValue": text(rules.min_notional),
        },
        "fundingInterval": rules.funding_minutes,
        "deliveryTime": str(rules.delists_at),
    }


_ORDER: Json = {
    "blockTradeId": "",
    "isLeverage": "",
    "positionIdx": 0,
    "ocoTriggerBy": "",
    "orderIv": "",
    "smpType": "None",
    "smpGroup": 0,
    "smpOrderId": "",
    "tpLimitPrice": "",
    "slLimitPrice": "",
    "placeType": "",
}


def order_row(order: Order, *, parent_link: str) -> Json:
    """Row of /v5/order/realtime and /v5/order/history."""
    leaves = order.leaves if order.status == "open" else ZERO
    cancel_type, reject_reason = _ENDS[order.cause]
    return {
        **_ORDER,
        **_conditions(order),
        "orderId": order.order_id,
        "orderLinkId": order.link,
        "parentOrderLinkId": parent_link,
        "symbol": order.symbol,
        "price": text(order.price or ZERO),
        "qty": text(order.quantity),
        "side": SIDES[order.side],
        "orderStatus": order_status(order),
        "createType": _CREATE_TYPES[order.origin],
        "cancelType": cancel_type,
        "rejectReason": reject_reason,
        "avgPrice": short(order.value / order.filled) if order.filled else "",
        "leavesQty": text(leaves),
        "leavesValue": text(leaves * (order.price or ZERO)),
        "cumExecQty": text(order.filled),
        "cumExecValue": text(order.value),
        "cumExecFee": text(order.fees),
        "timeInForce": "IOC" if order.price is None else _TIMES[order.time_in_force],
        "orderType": "Market" if order.price is None else "Limit",
        "lastPriceOnCreated": text(order.seen_price),
        "reduceOnly": order.reduce_only,
        "createdTime": str(order.created),
        "updatedTime": str(order.updated),
    }


def order_status(order: Order) -> str:
    """Bybit's word for where an order stands."""
    if order.asleep:
        return "Untriggered" if order.status == "open" else "Deactivated"
    return "PartiallyFilled" if order.status == "open" and order.filled else _STATUSES[order.status]


def _conditions(order: Order) -> Json:
    protects, stops = order.origin in _STOPS, (order.stop_loss, order.take_profit)
    is_conditional = order.trigger is not None
    return {
        "stopOrderType": _STOPS.get(order.origin, "Stop" if is_conditional else ""),
        "triggerPrice": text(order.trigger) if order.trigger is not None else "",
        "triggerDirection": (1 if order.trigger_rises else 2) if is_conditional else 0,
        "triggerBy": "LastPrice" if is_conditional else "",
        "closeOnTrigger": protects,
        "stopLoss": text(order.stop_loss) if order.stop_loss is not None else "",
        "takeProfit": text(order.take_profit) if order.take_profit is not None else "",
        "slTriggerBy": "LastPrice" if order.stop_loss is not None else "",
        "tpTriggerBy": "LastPrice" if order.take_profit is not None else "",
        "tpslMode": "Full" if protects or any(stops) else "",
    }


_EXECUTION: Json = {
    "feeCurrency": "USDT",
    "tradeIv": "",
    "markIv": "",
    "indexPrice": "",
    "underlyingPrice": "",
    "blockTradeId": "",
}


def execution_type(row: Execution) -> str:
    """Bybit's word for what kind of execution it was; a transfer is none."""
    return "AdlTrade" if row.origin == "adl" else _EXEC_TYPES[row.kind]


def execution_row(row: Execution, order: Order | None) -> Json:
    """Row of /v5/execution/list."""
    limit = order.price if order else None
    return {
        **_EXECUTION,
        "symbol": row.symbol,
        "orderId": row.order_id,
        "orderLinkId": row.link,
        "side": SIDES[row.side],
        "orderPrice": text(limit or ZERO),
        "orderQty": text(order.quantity if order else ZERO),
        "leavesQty": text(row.leaves),
        "createType": _CREATE_TYPES[row.origin],
        "stopOrderType": _STOPS.get(row.origin, "UNKNOWN"),
        "orderType": "Limit" if limit is not None else "Market" if order else "UNKNOWN",
        "execFee": text(row.fee),
        "execId": row.exec_id,
        "execPrice": text(row.price),
        "execQty": text(row.quantity),
        "execType": execution_type(row),
        "execValue": text(row.quantity * row.price),
        "execTime": str(row.at),
        "isMaker": row.maker,
        "feeRate": text(row.rate),
        "markPrice": text(row.price),
        "closedSize": text(row.closed),
        "seq": row.sequence,
    }
