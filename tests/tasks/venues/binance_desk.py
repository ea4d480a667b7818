"""Binance as the conformance stories see it: the real adapter and ccxt over HTTP on the simulated exchange."""

from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from core.exchange.state import Terms, open_account
from tasks.venues.binance import BinanceVenue
from tasks.venues.binance_server import BinanceServer
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.http import Answer
from tasks.venues.simulated.world import PanelWorld
from tests.tasks.venues.dialect import Dialect
from tests.tasks.venues.market import instruments, panel

KEY, SECRET = "key-of-tests", "secret-of-tests"


@dataclass(frozen=True)
class Account:
    venue: BinanceVenue
    exchange: SimulatedExchange
    server: BinanceServer


def connect(url, key, secret, now_ms):
    return BinanceVenue("test", base_url=url, api_key=key, secret=secret, now_ms=now_ms)


@contextmanager
def account(book=None, *, world=None, terms=None, balance=10_000, limit=None):
    """An open account on virtual time, at Binance's front; with a book it is not kept, since paper trading is Bybit's."""
    market = world or PanelWorld(panel(), instruments())
    exchange = SimulatedExchange(market, open_account("test", Decimal(balance), terms or Terms()))
    with BinanceServer(exchange, {KEY: SECRET}, limit=limit) as server:
        yield Account(connect(server.url, KEY, SECRET, lambda: exchange.now_ms), exchange, server)


def says(code):
    return Answer(400, b'{"code":%d,"msg":"?"}' % code)


BINANCE = Dialect(
    name="binance",
    open=account,
    connect=connect,
    key=KEY,
    secret=SECRET,
    paths={
        "submit": ("/fapi/v1/order",),
        "cancel": ("/fapi/v1/order",),
        "lookup": ("/fapi/v1/order", "/fapi/v1/openOrder", "/fapi/v1/allOrders", "/fapi/v1/time"),
        "open orders": ("/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"),
        "positions": ("/fapi/v2/positionRisk",),
        "account": ("/fapi/v2/account", "/fapi/v1/time"),
        "fills": ("/fapi/v1/income", "/fapi/v2/positionRisk", "/fapi/v1/userTrades", "/fapi/v1/allOrders", "/fapi/v1/time"),
        "instruments": ("/fapi/v1/exchangeInfo", "/fapi/v1/fundingInfo"),
        "prices": ("/fapi/v2/ticker/price",),
        "bars": ("/fapi/v1/klines", "/fapi/v1/time"),
        "funding": ("/fapi/v1/fundingRate",),
        "time": ("/fapi/v1/time",),
    },
    codes={
        "quantity": "-1111",
        "symbol": "-1121",
        "unlisted": "-1121",
        "notional": "-4164",
        "margin": "-2019",
        "reduce": "-2022",
        "halted": "-4141",
        "leverage": "-4028",
        "key": "-2015",
        "signature": "-1022",
        "trigger": "unsupported",
    },
    unproven=(-1000, -1001, -1006, -1007, -4116, -424242),
    later=(-1003, -1008, -1015, -1021, -5028),
    says=says,
    banned=Answer(418, b'{"code":-1003,"msg":"Way too many requests; IP banned until 1735700000000."}'),
)
