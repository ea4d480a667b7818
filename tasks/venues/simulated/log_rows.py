"""Rows of Bybit's transaction log: everything that moved the wallet."""

from core.exchange.money import signed
from core.exchange.state import ZERO, Execution
from core.execution.orders import FillKind
from tasks.venues.simulated.rows import SIDES
from tasks.venues.simulated.wire import Json, text

_TYPES: dict[FillKind, str] = {
    "trade": "TRADE",
    "funding": "SETTLEMENT",
    "liquidation": "LIQUIDATION",
    "settlement": "DELIVERY",
}
LOG_TYPES = (*_TYPES.values(), "ADL", "TRANSFER_IN", "TRANSFER_OUT")


def log_type(row: Execution) -> str:
    """Bybit's word for why the wallet moved."""
    if row.kind == "transfer":
        return "TRANSFER_IN" if row.side == "buy" else "TRANSFER_OUT"
    return "ADL" if row.origin == "adl" else _TYPES[row.kind]


def log_row(row: Execution) -> Json:
    """Row of /v5/account/transaction-log. What a closing trade realised is not kept with it, so its cash flow is left empty."""
    moved = signed(row.side, row.quantity) if row.kind == "transfer" else ZERO
    cash = {} if row.closed else {"cashFlow": text(moved), "change": text(moved - row.fee)}
    is_funding, is_transfer = row.kind == "funding", row.kind == "transfer"
    return {
        "id": row.exec_id,
        "symbol": "" if is_transfer else row.symbol,
        "category": "" if is_transfer else "linear",
        "side": "None" if is_transfer else SIDES[row.side],
        "transactionTime": str(row.at),
        "type": log_type(row),
        "transSubType": "",
        "qty": "0" if is_transfer else text(row.quantity),
        "size": "0",
        "currency": "USDT",
        "tradePrice": "0" if is_transfer else text(row.price),
        "funding": text(-row.fee) if is_funding else "",
        "fee": "0" if is_funding else text(row.fee),
        "cashFlow": "",
        "change": "",
        "cashBalance": "",
        "feeRate": text(row.rate),
        "bonusChange": "",
        "tradeId": "" if is_transfer else row.exec_id,
        "orderId": row.order_id,
        "orderLinkId": row.link,
        "extraFees": "",
        **cash,
    }
