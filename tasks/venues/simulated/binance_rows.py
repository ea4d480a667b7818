"""The exchange's records as Binance's rows: same keys, same JSON types, money as strings, moments and numbers as integers.

1. Binance numbers its orders and trades; ours are the engine's, on a base that grows with every life of the account.
2. Each trade belongs to an order, so what the venue closes by itself gets an order of its own here, named as Binance names it.
3. A client's id may be used again once its order is closed. The engine wants links unique, so the second use is kept as
   ``id--2`` and shown as ``id``.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from core.exchange.state import ZERO, Execution, Order, Origin, State
from core.execution.orders import OrderStatus, TimeInForce
from core.market.instrument import Instrument
from core.types import Side
from tasks.venues.simulated.wire import Json, short, text

SETTLE, ONE_WAY, NO_DELIVERY = "USDT", "BOTH", 4_133_404_800_000
SIDES: dict[Side, str] = {"buy": "BUY", "sell": "SELL"}
TIMES: dict[TimeInForce, str] = {"gtc": "GTC", "ioc": "IOC", "fok": "FOK", "post-only": "GTX"}

_STATUSES: dict[OrderStatus, str] = {"open": "NEW", "filled": "FILLED", "cancelled": "EXPIRED", "rejected": "REJECTED"}

_FORCED: dict[Origin, str] = {
    "liquidation": "autoclose-",
    "adl": "adl_autoclose",
    "settlement": "settlement_autoclose-",
}

_NEVER_RECORDED = frozenset({"post-only", "fill-or-kill"})

_AGAIN = re.compile(r"--\d+$")


def number(state: State, sequence: int) -> int:
    """Return the integer Binance would call it by: never the same in two lives of the account."""
    return state.opened // 1000 * 1_000_000 + sequence


def client_id(order: Order) -> str:
    """Return the client's id of an order; Binance makes one up when there was none."""
    return _AGAIN.sub("", order.link) or f"web_{order.order_id}"[-36:]


def all_orders(state: State, symbol: str | None = None) -> list[Order]:
    """Every order that Binance keeps a record of, its own ones too, oldest first."""
    own = (_forced(row) for row in state.executions if row.kind in {"liquidation", "settlement"} and not row.order_id)
    recorded = (order for order in state.orders.values() if order.cause not in _NEVER_RECORDED and not order.asleep)
    found = [order for order in (*recorded, *own) if symbol in {None, order.symbol}]
    return sorted(found, key=lambda order: order.sequence)


def order_row(state: State, order: Order) -> Json:
    """Row of order, openOrders and allOrders."""
    kind, limit = ("MARKET" if order.price is None else "LIMIT"), order.price or ZERO
    return {
        "orderId": number(state, order.sequence),
        "symbol": order.symbol,
        "status": _status(order),
        "clientOrderId": client_id(order),
        "price": text(limit),
        "avgPrice": short(order.value / order.filled) if order.filled else "0.00",
        "origQty": text(order.quantity),
        "executedQty": text(order.filled),
        "cumQuote": text(order.value),
        "timeInForce": TIMES[order.time_in_force],
        "type": kind,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": SIDES[order.side],
        "positionSide": ONE_WAY,
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "selfTradePreventionMode": "NONE",
        "goodTillDate": 0,
        "priceProtect": False,
        "origType": kind,
        "time": order.created,
        "updateTime": order.updated,
    }


def algo_row(state: State, order: Order) -> Json:
    """Row of openAlgoOrders."""
    return {
        "algoId": number(state, order.sequence),
        "clientAlgoId": client_id(order),
        "algoType": "CONDITIONAL",
        "orderType": "STOP_MARKET" if order.price is None else "STOP",
        "symbol": order.symbol,
        "side": SIDES[order.side],
        "positionSide": ONE_WAY,
        "timeInForce": TIMES[order.time_in_force],
        "quantity": text(order.quantity),
        "algoStatus": "NEW",
        "actualOrderId": "",
        "actualPrice": "0.00000",
        "triggerPrice": text(order.trigger or ZERO),
        "price": text(order.price or ZERO),
        "workingType": "CONTRACT_PRICE",
        "closePosition": False,
        "priceProtect": False,
        "reduceOnly": order.reduce_only,
        "createTime": order.created,
        "updateTime": order.updated,
        "triggerTime": 0,
        "goodTillDate": 0,
    }


