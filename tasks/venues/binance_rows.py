"""Binance's rows as our records. A row that lacks a field, or says something unheard of, raises instead of being guessed at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.errors import ExchangeRefused
from core.execution.orders import Account, Fill, FillKind, OrderRequest, OrderStatus, Position, TimeInForce, VenueOrder
from core.market.instrument import Instrument
from core.types import Side
from tasks.venues.reading import moment, money

Row = Mapping[str, Any]

SETTLE = "USDT"
ONE_WAY = "BOTH"
EIGHT_HOURS = 480
NO_DELIVERY = 4_133_404_800_000
"""deliveryDate of a perpetual that nobody means to delist: Christmas 2100."""

SIDES: dict[Side, str] = {"buy": "BUY", "sell": "SELL"}
TIMES: dict[TimeInForce, str] = {"gtc": "GTC", "ioc": "IOC", "fok": "FOK", "post-only": "GTX"}

_SIDES: dict[str, Side] = {word: side for side, word in SIDES.items()}
_STATUSES: dict[str, OrderStatus] = {
    "NEW": "open",
    "PARTIALLY_FILLED": "open",
    "FILLED": "filled",
    "CANCELED": "cancelled",
    "EXPIRED": "cancelled",
    "EXPIRED_IN_MATCH": "cancelled",
    "REJECTED": "rejected",
}

FORCED: dict[str, FillKind] = {
    "autoclose-": "liquidation",
    "adl_autoclose": "liquidation",
    "settlement_autoclose-": "settlement",
    "delivery_autoclose-": "settlement",
}
"""How clientOrderId begins when the order is not anybody's, and what its trades are."""

TRADE: FillKind = "trade"

FUNDING, COMMISSION = "FUNDING_FEE", "COMMISSION"
OF_TRADES = frozenset({COMMISSION, "REALIZED_PNL", "DELIVERED_SETTELMENT"})
"""Income that userTrades tell of too (the last is Binance's spelling)."""

