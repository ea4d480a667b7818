"""Bybit's rows as our records. A row that lacks a field, or says something unheard of, raises instead of being guessed at."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from core.errors import ExchangeRefused
from core.exchange.money import signed
from core.execution.orders import (
    Account,
    Fill,
    FillKind,
    OrderStatus,
    Position,
    VenueOrder,
)
from core.market.instrument import Instrument
from core.types import Side
from tasks.venues.reading import Row, moment, money

SETTLE = "USDT"
TRADFI = frozenset({"stock", "forex", "commodity"})

_SIDES: dict[str, Side] = {"Buy": "buy", "Sell": "sell"}
_STATUSES: dict[str, OrderStatus] = {
    "New": "open",
    "PartiallyFilled": "open",
    "Untriggered": "open",
    "Triggered": "open",
    "Filled": "filled",
    "Cancelled": "cancelled",
    "PartiallyFilledCanceled": "cancelled",
    "Deactivated": "cancelled",
    "Rejected": "rejected",
}
_KINDS: dict[str, FillKind] = {
    "Trade": "trade",
    "Funding": "funding",
    "BustTrade": "liquidation",
    "AdlTrade": "liquidation",
    "Settle": "settlement",
    "Delivery": "settlement",
}
_EXECUTED = frozenset({"TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL"})
"""Types of the transaction log that executions of perpetuals tell of too."""


def is_usdt_perpetual(row: Row) -> bool:
    """Whether an instrument is one we trade: a crypto perpetual settled in USDT, trading now."""
    return bool(
        row.get("contractType") == "LinearPerpetual"
        and row.get("settleCoin") == SETTLE
        and row.get("status") == "Trading"
        and row.get("symbolType", "") not in TRADFI
    )


def instrument(name: str, row: Row) -> Instrument:
    """Row of instruments-info."""
    lot = row["lotSizeFilter"]
    largest = lot.get("maxMktOrderQty") or lot.get("maxOrderQty")
    return Instrument(
        venue=name,
        symbol=row["symbol"],
        tick=money(row["priceFilter"]["tickSize"]),
        step=money(lot["qtyStep"]),
        min_quantity=money(lot["minOrderQty"]),
        min_notional=money(lot["minNotionalValue"]),
        funding_minutes=int(row["fundingInterval"]),
        max_quantity=money(largest) if largest else None,
        delists_at=int(row.get("deliveryTime") or 0),
    )


def order(_name: str, row: Row) -> VenueOrder:
    """Row of order/realtime or order/history."""
    return VenueOrder(
        link=row["orderLinkId"],
        order_id=row["orderId"],
        symbol=row["symbol"],
        side=_SIDES[row["side"]],
        quantity=money(row["qty"]),
        filled=money(row["cumExecQty"]),
        status=_STATUSES[row["orderStatus"]],
        reduce_only=bool(row.get("reduceOnly", False)),
    )


def executed(_name: str, row: Row) -> VenueOrder:
    """Row of execution/list, as the order it filled a part of; open as long as something of it seems to be."""
    leaves = money(row["leavesQty"])
    return VenueOrder(
        link=row["orderLinkId"],
        order_id=row["orderId"],
        symbol=row["symbol"],
        side=_SIDES[row["side"]],
        quantity=money(row["orderQty"]),
        filled=money(row["execQty"]),
        status="open" if leaves else "filled",
    )


def order_from(parts: Sequence[VenueOrder]) -> VenueOrder:
    """Describe an order of which only executions are left, newest first."""
    return replace(parts[0], filled=sum((part.filled for part in parts), Decimal(0)))


def fill(name: str, row: Row) -> Fill:
    """Row of execution/list; an execType we do not know is a KeyError."""
    return Fill(
        venue=name,
        symbol=row["symbol"],
        exec_id=row["execId"],
        link=row["orderLinkId"],
        side=_SIDES[row["side"]],
        quantity=money(row["execQty"]),
        price=money(row["execPrice"]),
        fee=money(row["execFee"]),
        kind=_KINDS[row["execType"]],
        at=moment(row["execTime"]),
    )


def position(name: str, row: Row) -> Position:
    """Row of position/list; a flat one has no side."""
    if int(row["positionIdx"]) != 0:
        raise ExchangeRefused(f"{name}: {row['symbol']} is in hedge mode; switch the account to one-way mode")
    size = money(row["size"])
    return Position(
        symbol=row["symbol"],
        quantity=signed(_SIDES[row["side"]], size) if size else size,
        entry_price=money(row["avgPrice"] or 0),
        mark_price=money(row["markPrice"] or 0),
        unrealised=money(row["unrealisedPnl"] or 0),
        leverage=money(row.get("leverage") or 0),
        sequence=int(row.get("seq") or 0),
    )


def account(name: str, row: Row, as_of: datetime) -> Account:
    """Row of wallet-balance: the USDT of it, nothing else is ours to trade with."""
    coins = [coin for coin in row["coin"] if coin["coin"] == SETTLE]
    if not coins:
        raise ExchangeRefused(f"{name}: the account holds no {SETTLE}; deposit some")
    coin = coins[0]
    return Account(
        equity=money(coin["equity"]),
        wallet=money(coin["walletBalance"]),
        as_of=as_of,
        initial_margin=money(coin.get("totalPositionIM") or 0) + money(coin.get("totalOrderIM") or 0),
        maintenance_margin=money(coin.get("totalPositionMM") or 0),
    )


def transfer(name: str, row: Row) -> Fill | None:
    """Row of the transaction log that moved USDT without an execution of a perpetual: a transfer, a bonus; None for others."""
    told = row["type"] in _EXECUTED and row["category"] == "linear"
    change = money(row["change"] or 0)
    if told or not change or row["currency"] != SETTLE:
        return None
    return Fill(
        venue=name,
        symbol=SETTLE,
        exec_id=row["id"],
        link="",
        side="buy" if change > 0 else "sell",
        quantity=abs(change),
        price=Decimal(1),
        fee=Decimal(0),
        kind="transfer",
        at=moment(row["transactionTime"]),
    )
