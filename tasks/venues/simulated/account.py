"""Bybit's account endpoints over a simulated exchange: executions, the wallet, the transaction log, fees and permissions."""

from collections.abc import Iterator, Sequence

from core.exchange.state import Execution
from tasks.venues.simulated.account_rows import wallet_row
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.log_rows import LOG_TYPES, log_row, log_type
from tasks.venues.simulated.rows import execution_row, execution_type
from tasks.venues.simulated.wire import BPS, Json, Params, by_id, linear, named, one_of, page, text, window

EXECUTION_ROWS = (50, 100)
LOG_ROWS = (20, 50)


def executions(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/execution/list: everything executed in a window of at most seven days, newest first."""
    linear(params)
    state, kind = exchange.seen("executions"), params.get("execType")
    start, end = (0, exchange.now_ms) if by_id(params) else window(params, exchange.now_ms)
    found = [row for row in _booked(state.executions, start, end, params) if kind in (None, execution_type(row))]
    rows, cursor = page(found, params, lambda row: row.sequence, limits=EXECUTION_ROWS)
    shown = [execution_row(row, state.orders.get(row.order_id)) for row in rows]
    return {"category": "linear", "list": shown, "nextPageCursor": cursor}


def wallet_balance(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/account/wallet-balance of the unified account."""
    one_of(params, "accountType", {"UNIFIED": None})
    return {"list": [wallet_row(exchange.seen("wallet"))]}


def transaction_log(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/account/transaction-log: everything that moved the wallet in a window of at most seven days, newest first."""
    one_of({"accountType": "UNIFIED", **params}, "accountType", {"UNIFIED": None})
    one_of({"currency": "USDT", **params}, "currency", {"USDT": None})
    kind = one_of({"type": "", **params}, "type", {name: name for name in ("", *LOG_TYPES)})
    start, end = window(params, exchange.now_ms)
    rows = reversed(exchange.seen("log").executions)
    found = [row for row in rows if start <= row.at <= end and kind in ("", log_type(row))]
    shown, cursor = page(found, params, lambda row: row.sequence, limits=LOG_ROWS)
    return {"list": [log_row(row) for row in shown], "nextPageCursor": cursor}


def fee_rate(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/account/fee-rate: of one symbol, or of all."""
    linear(params)
    state, symbol = exchange.state, params.get("symbol")
    fees = {"takerFeeRate": text(state.terms.taker_bps / BPS), "makerFeeRate": text(state.terms.maker_bps / BPS)}
    return {"list": [{"symbol": name, "baseCoin": "", **fees} for name in sorted(state.instruments) if symbol in (None, name)]}


def account_info(exchange: SimulatedExchange, _params: Params) -> Json:
    """GET /v5/account/info: a unified account under cross margin."""
    return {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": str(exchange.state.opened),
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def api_key(_exchange: SimulatedExchange, _params: Params) -> Json:
    """GET /v5/user/query-api: a key that may trade contracts and nothing else."""
    return dict(_API_KEY)


_NOT_ALLOWED = (
    *("Spot", "Wallet", "Options", "CopyTrading", "BlockTrade", "Exchange", "NFT", "Affiliate", "Earn", "FiatP2P"),
    *("FiatBybitPay", "FiatBitPay", "FiatGlobalPay", "FiatConvertBroker", "BitCard", "ByXPost"),
)
_API_KEY: Json = {
    "id": "1",
    "note": "simulated",
    "apiKey": "",
    "readOnly": 0,
    "secret": "",
    "permissions": {
        "ContractTrade": ["Order", "Position"],
        "Derivatives": ["DerivativesTrade"],
        **{k: [] for k in _NOT_ALLOWED},
    },
    "ips": ["*"],
    "type": 1,
    "deadlineDay": 365,
    "expiredAt": "2100-01-01T00:00:00Z",
    "createdAt": "2000-01-01T00:00:00Z",
    "unified": 0,
    "uta": 1,
    "userID": 1,
    "inviterID": 0,
    "vipLevel": "No VIP",
    "mktMakerLevel": "0",
    "affiliateID": 0,
    "rsaPublicKey": "",
    "isMaster": True,
    "parentUid": "0",
    "kycLevel": "LEVEL_DEFAULT",
    "kycRegion": "",
    "userIDInt64": "1",
    "inviterIDInt64": "0",
    "affiliateIDInt64": "0",
}


def _booked(rows: Sequence[Execution], start: int, end: int, params: Params) -> Iterator[Execution]:
    """Return what was executed, not what was transferred."""
    return (row for row in reversed(rows) if start <= row.at <= end and row.kind != "transfer" and named(params, row))