MOVED = frozenset(
    {
        *("TRANSFER", "INTERNAL_TRANSFER", "CROSS_COLLATERAL_TRANSFER", "STRATEGY_UMFUTURES_TRANSFER", "AUTO_EXCHANGE"),
        *("COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "WELCOME_BONUS", "CONTEST_REWARD", "BFUSD_REWARD", "FEE_RETURN"),
        *("REFERRAL_KICKBACK", "COMMISSION_REBATE", "API_REBATE", "INSURANCE_CLEAR", "POSITION_LIMIT_INCREASE_FEE"),
        *("OPTIONS_PREMIUM_FEE", "OPTIONS_SETTLE_PROFIT"),
    }
)
"""Income that moves money without a trade or a position's funding."""


@dataclass(frozen=True, slots=True)
class Income:
    """What changed the wallet: `amount` of `coin`, positive came in; symbol and trade are empty when it has none."""

    kind: str
    symbol: str
    coin: str
    amount: Decimal
    number: int
    trade: str
    at: datetime

    @property
    def exec_id(self) -> str:
        """Name it: its number is unique within one kind only."""
        return f"{self.kind}-{self.number}"


def is_usdt_perpetual(row: Row) -> bool:
    """Whether an instrument is one we trade: a crypto perpetual settled in USDT, trading now."""
    wanted = {"contractType": "PERPETUAL", "quoteAsset": SETTLE, "marginAsset": SETTLE, "status": "TRADING"}
    return all(row.get(key) == value for key, value in wanted.items())


def is_ours(symbol: str) -> bool:
    """Whether a symbol's money is the account's USDT; ``BTCUSDT_260327`` is, ``BTCUSDC`` is not."""
    return symbol.partition("_")[0].endswith(SETTLE)


def instrument(name: str, row: Row, funding_hours: Mapping[str, int]) -> Instrument:
    """Row of exchangeInfo; `funding_hours` names the symbols whose interval is not the usual eight."""
    filters = {item["filterType"]: item for item in row["filters"]}
    lot, delivery = filters["LOT_SIZE"], int(row["deliveryDate"])
    return Instrument(
        venue=name,
        symbol=row["symbol"],
        tick=money(filters["PRICE_FILTER"]["tickSize"]),
        step=money(lot["stepSize"]),
        min_quantity=money(lot["minQty"]),
        min_notional=money(filters["MIN_NOTIONAL"]["notional"]),
        funding_minutes=funding_hours[row["symbol"]] * 60 if row["symbol"] in funding_hours else EIGHT_HOURS,
        max_quantity=money(filters["MARKET_LOT_SIZE"]["maxQty"]),
        delists_at=delivery if delivery < NO_DELIVERY else 0,
    )


def funding_hours(_name: str, row: Row) -> tuple[str, int]:
    """Row of fundingInfo: a symbol and the hours between its settlements."""
    return row["symbol"], int(row["fundingIntervalHours"])


def price(_name: str, row: Row) -> tuple[str, float]:
    """Row of ticker/price."""
    return row["symbol"], float(row["price"] or "nan")


def order(_name: str, row: Row) -> VenueOrder:
    """Row of order, openOrders or allOrders."""
    return VenueOrder(
        link=row["clientOrderId"],
        order_id=str(int(row["orderId"])),
        symbol=row["symbol"],
        side=_SIDES[row["side"]],
        quantity=money(row["origQty"]),
        filled=money(row["executedQty"]),
        status=_STATUSES[row["status"]],
        reduce_only=row["reduceOnly"],
    )


def sleeping(_name: str, row: Row) -> VenueOrder:
    """Row of openAlgoOrders: a conditional order, which lives apart from the others until it is triggered."""
    return VenueOrder(
        link=row["clientAlgoId"],
        order_id=f"algo-{int(row['algoId'])}",
        symbol=row["symbol"],
        side=_SIDES[row["side"]],
        quantity=money(row["quantity"] or 0),
        filled=Decimal(0),
        status="open",
        reduce_only=row["reduceOnly"],
    )


def trade(name: str, row: Row, link: str) -> Fill:
    """Row of userTrades, whose order is called `link`; a fee taken in another coin leaves our USDT as it was."""
    kind = next((kind for start, kind in FORCED.items() if link.startswith(start)), TRADE)
    return Fill(
        venue=name,
        symbol=row["symbol"],
        exec_id=str(int(row["id"])),
        link=link if kind == "trade" else "",
        side=_SIDES[row["side"]],
        quantity=money(row["qty"]),
        price=money(row["price"]),
        fee=money(row["commission"]) if row["commissionAsset"] == SETTLE else Decimal(0),
        kind=kind,
        at=moment(row["time"]),
    )


def income(_name: str, row: Row) -> Income:
    """Row of income; a type that nobody has heard of is a KeyError."""
    if row["incomeType"] not in OF_TRADES | MOVED | {FUNDING}:
        raise KeyError(row["incomeType"])
    return Income(
        kind=row["incomeType"],
        symbol=row["symbol"],
        coin=row["asset"],
        amount=money(row["income"]),
        number=int(row["tranId"]),
        trade=str(row.get("tradeId") or ""),
        at=moment(row["time"]),
    )


def funded(name: str, paid: Income, held: Decimal) -> Fill:
    """Return a funding payment on a position of `held`; Binance tells neither its size nor the price it was settled at."""
    return Fill(
        venue=name,
        symbol=paid.symbol,
        exec_id=paid.exec_id,
        link="",
        side="buy" if held >= 0 else "sell",
        quantity=abs(held),
        price=Decimal(0),
        fee=-paid.amount,
        kind="funding",
        at=paid.at,
    )


def moved(name: str, gift: Income) -> Fill:
    """Return money that came or went by itself."""
    return Fill(
        venue=name,
        symbol=SETTLE,
        exec_id=gift.exec_id,
        link="",
        side="buy" if gift.amount >= 0 else "sell",
        quantity=abs(gift.amount),
        price=Decimal(1),
        fee=Decimal(0),
        kind="transfer",
        at=gift.at,
    )


def position(name: str, row: Row) -> Position:
    """Row of positionRisk, which lists flat ones too."""
    if row["positionSide"] != ONE_WAY:
        raise ExchangeRefused(f"{name}: {row['symbol']} is in hedge mode; switch the account to one-way mode")
    return Position(
        symbol=row["symbol"],
        quantity=money(row["positionAmt"]),
        entry_price=money(row["entryPrice"]),
        mark_price=money(row["markPrice"]),
        unrealised=money(row["unRealizedProfit"]),
        leverage=money(row["leverage"]),
    )


def changed(_name: str, row: Row) -> tuple[str, int]:
    """Row of positionRisk: a symbol and when (ms) its position was last touched; too coarse to be a sequence."""
    return row["symbol"], int(row["updateTime"])


def account(name: str, row: Row, as_of: datetime) -> Account:
    """Reply of account, whose totals are of USDT only as long as no other coin may be margin."""
    if row["multiAssetsMargin"] is not False:
        raise ExchangeRefused(f"{name}: the account is in multi-assets mode; switch it to single-asset mode")
    return Account(
        equity=money(row["totalMarginBalance"]),
        wallet=money(row["totalWalletBalance"]),
        as_of=as_of,
        initial_margin=money(row["totalInitialMargin"]),
        maintenance_margin=money(row["totalMaintMargin"]),
    )


def order_body(request: OrderRequest) -> dict[str, Any]:
    """Body of a new order; numbers travel as strings."""
    body: dict[str, Any] = {
        "symbol": request.symbol,
        "side": SIDES[request.side],
        "positionSide": ONE_WAY,
        "type": "MARKET" if request.price is None else "LIMIT",
        "quantity": format(request.quantity, "f"),
        "reduceOnly": "true" if request.reduce_only else "false",
        "newClientOrderId": request.link,
        "newOrderRespType": "ACK",
    }
    if request.price is not None:
        body |= {"price": format(request.price, "f"), "timeInForce": TIMES[request.time_in_force]}
    return body
