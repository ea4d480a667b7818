"""The front itself: defaults, cursors, the open candle, and what it declines."""

import pytest
import requests

from core.execution.orders import OrderRequest, Rejected
from core.market.timeframe import HOUR
from tasks.venues.client import Declined
from tests.tasks.venues.market import START, hours


def call(desk, method, path, **body):
    name = "_".join((f"private_{method}_v5", *path.replace("-", "/").split("/")))
    return getattr(desk.venue._session.private, name)({"category": "linear", **body})["result"]


def market(desk, path, **query):
    return requests.get(f"{desk.server.url}/v5/market/{path}", params={"category": "linear", **query}, timeout=5).json()


def place(desk, count):
    for number in range(count):
        body = {"symbol": "AAAUSDT", "side": "Sell", "orderType": "Limit", "qty": "1", "price": "900"}
        call(desk, "post", "order/create", **body, orderLinkId=f"n{number}")


def test_open_orders_come_twenty_to_a_page_newest_first_with_a_cursor(desk):
    place(desk, 31)
    first = call(desk, "get", "order/realtime", symbol="AAAUSDT")
    second = call(desk, "get", "order/realtime", symbol="AAAUSDT", cursor=first["nextPageCursor"])
    links = [row["orderLinkId"] for row in first["list"] + second["list"]]
    assert links == [f"n{number}" for number in range(30, -1, -1)]
    assert (len(first["list"]), second["nextPageCursor"]) == (20, "")


def test_a_page_does_not_slide_when_an_order_arrives_between_two_pages(desk):
    place(desk, 25)
    first = call(desk, "get", "order/realtime", symbol="AAAUSDT")
    call(desk, "post", "order/create", symbol="AAAUSDT", side="Sell", orderType="Limit", qty="1", price="900")
    second = call(desk, "get", "order/realtime", symbol="AAAUSDT", cursor=first["nextPageCursor"])
    assert [row["orderLinkId"] for row in second["list"]] == [f"n{number}" for number in range(4, -1, -1)]


def test_a_cancelled_order_moves_from_open_to_history(desk):
    place(desk, 1)
    call(desk, "post", "order/cancel", symbol="AAAUSDT", orderLinkId="n0")
    assert call(desk, "get", "order/realtime", symbol="AAAUSDT")["list"] == []
    assert call(desk, "get", "order/history")["list"][0]["orderStatus"] == "Cancelled"
    with pytest.raises(Declined, match="110001"):
        call(desk, "post", "order/cancel", symbol="AAAUSDT", orderLinkId="n0")


@pytest.mark.parametrize(
    "more",
    [
        {"stopLoss": "90"},
        {"stopLoss": "80", "tpslMode": "Partial"},
        {"takeProfit": "120", "tpOrderType": "Limit"},
        {"triggerPrice": "90"},
        {"triggerPrice": "90", "triggerDirection": 2, "triggerBy": "MarkPrice"},
        {"timeInForce": "Tomorrow"},
        {"orderIv": "1"},
        {"positionIdx": 1},
        {"qty": 1},
        {"qty": "NaN"},
        {"side": "buy"},
        {"category": "spot"},
    ],
)
def test_what_is_not_simulated_or_malformed_is_declined_and_never_ignored(desk, more):
    body = {"symbol": "AAAUSDT", "side": "Buy", "orderType": "Limit", "qty": "1", "price": "90"}
    with pytest.raises(Declined, match="10001"):
        call(desk, "post", "order/create", **{**body, **more})
    assert dict(desk.exchange.state.orders) == {}


def test_the_candle_that_contains_now_shows_what_has_happened_and_nothing_more(desk):
    newest, *older = market(desk, "kline", symbol="AAAUSDT", interval="60")["result"]["list"]
    assert newest == [str(hours(2)), "102.0", "102.0", "102.0", "102.0", "0.0", "0.0"]
    assert [row[0] for row in older] == [str(hours(1)), str(hours(0))]
    desk.exchange.advance_to(hours(2) + HOUR // 4)
    newest, *_ = market(desk, "kline", symbol="AAAUSDT", interval="60")["result"]["list"]
    assert newest == [str(hours(2)), "102.0", "102.0", "101.0", "101.0", "1.75", "176.75"]


def test_candles_default_to_two_hundred_and_never_exceed_a_thousand(desk):
    desk.exchange.advance_to(hours(110))
    assert len(market(desk, "kline", symbol="AAAUSDT", interval="60", limit=5)["result"]["list"]) == 5
    from_start = market(desk, "kline", symbol="AAAUSDT", interval="60", start=START, limit=3)["result"]["list"]
    assert [row[0] for row in from_start] == [str(hours(n)) for n in (2, 1, 0)]


def test_funding_from_a_start_without_an_end_is_an_error(desk):
    assert market(desk, "funding/history", symbol="AAAUSDT", startTime=START)["retCode"] == 10001


def test_executions_span_at_most_seven_days(desk):
    with pytest.raises(Declined, match="7 days"):
        call(desk, "get", "execution/list", startTime=START, endTime=hours(24 * 8))


def test_the_position_mode_is_one_way_already(desk):
    with pytest.raises(Declined, match="110025"):
        call(desk, "post", "position/switch-mode", symbol="AAAUSDT", mode=0)
    call(desk, "post", "position/switch-mode", symbol="AAAUSDT", mode=3)
    with pytest.raises(Declined, match="position idx not match"):
        place(desk, 1)


def test_a_ticker_tells_the_last_rate_and_the_next_settlement(desk):
    desk.exchange.advance_to(hours(9))
    (row,) = market(desk, "tickers", symbol="AAAUSDT")["result"]["list"]
    assert (row["fundingRate"], row["nextFundingTime"], row["prevPrice1h"]) == ("0.0001", str(hours(16)), "108.0")


def test_an_unknown_path_is_404_and_leaves_the_connection_usable(desk):
    with requests.Session() as session:
        assert session.get(f"{desk.server.url}/v5/nothing", timeout=5).status_code == 404
        assert session.get(f"{desk.server.url}/v5/market/time", timeout=5).json()["retCode"] == 0


def test_an_order_without_a_symbol_the_account_knows_is_rejected(desk):
    answer = desk.venue.submit(OrderRequest("x", "", "buy", 1, reduce_only=False))
    assert isinstance(answer, Rejected)
