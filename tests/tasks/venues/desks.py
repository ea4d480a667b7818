"""The venues that the conformance stories are told to."""

from tasks.venues.bybit import BybitVenue
from tasks.venues.simulated.http import Answer
from tests.tasks.venues.binance_desk import BINANCE
from tests.tasks.venues.dialect import Dialect
from tests.tasks.venues.market import paper

BYBIT = Dialect(
    name="bybit",
    open=paper,
    connect=lambda url, key, secret, now_ms: BybitVenue("x", base_url=url, api_key=key, secret=secret, now_ms=now_ms),
    key="paper",
    secret="paper-secret",
    paths={
        "submit": ("/v5/order/create",),
        "cancel": ("/v5/order/cancel",),
        "lookup": ("/v5/order/realtime", "/v5/order/history", "/v5/execution/list", "/v5/market/time"),
        "open orders": ("/v5/order/realtime",),
        "positions": ("/v5/position/list",),
        "account": ("/v5/account/wallet-balance",),
        "fills": ("/v5/execution/list", "/v5/account/transaction-log"),
        "instruments": ("/v5/market/instruments-info",),
        "prices": ("/v5/market/tickers",),
        "bars": ("/v5/market/kline",),
        "funding": ("/v5/market/funding/history",),
        "time": ("/v5/market/time",),
    },
    codes={
        "quantity": "10001",
        "symbol": "10001",
        "unlisted": "10001",
        "notional": "110094",
        "margin": "110007",
        "reduce": "110017",
        "halted": "110074",
        "leverage": "110013",
        "key": "10003",
        "signature": "10004",
        "trigger": "110093",
    },
    unproven=(10000, 10016, 170146, 424242),
    later=(10006, 110063, 170222),
    says=lambda code: b'{"retCode":%d,"retMsg":"?","result":{},"time":1}' % code,
    banned=Answer(403, b"access too frequent"),
)

DESKS = (BYBIT, BINANCE)
