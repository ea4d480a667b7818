"""Every reply of the simulated Bybit has the keys and JSON types of recorded ones, where the recordings are at hand.

Where a recording has a key, ours has it with the same JSON type; null stands where Bybit has no text to give. Ours may have
more.
"""

import json
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from core.exchange.events import MoneyMoved
from core.execution.orders import OrderRequest
from core.market.timeframe import HOUR
from tasks.venues.bybit_server import PRIVATE, PUBLIC
from tasks.venues.simulated.world import PanelWorld
from tests.tasks.venues.market import START, hours, instruments, panel, paper

RECORDED = Path(__file__).parents[4] / "shared" / "fixtures" / "bybit"

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"the recorded replies at {RECORDED} are not on this machine")

SYMBOL = {"symbol": "AAAUSDT"}
ORDER = {**SYMBOL, "side": "Sell", "orderType": "Limit", "qty": "1", "price": "900"}
CASES = {
    ("GET", "/v5/market/instruments-info"): ({}, ["net/ExchangeData.GetLinearInverseSymbols", "http_get_instruments_linear"]),
    ("GET", "/v5/market/tickers"): ({}, ["net/ExchangeData.GetLinearInverseTickers"]),
    ("GET", "/v5/market/kline"): ({**SYMBOL, "interval": "60"}, ["net/ExchangeData.GetKlines", "http_get_klines_linear"]),
    ("GET", "/v5/market/funding/history"): (SYMBOL, ["net/ExchangeData.GetFundingRateHistory", "http_get_funding_history"]),
    ("GET", "/v5/market/risk-limit"): (SYMBOL, ["net/ExchangeData.GetRiskLimit"]),
    ("GET", "/v5/system/status"): ({}, ["net/ExchangeData.GetSystemStatus"]),
    ("GET", "/v5/announcements/index"): ({}, ["net/ExchangeData.GetAnnouncements"]),
    ("POST", "/v5/order/create"): (ORDER, ["net/Trading.PlaceOrder"]),
    ("POST", "/v5/order/cancel"): ({**SYMBOL, "orderLinkId": "open"}, ["net/Trading.CancelOrder"]),
    ("POST", "/v5/order/cancel-all"): (SYMBOL, ["net/Trading.CancelAllOrder"]),
    ("GET", "/v5/order/realtime"): (
        SYMBOL,
        ["net/Trading.GetOrders", "http_get_orders_realtime", "http_get_orders_realtime_tp_sl"],
    ),
    ("GET", "/v5/order/history"): (SYMBOL, ["net/Trading.GetOrderHistory", "http_get_orders_history"]),
    ("GET", "/v5/execution/list"): ({}, ["net/Trading.GetUserTrades", "http_get_executions"]),
    ("GET", "/v5/position/list"): (SYMBOL, ["net/Trading.GetPositions", "http_get_positions"]),
    ("POST", "/v5/position/set-leverage"): ({**SYMBOL, "buyLeverage": "3", "sellLeverage": "3"}, ["net/Account.SetLeverage"]),
    ("POST", "/v5/position/switch-mode"): (None, ["net/Account.SwitchPositionMode"]),
    ("POST", "/v5/position/trading-stop"): ({**SYMBOL, "stopLoss": "50"}, ["net/Trading.SetTradingStop"]),
    ("GET", "/v5/account/wallet-balance"): ({"accountType": "UNIFIED"}, ["net/Account.GetBalances", "http_get_wallet_balance"]),
    ("GET", "/v5/account/transaction-log"): ({}, ["net/Account.GetTransactionHistory"]),
    ("GET", "/v5/account/fee-rate"): (SYMBOL, ["net/Account.GetFeeRate", "http_get_fee_rate"]),
    ("GET", "/v5/account/info"): ({}, ["net/Account.GetMarginAccountInfo", "http_get_account_info"]),
    ("GET", "/v5/user/query-api"): ({}, ["net/Account.GetApiKeyInfo", "http_get_user_query_api"]),
}
"""Endpoint -> what is asked, and the recordings of it."""

NO_SAMPLE = {("GET", "/v5/market/time")}
"""Endpoints of which nothing is recorded."""

OTHERWISE = {".result.list[].mmrSysUpdateTime"}
"""Keys that one recording spells differently from Bybit's pages and from the other recordings."""


