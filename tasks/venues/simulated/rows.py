"""The exchange's records as Bybit's rows: same keys, same JSON types, numbers as strings.

What is always the same, and keys Bybit has and we do not simulate, stand in a constant above each row.
"""

from decimal import Decimal

from core.exchange.state import ZERO, Execution, Order
from core.execution.orders import FillKind, OrderStatus
from core.market.instrument import Instrument
from core.types import Side
from tasks.venues.simulated.wire import Json, short, text

SIDES: dict[Side, str] = {"buy": "Buy", "sell": "Sell"}
STATUSES: dict[OrderStatus, str] = {
    "open": "New",
    "filled": "Filled",
    "cancelled": "Cancelled",
    "rejected": "Rejected",
}
EXEC_TYPES: dict[FillKind, str] = {
    "trade": "Trade",
    "funding": "Funding",
    "liquidation": "BustTrade",
    "settlement": "Settle",
}
_CREATE_TYPES: dict[FillKind, str] = {
    "trade": "CreateByUser",
    "funding": "",
    "liquidation": "CreateByLiq",
    "settlement": "CreateBySettle",
}


_INSTRUMENT: Json = {
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "quoteCoin": "USDT",
    "launchTime": "0",
    "deliveryTime": "0",
    "deliveryFeeRate": "",
    "unifiedMarginTrade": True,
    "settleCoin": "USDT",
    "symbolType": "",
}


def instrument_row(rules: Instrument, *, max_leverage: Decimal) -> Json:
    """Row of /v5/market/instruments-info."""
    base = rules.symbol.removesuffix("USDT")
    return {
        **_INSTRUMENT,
        "symbol": rules.symbol,
        "baseCoin": base,
        "priceScale": str(max(0, -int(rules.tick.normalize().as_tuple().exponent))),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": text(max_leverage), "leverageStep": "0.01"},
        "priceFilter": {"minPrice": text(rules.tick), "maxPrice": "1999999.8", "tickSize": text(rules.tick)},
        "lotSizeFilter": {
            "maxOrderQty": "1000000000",
            "minOrderQty": text(rules.min_quantity),
            "qtyStep": text(rules.step),
            "postOnlyMaxOrderQty": "1000000000",
            "maxMktOrderQty": "1000000000",
            "minNotionalValue": text(rules.min_notional),
        },
        "fundingInterval": rules.funding_minutes,
    }


_ORDER: Json = {
    "blockTradeId": "",
    "isLeverage": "",
    "positionIdx": 0,
    "createType": "CreateByUser",
    "rejectReason": "EC_NoError",
    "stopOrderType": "",
    "orderIv": "",
    "triggerPrice": "",
    "takeProfit": "",
    "stopLoss": "",
    "tpTriggerBy": "",
    "slTriggerBy": "",
    "triggerDirection": 0,
    "triggerBy": "",
    "closeOnTrigger": False,
    "smpType": "None",
    "smpGroup": 0,
    "smpOrderId": "",
    "tpslMode": "",
    "tpLimitPrice": "",
    "slLimitPrice": "",
    "placeType": "",
}


def order_row(order: Order) -> Json:
    """Row of /v5/order/realtime and /v5/order/history."""
    leaves = order.quantity - order.filled if order.status == "open" else ZERO
    return {
        **_ORDER,
        "orderId": order.order_id,
        "orderLinkId": order.link,
        "symbol": order.symbol,
        "price": text(order.price or ZERO),
        "qty": text(order.quantity),
        "side": SIDES[order.side],
        "orderStatus": STATUSES[order.status],
        "cancelType": "CancelByUser" if order.status == "cancelled" else "UNKNOWN",
        "avgPrice": short(order.value / order.filled) if order.filled else "",
        "leavesQty": text(leaves),
        "leavesValue": text(leaves * (order.price or ZERO)),
        "cumExecQty": text(order.filled),
        "cumExecValue": text(order.value),
        "cumExecFee": text(order.fees),
        "timeInForce": "IOC" if order.price is None else "GTC",
        "orderType": "Market" if order.price is None else "Limit",
        "lastPriceOnCreated": text(order.seen_price),
        "reduceOnly": order.reduce_only,
        "createdTime": str(order.created),
        "updatedTime": str(order.updated),
    }


_EXECUTION: Json = {
    "stopOrderType": "",
    "feeCurrency": "USDT",
    "tradeIv": "",
    "markIv": "",
    "indexPrice": "",
    "underlyingPrice": "",
    "blockTradeId": "",
}


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
        "createType": _CREATE_TYPES[row.kind],
        "orderType": "Limit" if limit is not None else "Market" if order else "UNKNOWN",
        "execFee": text(row.fee),
        "execId": row.exec_id,
        "execPrice": text(row.price),
        "execQty": text(row.quantity),
        "execType": EXEC_TYPES[row.kind],
        "execValue": text(row.quantity * row.price),
        "execTime": str(row.at),
        "isMaker": row.maker,
        "feeRate": text(row.rate),
        "markPrice": text(row.price),
        "closedSize": text(row.closed),
        "seq": row.sequence,
    }
