"""What any venue behind the port must do, over adapter, ccxt, HTTP and engine."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import ConfigError, ExchangeRefused, ExchangeUnavailable
from core.exchange.money import equity, held
from core.execution.orders import (
    Accepted,
    Failed,
    Found,
    NotFound,
    NotSent,
    OrderRequest,
    Rejected,
    Unknown,
)
from core.market.timeframe import HOUR, utc
from tasks.venues.bybit import BybitVenue
from tests.tasks.venues.market import START, hours


def request(link="link-1", side="buy", quantity="1", symbol="AAAUSDT", **more):
    return OrderRequest(link, symbol, side, Decimal(quantity), more.get("reduce_only", False), more.get("price"))


MALFORMED = {
    "an HTML page": b"<html>blocked</html>",
    "an empty body": b"",
    "half a JSON": b'{"retCode":0,"result":{"li',
    "a null result": b'{"retCode":0,"retMsg":"OK","result":null,"time":1}',
    "an empty result": b'{"retCode":0,"retMsg":"OK","result":{},"time":1}',
    "a list": b"[]",
}


def spoil(desk, path, body):
    desk.server.tamper = lambda asked, honest: body if asked == path else honest


def test_a_market_order_goes_out_fills_and_is_found(desk):
    answer = desk.venue.submit(request())
    assert isinstance(answer, Accepted)
    found = desk.venue.lookup("link-1", "AAAUSDT")
    assert isinstance(found, Found)
    assert found.order.order_id == answer.order_id
    assert (found.order.status, found.order.filled, found.order.side) == ("filled", 1, "buy")
    (fill,) = desk.venue.fills_since(utc(START))
    assert (fill.link, fill.kind, fill.price, fill.venue) == ("link-1", "trade", Decimal("102.1"), "test")
    assert fill.fee == Decimal("0.056155")


def test_a_limit_order_is_open_until_the_price_comes(desk):
    desk.venue.submit(request(side="sell", price=Decimal(105)))
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "open"
    desk.exchange.advance_to(hours(6))
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "filled"
    (fill,) = desk.venue.fills_since(utc(START))
    assert (fill.price, fill.at) == (105, utc(hours(5)))


def test_a_link_sent_twice_makes_one_order_and_says_unknown_because_the_order_exists(desk):
    desk.venue.submit(request())
    again = desk.venue.submit(request())
    assert isinstance(again, Unknown)
    assert "110072" in again.reason
    assert len(desk.exchange.state.orders) == 1


def test_a_lookup_of_nothing_is_not_found_as_of_the_servers_time(desk):
    assert desk.venue.lookup("nobody", "AAAUSDT") == NotFound(utc(desk.exchange.now_ms))


@pytest.mark.parametrize("path", ["/v5/order/realtime", "/v5/order/history", "/v5/execution/list", "/v5/market/time"])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_lookup_that_cannot_read_every_place_fails_instead_of_finding_nothing(desk, path, body):
    spoil(desk, path, body if path != "/v5/market/time" else b"")
    assert isinstance(desk.venue.lookup("nobody", "AAAUSDT"), Failed)


def test_an_order_that_only_left_executions_is_found_by_them(desk):
    desk.venue.submit(request())
    empty = b'{"retCode":0,"retMsg":"OK","result":{"list":[],"nextPageCursor":""},"time":1}'
    desk.server.tamper = lambda path, honest: empty if path.startswith("/v5/order/") else honest
    found = desk.venue.lookup("link-1", "AAAUSDT")
    assert (found.order.status, found.order.filled) == ("filled", 1)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (request(quantity="0.001"), "10001"),
        (request(symbol="NOPEUSDT"), "10001"),
        (request(symbol="CCCUSDT"), "10001"),
        (request(quantity="0.01"), "110094"),
        (request(quantity="100000"), "110007"),
        (request(reduce_only=True), "110017"),
    ],
)
def test_a_refusal_that_proves_absence_is_rejected_with_its_code(desk, order, code):
    answer = desk.venue.submit(order)
    assert isinstance(answer, Rejected)
    assert answer.code == code
    assert isinstance(desk.venue.lookup(order.link, order.symbol), NotFound)


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_reply_to_an_order_is_unknown_and_the_order_is_found(desk, body):
    spoil(desk, "/v5/order/create", body)
    assert isinstance(desk.venue.submit(request()), Unknown)
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), Found)


@pytest.mark.parametrize("code", [10000, 10016, 170146, 424242])
def test_a_code_that_proves_nothing_is_unknown(desk, code):
    spoil(desk, "/v5/order/create", b'{"retCode":%d,"retMsg":"?","result":{},"time":1}' % code)
    assert isinstance(desk.venue.submit(request()), Unknown)


def test_a_connection_dropped_after_processing_is_unknown_and_the_order_is_found(desk):
    spoil(desk, "/v5/order/create", None)
    assert isinstance(desk.venue.submit(request()), Unknown)
    assert desk.venue.lookup("link-1", "AAAUSDT").order.filled == 1
    assert len(desk.exchange.state.orders) == 1


def test_a_refused_connection_proves_that_nothing_was_sent(desk):
    desk.venue.server_time()
    desk.server.__exit__()
    assert isinstance(desk.venue.submit(request()), NotSent)
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), Failed)
    with pytest.raises(ExchangeUnavailable):
        desk.venue.positions()


def test_positions_and_account_are_the_engines(desk):
    desk.venue.submit(request("a", "buy", "3"))
    desk.venue.submit(request("b", "sell", "2", "BBBUSDT"))
    desk.exchange.advance_to(hours(20))
    state = desk.exchange.state
    assert {p.symbol: p.quantity for p in desk.venue.positions()} == {"AAAUSDT": 3, "BBBUSDT": -2}
    for position in desk.venue.positions():
        assert position.quantity == held(state, position.symbol)
        assert position.entry_price == state.holdings[position.symbol].entry
    account = desk.venue.account()
    assert (account.wallet, account.equity) == (state.wallet, equity(state))
    assert account.as_of == utc(hours(20))


def test_a_closed_position_disappears(desk):
    desk.venue.submit(request("a"))
    desk.venue.submit(request("b", "sell", reduce_only=True))
    assert desk.venue.positions() == ()


READS = {
    "/v5/position/list": lambda venue: venue.positions(),
    "/v5/account/wallet-balance": lambda venue: venue.account(),
    "/v5/execution/list": lambda venue: venue.fills_since(utc(START)),
    "/v5/market/instruments-info": lambda venue: venue.instruments(),
    "/v5/market/tickers": lambda venue: venue.prices(),
    "/v5/market/kline": lambda venue: venue.bars("AAAUSDT", "1h", utc(START), utc(hours(2))),
    "/v5/market/funding/history": lambda venue: venue.funding("AAAUSDT", utc(START), utc(hours(2))),
    "/v5/market/time": lambda venue: venue.server_time(),
}


@pytest.mark.parametrize("body", [b for n, b in MALFORMED.items() if n != "an empty result"])
@pytest.mark.parametrize("path", READS)
def test_a_malformed_read_raises_instead_of_being_empty(desk, path, body):
    spoil(desk, path, body)
    with pytest.raises(ExchangeUnavailable, match=r"^[^\n]+$"):
        READS[path](desk.venue)


@pytest.mark.parametrize("path", [path for path in READS if path != "/v5/market/time"])
def test_a_read_without_a_list_raises_instead_of_being_empty(desk, path):
    spoil(desk, path, MALFORMED["an empty result"])
    with pytest.raises(ExchangeUnavailable, match="without a list"):
        READS[path](desk.venue)


def test_more_fills_than_a_page_are_all_there_once_and_oldest_first(desk):
    for number in range(115):
        desk.venue.submit(request(f"n{number}", "buy" if number % 2 else "sell"))
    fills = desk.venue.fills_since(utc(START))
    assert [fill.link for fill in fills] == [f"n{number}" for number in range(115)]


def test_fills_of_many_weeks_are_read_window_by_window(desk):
    desk.venue.submit(request("early"))
    desk.exchange.advance_to(hours(24 * 25))
    desk.venue.submit(request("late"))
    trades = [fill.link for fill in desk.venue.fills_since(utc(START)) if fill.kind == "trade"]
    assert trades == ["early", "late"]
    assert [fill.link for fill in desk.venue.fills_since(utc(hours(24 * 25)))] == ["late"]


def test_fills_further_back_than_bybit_remembers_are_not_promised(desk):
    with pytest.raises(ConfigError, match="two years"):
        desk.venue.fills_since(utc(START) - timedelta(days=800))


def test_a_truncated_history_of_fills_raises(desk):
    desk.venue.submit(request())
    body = b'{"retCode":0,"result":{"list":[{}],"nextPageCursor":"same"},"time":1}'
    spoil(desk, "/v5/execution/list", body)
    with pytest.raises(ExchangeUnavailable, match="pages are missing"):
        desk.venue.fills_since(utc(START))


def test_funding_is_a_fill_of_its_own_kind_and_never_moves_the_position(desk):
    desk.venue.submit(request("a", "buy", "2"))
    desk.exchange.advance_to(hours(9))
    kinds = [(fill.kind, fill.quantity) for fill in desk.venue.fills_since(utc(START))]
    assert kinds == [("trade", 2), ("funding", 2)]
    funding = desk.venue.fills_since(utc(hours(8)))[0]
    assert (funding.at, funding.link) == (utc(hours(8)), "")
    assert funding.fee == Decimal("0.0001") * 2 * 107  # the price before it moves to the next open
    assert desk.venue.positions()[0].quantity == 2


def test_an_unheard_of_execution_type_stops_the_reading(desk):
    desk.venue.submit(request())
    desk.server.tamper = lambda _, honest: honest.replace(b'"execType":"Trade"', b'"execType":"Surprise"')
    with pytest.raises(ExchangeUnavailable, match="Surprise"):
        desk.venue.fills_since(utc(START))


def test_an_unheard_of_order_status_fails_the_lookup(desk):
    desk.venue.submit(request())
    desk.server.tamper = lambda _, honest: honest.replace(b'"Filled"', b'"Pondering"')
    answer = desk.venue.lookup("link-1", "AAAUSDT")
    assert isinstance(answer, Failed)
    assert "Pondering" in answer.reason


def test_a_delisted_position_is_settled_and_shows_as_settlement(desk):
    desk.exchange.advance_to(hours(30))
    desk.venue.submit(request("a", "buy", "5", "CCCUSDT"))
    desk.exchange.advance_to(hours(48) + 1)
    assert "CCCUSDT" not in desk.venue.prices()
    halted = desk.venue.submit(request("b", "sell", "5", "CCCUSDT", reduce_only=True))
    assert (halted.code, len(desk.venue.positions())) == ("110074", 1)
    desk.exchange.advance_to(hours(73))
    assert desk.venue.positions() == ()
    settled = desk.venue.fills_since(utc(hours(48)))[-1]
    assert (settled.kind, settled.side, settled.quantity) == ("settlement", "sell", 5)


def test_the_leverage_can_be_set_and_setting_it_again_is_success(desk):
    desk.venue.configure("AAAUSDT", 3)
    desk.venue.configure("AAAUSDT", 3)
    assert desk.exchange.state.leverage["AAAUSDT"] == 3
    with pytest.raises(ExchangeRefused, match="110013"):
        desk.venue.configure("AAAUSDT", 50)


@pytest.mark.parametrize(("key", "secret"), [("paper", "wrong-secret-word"), ("wrong-key-word", "paper-secret")])
def test_wrong_keys_are_refused_for_good_without_showing_them(desk, key, secret):
    stranger = BybitVenue("x", base_url=desk.server.url, api_key=key, secret=secret, now_ms=lambda: desk.exchange.now_ms)
    with pytest.raises(ExchangeRefused) as error:
        stranger.positions()
    answer = stranger.submit(request())
    assert answer.code in {"10003", "10004"}
    for word in ("wrong-secret-word", "wrong-key-word", "paper-secret"):
        assert word not in f"{error.value} {answer} {stranger!r}"


def test_an_order_signed_before_the_receive_window_is_dead(desk):
    late = BybitVenue(
        "x", base_url=desk.server.url, api_key="paper", secret="paper-secret", now_ms=lambda: desk.exchange.now_ms - 5_001
    )
    assert late.submit(request()).code == "10002"
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), NotFound)


def test_a_venue_without_keys_reads_the_market_and_is_refused_the_account(desk):
    public = BybitVenue("x", base_url=desk.server.url)
    assert public.prices()["BBBUSDT"] == 50.0
    with pytest.raises(ExchangeRefused):
        public.account()


def test_instruments_are_those_listed_now(desk):
    assert [i.symbol for i in desk.venue.instruments()] == ["AAAUSDT", "BBBUSDT"]
    desk.exchange.advance_to(hours(30))
    first, *_, last = desk.venue.instruments()
    assert (first.tick, first.step, first.min_notional, first.funding_minutes) == (Decimal("0.1"), Decimal("0.01"), 5, 480)
    assert (last.symbol, first.venue) == ("CCCUSDT", "test")


def test_prices_move_with_the_clock(desk):
    assert desk.venue.prices() == {"AAAUSDT": 102.0, "BBBUSDT": 50.0}
    desk.exchange.advance_to(hours(10) + HOUR // 2)
    assert desk.venue.prices()["AAAUSDT"] == 110.0