def recorded(name):
    if name.startswith("net/"):
        return json.loads((RECORDED / "bybit_net_v5" / f"{name[4:]}.json").read_text())["response"]
    return json.loads((RECORDED / "nautilus_bybit" / f"{name}.json").read_text())


@contextmanager
def busy():
    """An account with fills, open orders, a position with a stop, a transfer, and a symbol about to be delisted."""
    rules = [replace(each, delists_at=hours(100)) for each in instruments()]
    with paper(world=PanelWorld(panel(), rules)) as desk:
        desk.exchange.advance_to(hours(2))
        desk.exchange.apply(MoneyMoved(Decimal(5)))
        entry = OrderRequest("filled", "AAAUSDT", "buy", Decimal(1), reduce_only=False, stop_loss=Decimal(60))
        desk.venue.submit(entry)
        desk.venue.submit(OrderRequest("open", "AAAUSDT", "sell", Decimal(1), reduce_only=False, price=Decimal(900)))
        desk.exchange.advance_to(hours(9))
        yield desk


def reply(desk, method, path, asked):
    private = desk.venue._session.private
    words = path.strip("/").replace("-", "/").split("/")
    endpoint = getattr(private, "_".join(("public" if (method, path) in PUBLIC else "private", method.lower(), *words)))
    return endpoint({"category": "linear", **asked})


def kind(value):
    if value is None or isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def differences(ours, theirs, where=""):
    """Keys of theirs that ours lacks or has with another type, dotted; of lists the first entries are compared."""
    if kind(ours) != kind(theirs):
        return {where: (kind(theirs), kind(ours))}
    if isinstance(theirs, dict):
        missing = {name: "missing" for key in theirs.keys() - ours.keys() if (name := f"{where}.{key}") not in OTHERWISE}
        inner = [differences(ours[key], theirs[key], f"{where}.{key}") for key in theirs.keys() & ours.keys()]
        return missing | {key: what for found in inner for key, what in found.items()}
    if isinstance(theirs, list) and theirs and isinstance(theirs[0], dict | list):
        return differences(ours[0], theirs[0], f"{where}[]") if ours else {where: "empty"}
    return {}


def test_every_endpoint_has_a_recording_or_is_known_to_have_none():
    assert CASES.keys() | NO_SAMPLE == PUBLIC.keys() | PRIVATE.keys()
    assert not CASES.keys() & NO_SAMPLE


@pytest.mark.parametrize("endpoint", CASES, ids=lambda endpoint: endpoint[1])
def test_a_reply_looks_like_bybits(endpoint):
    asked, names = CASES[endpoint]
    with busy() as desk:
        if asked is None:  # "not modified" is a refusal: hedge mode can be asked for while nothing is held
            desk.venue._session.private.private_post_v5_order_cancel_all({"category": "linear", **SYMBOL})
            desk.venue.submit(OrderRequest("out", "AAAUSDT", "sell", Decimal(1), reduce_only=True))
            asked = {**SYMBOL, "mode": 3}
        ours = reply(desk, *endpoint, asked)
    assert {name: found for name in names if (found := differences(ours, recorded(name)))} == {}


def test_a_flat_position_looks_like_bybits():
    with busy() as desk:
        (flat,) = reply(desk, "GET", "/v5/position/list", {"symbol": "BBBUSDT"})["result"]["list"]
    assert differences(flat, recorded("http_get_positions")["result"]["list"][2]) == {}


def test_the_clock_tells_the_time_in_bybits_three_ways():
    with busy() as desk:
        ours = reply(desk, "GET", "/v5/market/time", {})
    assert ours["time"] == START + 9 * HOUR
    assert ours["result"] == {"timeSecond": str(ours["time"] // 1000), "timeNano": str(ours["time"] * 1_000_000)}


def test_the_adapter_reads_recorded_replies():
    names = {"position/list": "positions", "execution/list": "executions", "market/instruments-info": "instruments_linear"}
    bodies = {f"/v5/{path}": json.dumps(recorded(f"http_get_{name}")).encode() for path, name in names.items()}
    with busy() as desk:
        desk.server.tamper = bodies.get
        assert [position.quantity for position in desk.venue.positions()] == [Decimal("0.5"), Decimal(-5)]
        assert [rules.symbol for rules in desk.venue.instruments()] == ["BTCUSDT", "ETHUSDT"]
