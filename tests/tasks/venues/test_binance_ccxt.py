"""ccxt's own Binance client, not our adapter, trades at the simulated Binance and understands every reply."""

from decimal import Decimal

import ccxt
import pytest

from core.execution.orders import OrderRequest
from core.market.timeframe import MINUTE
from tests.tasks.venues.binance_desk import KEY, SECRET, account
from tests.tasks.venues.market import START, hours

SYMBOL = "AAA/USDT:USDT"


@pytest.fixture
def desk():
    with account() as opened:
        opened.exchange.advance_to(hours(2) + 30 * MINUTE)
        yield opened


@pytest.fixture
def plain(desk):
    """The stock client, told only where to go and what time it is."""
    client = ccxt.binanceusdm({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False, "options": {"recvWindow": 5000}})
    sides = {f"fapi{side}{v}": f"{desk.server.url}/fapi/{p}" for side in ("Public", "Private") for v, p in VERSIONS.items()}
    client.urls["api"] = {**client.urls["api"], **sides}
    client.has["fetchCurrencies"] = False
    client.milliseconds = lambda: desk.exchange.now_ms
    client.load_markets()
    return client


VERSIONS = {"": "v1", "V2": "v2", "V3": "v3"}


def test_markets_have_their_grains(plain):
    market = plain.market(SYMBOL)
    assert (market["id"], market["settle"], market["linear"], market["swap"]) == ("AAAUSDT", "USDT", True, True)
    assert market["active"]
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.01)
    assert (market["limits"]["amount"]["min"], market["limits"]["cost"]["min"]) == (0.01, 5.0)


def test_time_prices_candles_and_funding_are_read(desk, plain):
    desk.exchange.advance_to(hours(20))
    assert plain.fetch_time() == hours(20)
    assert plain.fetch_last_prices()["BBB/USDT:USDT"]["price"] == float(desk.exchange.state.prices["BBBUSDT"])
    candles = plain.fetch_ohlcv(SYMBOL, "1h", since=START, limit=3)
    assert [row[0] for row in candles] == [hours(0), hours(1), hours(2)]
    assert candles[1][1:] == [101.0, 103.0, 100.0, 102.0, 7.0]
    rates = plain.fetch_funding_rate_history(SYMBOL, since=START)
    assert [(rate["timestamp"], rate["fundingRate"]) for rate in rates] == [(hours(8), 0.0001), (hours(16), 0.0001)]


def test_an_order_is_placed_found_listed_and_cancelled(plain):
    placed = plain.create_order(SYMBOL, "limit", "sell", 2, 900, {"clientOrderId": "mine"})
    assert (placed["clientOrderId"], placed["status"], placed["amount"], placed["price"]) == ("mine", "open", 2.0, 900.0)
    found = plain.fetch_order(None, SYMBOL, {"origClientOrderId": "mine"})
    assert (found["id"], found["type"], found["side"], found["timeInForce"]) == (placed["id"], "limit", "sell", "GTC")
    assert [row["id"] for row in plain.fetch_open_orders(SYMBOL)] == [placed["id"]]
    assert plain.cancel_order(placed["id"], SYMBOL)["status"] == "canceled"
    assert [row["status"] for row in plain.fetch_orders(SYMBOL)] == ["canceled"]
    with pytest.raises(ccxt.OrderNotFound):
        plain.cancel_order(placed["id"], SYMBOL)


def test_a_fill_shows_in_the_order_the_trades_and_the_position(desk, plain):
    placed = plain.create_order(SYMBOL, "market", "buy", 2)
    order = plain.fetch_order(placed["id"], SYMBOL)
    (trade,) = plain.fetch_my_trades(SYMBOL)
    last = float(desk.exchange.state.executions[-1].price)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 2.0, last)
    assert (trade["order"], trade["amount"], trade["price"], trade["takerOrMaker"]) == (placed["id"], 2.0, last, "taker")
    assert trade["fee"] == {"cost": float(desk.exchange.state.fees), "currency": "USDT"}
    risks = {row["symbol"]: plain.parse_position_risk(row) for row in plain.fapiPrivateV2GetPositionRisk()}
    assert (risks["AAAUSDT"]["side"], risks["AAAUSDT"]["contracts"], risks["AAAUSDT"]["entryPrice"]) == ("long", 2.0, last)
    assert (risks["BBBUSDT"]["side"], risks["BBBUSDT"]["contracts"]) == (None, 0.0)
    assert plain.create_order(SYMBOL, "market", "sell", 2, None, {"reduceOnly": True})["reduceOnly"] is True


def test_the_balance_and_the_income_are_read(desk, plain):
    plain.create_order(SYMBOL, "market", "buy", 2)
    desk.exchange.advance_to(hours(9))
    balance = plain.fetch_balance({"useV2": True})
    assert balance["USDT"]["total"] == pytest.approx(float(balance["info"]["totalMarginBalance"]))
    assert balance["USDT"]["used"] > 0
    (paid,) = plain.fetch_funding_history(SYMBOL)
    assert (paid["timestamp"], paid["amount"], paid["code"]) == (hours(8), -float(desk.exchange.state.funding), "USDT")


def test_refusals_are_errors_whose_class_depends_on_the_address_and_says_nothing(plain):
    refused = {"-2019": ("market", "buy", 100_000), "-4164": ("limit", "buy", 0.01, 90)}
    for said, order in refused.items():
        with pytest.raises(ccxt.ExchangeError, match=said) as error:
            plain.create_order(SYMBOL, *order)
        assert not isinstance(error.value, ccxt.InsufficientFunds | ccxt.InvalidOrder)


def test_leverage_is_set(desk, plain):
    assert plain.set_leverage(4, SYMBOL)["leverage"] == 4
    assert desk.exchange.state.leverage["AAAUSDT"] == 4
    with pytest.raises(ccxt.ExchangeError):
        plain.set_leverage(50, SYMBOL)


def test_our_adapter_and_the_stock_client_see_the_same_account(desk, plain):
    desk.venue.submit(OrderRequest("tw-1", "AAAUSDT", "buy", Decimal(3), reduce_only=False))
    theirs = plain.fetch_order(None, SYMBOL, {"origClientOrderId": "tw-1"})
    ours = desk.venue.lookup("tw-1", "AAAUSDT").order
    assert (theirs["id"], theirs["filled"]) == (ours.order_id, float(ours.filled))