def trade_row(state: State, row: Execution, gain: Decimal) -> Json:
    """Row of userTrades; `gain` is the profit it realised."""
    order = state.orders.get(row.order_id)
    return {
        "symbol": row.symbol,
        "id": number(state, row.sequence),
        "orderId": number(state, order.sequence if order else row.sequence),
        "side": SIDES[row.side],
        "price": text(row.price),
        "qty": text(row.quantity),
        "realizedPnl": text(gain),
        "quoteQty": text(row.quantity * row.price),
        "commission": text(row.fee),
        "commissionAsset": SETTLE,
        "time": row.at,
        "positionSide": ONE_WAY,
        "buyer": row.side == "buy",
        "maker": row.maker,
    }


def income_rows(state: State, row: Execution, gain: Decimal) -> Iterator[Json]:
    """Rows of income that one execution makes."""
    if row.kind == "funding":
        yield _income(state, row, "FUNDING_FEE", -row.fee)
        return
    if row.kind == "transfer":
        yield {**_income(state, row, "TRANSFER", row.quantity if row.side == "buy" else -row.quantity), "symbol": ""}
        return
    if row.fee:
        yield _income(state, row, "COMMISSION", -row.fee)
    if row.kind == "settlement" or gain:
        yield _income(state, row, "DELIVERED_SETTELMENT" if row.kind == "settlement" else "REALIZED_PNL", gain)


def symbol_row(rules: Instrument) -> Json:
    """Row of exchangeInfo's symbols."""
    base, step, least = rules.symbol.removesuffix(SETTLE), text(rules.step), text(rules.min_quantity)
    most = text(rules.max_quantity if rules.max_quantity is not None else Decimal(1_000_000_000))
    return {
        **_SYMBOL,
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "deliveryDate": rules.delists_at or NO_DELIVERY,
        "status": "TRADING" if rules.active else "SETTLING",
        "baseAsset": base,
        "pricePrecision": _places(rules.tick),
        "quantityPrecision": _places(rules.step),
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": text(rules.tick), "maxPrice": "4529764", "tickSize": text(rules.tick)},
            {"filterType": "LOT_SIZE", "minQty": least, "maxQty": most, "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": least, "maxQty": most, "stepSize": step},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": text(rules.min_notional)},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
        ],
    }


_SYMBOL: Json = {
    "contractType": "PERPETUAL",
    "onboardDate": 1_569_398_400_000,
    "maintMarginPercent": "2.5000",
    "requiredMarginPercent": "5.0000",
    "quoteAsset": SETTLE,
    "marginAsset": SETTLE,
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "underlyingType": "COIN",
    "underlyingSubType": [],
    "triggerProtect": "0.0500",
    "liquidationFee": "0.012500",
    "marketTakeBound": "0.05",
    "orderTypes": ["LIMIT", "MARKET"],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
}


def _status(order: Order) -> str:
    if order.status == "open" and order.filled:
        return "PARTIALLY_FILLED"
    return "CANCELED" if order.cause == "owner" else _STATUSES[order.status]


def _forced(row: Execution) -> Order:
    """Return the order of an execution that nobody ordered."""
    return Order(
        order_id=row.exec_id,
        link=_FORCED[row.origin] + ("" if row.origin == "adl" else str(row.at)),
        symbol=row.symbol,
        side=row.side,
        quantity=row.quantity,
        price=None,
        reduce_only=True,
        seen_price=row.price,
        sequence=row.sequence,
        created=row.at,
        updated=row.at,
        status="filled",
        filled=row.quantity,
        value=row.quantity * row.price,
        fees=row.fee,
    )


def _income(state: State, row: Execution, kind: str, amount: Decimal) -> Json:
    return {
        "symbol": row.symbol,
        "incomeType": kind,
        "income": text(amount),
        "asset": SETTLE,
        "info": kind,
        "time": row.at,
        "tranId": number(state, row.sequence),
        "tradeId": "" if row.kind in {"funding", "transfer"} else str(number(state, row.sequence)),
    }


def _places(grain: Decimal) -> int:
    return max(0, -int(grain.normalize().as_tuple().exponent))
