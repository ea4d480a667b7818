"""Bybit's own words: its envelope, its retCodes, its windows."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core.errors import ExchangeUnavailable
from core.exchange.events import (
    Deleveraged,
    LiquidityOffered,
    MoneyMoved,
    OrderRejected,
    PositionModeSet,
    TradingBarred,
    VenueRestarted,
)
from core.execution.orders import Accepted, Cancelled, Failed, Found, NotSent, OrderRequest, Rejected, Unknown
from core.market.timeframe import utc
from tasks.venues import bybit_rows as rows
from tasks.venues.bybit import BybitVenue
from tasks.venues.simulated.http import Answer
from tests.tasks.venues.market import START, hours

BUY = OrderRequest("link-1", "AAAUSDT", "buy", Decimal(1), reduce_only=False)
MALFORMED = {
    "a null result": b'{"retCode":0,"retMsg":"OK","result":null,"time":1}',
    "an empty result": b'{"retCode":0,"retMsg":"OK","result":{},"time":1}',
    "a list": b"[]",
}
LISTS = {
    "/v5/order/realtime": lambda venue: venue.open_orders(),
    "/v5/position/list": lambda venue: venue.positions(),
    "/v5/account/wallet-balance": lambda venue: venue.account(),
    "/v5/execution/list": lambda venue: venue.fills_since(utc(START)),
    "/v5/account/transaction-log": lambda venue: venue.fills_since(utc(START)),
    "/v5/market/instruments-info": lambda venue: venue.instruments(),
    "/v5/market/tickers": lambda venue: venue.prices(),
    "/v5/market/kline": lambda venue: venue.bars("AAAUSDT", "1h", utc(START), utc(hours(2))),
    "/v5/market/funding/history": lambda venue: venue.funding("AAAUSDT", utc(START), utc(hours(2))),
}


def spoil(desk, path, body):
    desk.server.tamper = lambda asked, honest: body if asked == path else honest


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_reply_without_its_list_raises_instead_of_being_empty(desk, path, body):
    spoil(desk, path, body)
    with pytest.raises(ExchangeUnavailable, match=r"^[^\n]+$"):
        LISTS[path](desk.venue)


@pytest.mark.parametrize("path", ["/v5/order/realtime", "/v5/order/history", "/v5/execution/list"])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_lookup_without_its_lists_fails(desk, path, body):
    spoil(desk, path, body)
    assert isinstance(desk.venue.lookup("nobody", "AAAUSDT"), Failed)


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_an_acknowledgement_without_an_order_id_is_unknown(desk, body):
    spoil(desk, "/v5/order/create", body)
    assert isinstance(desk.venue.submit(BUY), Unknown)
    spoil(desk, "/v5/order/cancel", body)
    assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Unknown)


def test_a_link_used_once_is_taken_for_ever(desk):
    desk.venue.submit(BUY)
    again = desk.venue.submit(BUY)
    assert isinstance(again, Unknown)
    assert "110072" in again.reason


def test_an_order_that_only_left_executions_is_found_by_them(desk):
    desk.venue.submit(BUY)
    empty = b'{"retCode":0,"retMsg":"OK","result":{"list":[],"nextPageCursor":""},"time":1}'
    desk.server.tamper = lambda path, honest: empty if path.startswith("/v5/order/") else honest
    found = desk.venue.lookup("link-1", "AAAUSDT")
    assert isinstance(found, Found)
    assert (found.order.status, found.order.filled) == ("filled", 1)


def test_a_truncated_history_of_fills_raises(desk):
    desk.venue.submit(BUY)
    spoil(desk, "/v5/execution/list", b'{"retCode":0,"result":{"list":[{}],"nextPageCursor":"same"},"time":1}')
    with pytest.raises(ExchangeUnavailable, match="pages are missing"):
        desk.venue.fills_since(utc(START))


def test_an_unheard_of_execution_type_stops_the_reading(desk):
    desk.venue.submit(BUY)
    desk.server.tamper = lambda _, honest: honest.replace(b'"execType":"Trade"', b'"execType":"Surprise"')
    with pytest.raises(ExchangeUnavailable, match="Surprise"):
        desk.venue.fills_since(utc(START))


def test_an_unheard_of_order_status_fails_the_lookup(desk):
    desk.venue.submit(BUY)
    desk.server.tamper = lambda _, honest: honest.replace(b'"Filled"', b'"Pondering"')
    answer = desk.venue.lookup("link-1", "AAAUSDT")
    assert isinstance(answer, Failed)
    assert "Pondering" in answer.reason


def test_a_grain_that_the_venue_changed_meanwhile_is_a_rejection(desk):
    answer = desk.venue.submit(replace(BUY, quantity=Decimal("1.005")))
    assert isinstance(answer, Rejected)
    assert answer.code == "10001"


def test_a_sleeping_order_is_open_and_wakes_when_the_price_comes(desk):
    desk.venue.submit(replace(BUY, trigger=Decimal(105), link="stop"))
    assert [(row.link, row.status) for row in desk.venue.open_orders()] == [("stop", "open")]
    desk.exchange.advance_to(hours(6))
    assert desk.venue.lookup("stop", "AAAUSDT").order.status == "filled"


def test_a_trigger_that_the_price_has_passed_is_a_rejection(desk):
    passed = replace(BUY, trigger=Decimal(90), trigger_rises=True)
    assert desk.venue.submit(passed).code == "110092"


def test_a_sleeping_order_that_is_cancelled_is_finished(desk):
    desk.venue.submit(replace(BUY, trigger=Decimal(105)))
    assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Cancelled)
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "cancelled"


def test_a_stop_and_a_target_go_with_the_entry_and_their_fill_has_no_link(desk):
    desk.venue.submit(replace(BUY, stop_loss=Decimal(95), take_profit=Decimal(104)))
    assert [(row.link, row.side, row.reduce_only) for row in desk.venue.open_orders()] == 2 * [("", "sell", True)]
    desk.exchange.advance_to(hours(4))
    assert desk.venue.positions() == ()
    assert desk.venue.open_orders() == ()
    entry, out = desk.venue.fills_since(utc(START))
    assert (entry.link, out.link, out.side, out.kind) == ("link-1", "", "sell", "trade")


def test_a_post_only_order_that_would_take_is_accepted_and_then_cancelled(desk):
    answer = desk.venue.submit(replace(BUY, price=Decimal(103), time_in_force="post-only"))
    assert isinstance(answer, Accepted)
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "cancelled"


def test_an_order_ended_by_the_venue_keeps_its_fills(desk):
    desk.exchange.apply(LiquidityOffered("AAAUSDT", Decimal("0.4")))
    accepted = desk.venue.submit(replace(BUY, price=Decimal(103)))
    desk.exchange.apply(OrderRejected(accepted.order_id))
    found = desk.venue.lookup("link-1", "AAAUSDT").order
    assert (found.status, found.filled) == ("rejected", Decimal("0.4"))


def test_auto_deleveraging_is_a_liquidation_too(desk):
    desk.venue.submit(BUY)
    desk.exchange.apply(Deleveraged("AAAUSDT", Decimal("0.3")))
    kinds = [(fill.kind, fill.quantity) for fill in desk.venue.fills_since(utc(START))]
    assert kinds == [("trade", 1), ("liquidation", Decimal("0.3"))]


def test_an_account_in_hedge_mode_is_refused(desk):
    desk.exchange.apply(PositionModeSet(hedge=True))
    assert desk.venue.submit(BUY).code == "10001"


def test_after_a_restart_of_the_venue_a_closed_order_is_found_in_history(desk):
    desk.venue.submit(BUY)
    desk.exchange.apply(VenueRestarted())
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "filled"


def test_a_symbol_in_settlement_may_be_tried_again(desk):
    desk.exchange.apply(TradingBarred("AAAUSDT", "settling"))
    assert isinstance(desk.venue.submit(BUY), NotSent)


def test_two_bookings_under_one_name_stop_the_reading(desk):
    desk.exchange.apply(MoneyMoved(Decimal(5)))
    desk.exchange.apply(MoneyMoved(Decimal(7)))
    (name, _) = [row.exec_id.encode() for row in desk.exchange.state.executions]
    desk.server.tamper = lambda _, honest: honest.replace(name[:-1] + b"2", name)
    with pytest.raises(ExchangeUnavailable, match="two different bookings"):
        desk.venue.fills_since(utc(START))


def test_money_from_a_bonus_or_a_spot_trade_counts_as_a_transfer():
    row = {"id": "x", "currency": "USDT", "change": "-3.5", "transactionTime": "1700000000000"}
    spot = rows.transfer("v", {**row, "type": "TRADE", "category": "spot"})
    bonus = rows.transfer("v", {**row, "type": "BONUS", "category": "", "change": "2"})
    assert (spot.side, spot.quantity, bonus.side, bonus.quantity) == ("sell", Decimal("3.5"), "buy", 2)
    assert rows.transfer("v", {**row, "type": "TRADE", "category": "linear"}) is None
    assert rows.transfer("v", {**row, "type": "TRANSFER_IN", "category": "", "currency": "BTC"}) is None


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ("live", "https://api.bybit.com"),
        ("demo", "https://api-demo.bybit.com"),
        ("testnet", "https://api-testnet.bybit.com"),
    ],
)
def test_each_environment_is_a_place_of_its_own(environment, url):
    session = BybitVenue("x", environment=environment)._session
    for client, path in ((session.public, "v5/market/time"), (session.private, "v5/order/create")):
        api = "private" if "order" in path else "public"
        assert client.implode_hostname(client.urls["api"][api]) == url
        assert client.enableRateLimit


def test_one_venue_keeps_one_connection_for_all_its_reads(desk):
    opened = []
    honest = desk.server._http.process_request
    desk.server._http.process_request = lambda *a: opened.append(a) or honest(*a)
    for _ in range(5):
        desk.venue.prices()
        desk.venue.account()
    assert len(opened) <= 2


@pytest.mark.parametrize(
    ("status", "answer"), [(429, NotSent), (403, NotSent), (401, Rejected), (500, Unknown), (503, Unknown)]
)
def test_an_http_status_says_what_it_proves(desk, status, answer):
    spoil(desk, "/v5/order/create", Answer(status, b"no"))
    assert isinstance(desk.venue.submit(BUY), answer)
