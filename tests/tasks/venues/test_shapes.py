"""The simulated Bybit's objects have the keys and JSON types of recorded ones, where the recordings are at hand."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from core.execution.orders import OrderRequest
from tests.tasks.venues.market import START, hours

RECORDED = Path(__file__).parents[4] / "shared" / "fixtures" / "bybit" / "nautilus_bybit"

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"the recorded replies at {RECORDED} are not on this machine")


def recorded(name):
    return json.loads((RECORDED / f"http_get_{name}.json").read_text())


@pytest.fixture
def busy(desk):
    """An account with a fill, an open order and a position, and the raw replies to signed reads."""
    desk.venue.submit(OrderRequest("filled", "AAAUSDT", "buy", Decimal(1), reduce_only=False))
    desk.venue.submit(OrderRequest("open", "AAAUSDT", "sell", Decimal(1), reduce_only=False, price=Decimal(900)))
    return desk


def reply(desk, path, **query):
    private = desk.venue._session.private
    name = "_".join(("private_get_v5", *path.replace("-", "/").split("/")))
    return getattr(private, name)({"category": "linear", **query})


def public(desk, path, **query):
    return requests.get(f"{desk.server.url}/v5/market/{path}", params={"category": "linear", **query}, timeout=5).json()


def kind(value):
    return "text" if value is None or isinstance(value, str) else type(value).__name__


def shapes(row):
    """Keys with their JSON types, nested ones dotted; null stands where Bybit has no text to give."""
    flat = {}
    for key, value in row.items():
        if isinstance(value, dict):
            flat.update({f"{key}.{inner}": what for inner, what in shapes(value).items()})
        elif not isinstance(value, list):
            flat[key] = kind(value)
    return flat


def differences(ours, theirs):
    mine = shapes(ours)
    return {key: (what, mine.get(key)) for key, what in shapes(theirs).items() if mine.get(key) != what}


def test_the_envelope_is_bybits(busy):
    ours, theirs = public(busy, "time"), recorded("klines_linear")
    assert (
        differences({k: v for k, v in ours.items() if k != "result"}, {k: v for k, v in theirs.items() if k != "result"}) == {}
    )


def test_orders_look_like_bybits(busy):
    (ours,) = reply(busy, "order/realtime", symbol="AAAUSDT")["result"]["list"]
    assert differences(ours, recorded("orders_realtime")["result"]["list"][0]) == {}
    (closed,) = reply(busy, "order/history", symbol="AAAUSDT")["result"]["list"]
    assert differences(closed, recorded("orders_history")["result"]["list"][0]) == {}


def test_executions_look_like_bybits(busy):
    (ours,) = reply(busy, "execution/list")["result"]["list"]
    assert differences(ours, recorded("executions")["result"]["list"][0]) == {}


def test_positions_held_and_flat_look_like_bybits(busy):
    (held,) = reply(busy, "position/list", settleCoin="USDT")["result"]["list"]
    (flat,) = reply(busy, "position/list", symbol="BBBUSDT")["result"]["list"]
    assert differences(held, recorded("positions")["result"]["list"][0]) == {}
    assert differences(flat, recorded("positions")["result"]["list"][2]) == {}


def test_the_wallet_looks_like_bybits(busy):
    (ours,) = reply(busy, "account/wallet-balance", accountType="UNIFIED")["result"]["list"]
    theirs = recorded("wallet_balance")["result"]["list"][0]
    assert differences(ours, theirs) == {}
    assert differences(ours["coin"][0], theirs["coin"][0]) == {}


def test_instruments_look_like_bybits(busy):
    ours = public(busy, "instruments-info")["result"]
    assert differences(ours["list"][0], recorded("instruments_linear")["result"]["list"][0]) == {}


def test_candles_and_funding_look_like_bybits(busy):
    busy.exchange.advance_to(hours(10))
    candles = public(busy, "kline", symbol="AAAUSDT", interval="60", start=START, end=hours(9))["result"]
    theirs = recorded("klines_linear")["result"]
    assert differences(candles, theirs) == {}
    assert [kind(cell) for cell in candles["list"][0]] == [kind(cell) for cell in theirs["list"][0]]
    rates = public(busy, "funding/history", symbol="AAAUSDT")["result"]["list"]
    assert differences(rates[0], recorded("funding_history")["result"]["list"][0]) == {}


def test_the_adapter_reads_recorded_replies(busy):
    names = {"position/list": "positions", "execution/list": "executions", "market/instruments-info": "instruments_linear"}
    bodies = {f"/v5/{path}": json.dumps(recorded(name)).encode() for path, name in names.items()}
    busy.server.tamper = bodies.get
    assert [position.quantity for position in busy.venue.positions()] == [Decimal("0.5"), Decimal(-5)]
    assert [rules.symbol for rules in busy.venue.instruments()] == ["BTCUSDT", "ETHUSDT"]
