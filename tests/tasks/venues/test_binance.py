"""Binance's own words: no envelope, error codes with HTTP errors, ids that are unique among open orders only."""

import json
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
import requests

from core.errors import ConfigError, ExchangeRefused, ExchangeUnavailable
from core.exchange.events import Deleveraged, LiquidityOffered, MoneyMoved, OrderSubmitted, PositionModeSet, PricesMoved
from core.execution.intents import FENCE_MARGIN, RECEIVE_WINDOW
from core.execution.orders import Accepted, Failed, Found, Gone, NotFound, NotSent, OrderRequest, Rejected, Unknown
from core.market.timeframe import DAY, HOUR, MINUTE, utc
from tasks.venues import binance_codes as codes
from tasks.venues.binance import BinanceVenue
from tasks.venues.client import RECV_WINDOW_MS
from tasks.venues.simulated.binance_limits import WeightLimit
from tasks.venues.simulated.http import Answer
from tests.tasks.venues.binance_desk import KEY, SECRET, account, connect
from tests.tasks.venues.market import START, hours

BUY = OrderRequest("link-1", "AAAUSDT", "buy", Decimal(1), reduce_only=False)
RESTING = replace(BUY, side="sell", price=Decimal(900))
LISTS = {
    "/fapi/v1/openOrders": lambda venue: venue.open_orders(),
    "/fapi/v1/openAlgoOrders": lambda venue: venue.open_orders(),
    "/fapi/v2/positionRisk": lambda venue: venue.positions(),
    "/fapi/v1/income": lambda venue: venue.fills_since(utc(START)),
    "/fapi/v1/userTrades": lambda venue: venue.fills_since(utc(START)),
    "/fapi/v1/allOrders": lambda venue: venue.fills_since(utc(START)),
    "/fapi/v1/fundingInfo": lambda venue: venue.instruments(),
    "/fapi/v2/ticker/price": lambda venue: venue.prices(),
    "/fapi/v1/fundingRate": lambda venue: venue.funding("AAAUSDT", utc(START), utc(hours(2))),
    "/fapi/v1/klines": lambda venue: venue.bars("AAAUSDT", "1h", utc(START), utc(hours(2))),
}
OBJECTS = {
    "/fapi/v2/account": lambda venue: venue.account(),
    "/fapi/v1/exchangeInfo": lambda venue: venue.instruments(),
    "/fapi/v1/time": lambda venue: venue.server_time(),
}


@pytest.fixture
def desk():
    """An account half an hour after two, on virtual time."""
    with account() as opened:
        opened.exchange.advance_to(hours(2) + 30 * MINUTE)
        yield opened


def spoil(desk, path, body):
    desk.server.tamper = lambda asked, honest: body if asked == path else honest


def change(desk, path, alter):
    """Answer a path with its honest reply, altered."""

    def tamper(asked, honest):
        reply = json.loads(honest) if asked == path else None
        return json.dumps(alter(reply) or reply).encode() if asked == path else honest

    desk.server.tamper = tamper


def trades_of(desk):
    return [fill for fill in desk.venue.fills_since(utc(START)) if fill.kind != "funding"]


# what Binance has no envelope for


def test_a_reply_that_is_not_a_list_of_its_rows_raises_instead_of_being_empty(desk):
    desk.venue.submit(BUY)
    for path, body in product(LISTS, (b"{}", b'{"symbols":[]}', b"[1]", b'["a"]', b"[{}]")):
        spoil(desk, path, body)
        with pytest.raises(ExchangeUnavailable, match=r"^[^\n]+$"):
            LISTS[path](desk.venue)


def test_a_reply_that_is_not_the_object_it_should_be_raises(desk):
    for path, body in product(OBJECTS, (b"[]", b"{}", b'{"msg":"ok"}', b'{"symbols":[]}')):
        spoil(desk, path, body)
        with pytest.raises(ExchangeUnavailable, match=r"^[^\n]+$"):
            OBJECTS[path](desk.venue)


def test_an_empty_list_of_all_symbols_is_not_believed(desk):
    for path in ("/fapi/v2/positionRisk", "/fapi/v2/ticker/price"):
        spoil(desk, path, b"[]")
        with pytest.raises(ExchangeUnavailable, match="all symbols"):
            LISTS[path](desk.venue)


def test_an_acknowledgement_of_something_else_is_unknown(desk):
    for body in (b"[]", b"{}", b'{"code":200,"msg":"success"}', b'{"orderId":7,"clientOrderId":"another"}'):
        spoil(desk, "/fapi/v1/order", body)
        assert isinstance(desk.venue.submit(BUY), Unknown)
        assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Unknown)


def test_a_lookup_that_is_shown_another_order_fails(desk):
    desk.venue.submit(BUY)
    change(desk, "/fapi/v1/order", lambda row: row.update(clientOrderId="another"))
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), Failed)


# codes


def test_a_code_that_proves_absence_rejects(desk):
    for code in codes.NOT_PLACED:
        spoil(desk, "/fapi/v1/order", Answer(400, b'{"code":%d,"msg":"no"}' % code))
        assert desk.venue.submit(BUY) == Rejected(str(code), f"{code} no")


def test_no_code_is_in_two_minds():
    unsure = codes.UNANSWERED - codes.NOT_PLACED_LATER
    groups = [codes.NOT_PLACED, codes.NOT_PLACED_LATER, codes.EXISTS, codes.UNCHANGED, unsure]
    assert sum(map(len, groups)) == len(frozenset().union(*groups))


def test_an_http_error_that_proves_nothing_is_unknown(desk):
    bodies = (b"", b"<html>", b"{}", b'{"code":-1007,"msg":"Timeout waiting for response"}')
    for status, body in product((400, 404, 408, 500, 502, 503, 504), bodies):
        spoil(desk, "/fapi/v1/order", Answer(status, body))
        assert isinstance(desk.venue.submit(BUY), Unknown)


@pytest.mark.parametrize("status", [403, 418, 429])
def test_being_turned_away_says_that_the_order_was_not_looked_at(desk, status):
    spoil(desk, "/fapi/v1/order", Answer(status, b"slow down"))
    assert isinstance(desk.venue.submit(BUY), NotSent)
    assert desk.venue.tally().banned_until is not None


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [(429, {"Retry-After": "7"}, 7_000), (429, {}, MINUTE), (418, {"retry-after": "3600"}, HOUR), (418, {}, 10 * MINUTE)],
)
def test_silence_is_kept_as_long_as_binance_asks(desk, status, headers, pause):
    spoil(desk, "/fapi/v2/account", Answer(status, b'{"code":-1003,"msg":"Too many requests"}', headers))
    with pytest.raises(ExchangeUnavailable):
        desk.venue.account()
    assert desk.venue.tally().banned_until == utc(desk.exchange.now_ms + pause)
    desk.server.tamper = None
    desk.exchange.advance_to(desk.exchange.now_ms + pause)
    assert desk.venue.account().equity == 10_000


def test_who_asks_too_much_is_turned_away_until_the_minute_is_over_and_keeps_quiet():
    with account(limit=WeightLimit(20)) as desk:
        desk.exchange.advance_to(hours(2) + 30_000)
        with pytest.raises(ExchangeUnavailable, match="-1003"):
            desk.venue.open_orders()
        assert isinstance(desk.venue.submit(BUY), NotSent)
        assert desk.venue.tally().banned_until == utc(hours(2) + MINUTE)
        assert desk.venue.tally().total == 1
        desk.exchange.advance_to(hours(2) + MINUTE)
        assert isinstance(desk.venue.submit(BUY), Accepted)


def test_who_goes_on_asking_is_banned():
    with account(limit=WeightLimit(3)) as desk:
        desk.exchange.advance_to(hours(2))
        replies = [requests.get(f"{desk.server.url}/fapi/v1/time", timeout=5) for _ in range(14)]
        desk.exchange.advance_to(hours(2) + MINUTE)
        still = requests.get(f"{desk.server.url}/fapi/v1/time", timeout=5)
    assert [reply.status_code for reply in replies] == [200] * 3 + [429] * 9 + [418] * 2
    assert (still.status_code, still.headers["Retry-After"]) == (418, "60")
    assert replies[2].headers["X-MBX-USED-WEIGHT-1M"] == "3"


def test_too_many_orders_stop_orders_and_not_reading(desk):
    spoil(desk, "/fapi/v1/order", Answer(429, b'{"code":-1015,"msg":"Too many new orders"}'))
    assert isinstance(desk.venue.submit(BUY), NotSent)
    assert desk.venue.tally().banned_until is None


def test_secrets_are_in_no_message(desk):
    said = f"{SECRET} and {KEY}".encode()
    spoil(desk, "/fapi/v1/order", Answer(400, b'{"code":-1000,"msg":"%s"}' % said))
    answer = desk.venue.submit(BUY)
    desk.server.__exit__()
    lost = desk.venue.submit(BUY)
    assert SECRET not in f"{answer}{lost}{desk.venue!r}"
    assert KEY not in f"{answer}{lost}{desk.venue!r}"


def test_a_code_that_is_no_proof_fails_a_lookup_and_leaves_a_cancel_unknown(desk):
    for path, code in product(("/fapi/v1/order", "/fapi/v1/openOrder"), (-1000, -1007, -1021, -2011, -424242)):
        spoil(desk, path, Answer(400, b'{"code":%d,"msg":"?"}' % code))
        assert isinstance(desk.venue.lookup("nobody", "AAAUSDT"), Failed)
    desk.venue.submit(RESTING)
    for code in (-1000, -1007, -1021, -424242):
        spoil(desk, "/fapi/v1/order", Answer(400, b'{"code":%d,"msg":"?"}' % code))
        assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Unknown)


def test_a_reply_to_an_order_that_cannot_be_read_counts_as_none(desk):
    for body in (b"", b"<html>", b"null"):
        spoil(desk, "/fapi/v1/order", body)
        desk.venue.submit(BUY)
    assert (desk.venue.tally().total, desk.venue.tally().failed) == (3, 3)


# the fence


@pytest.mark.parametrize(("age", "is_alive"), [(5_000, True), (5_001, False), (-999, True), (-1_000, False)])
def test_the_receive_window_is_the_fence(desk, age, is_alive):
    other = connect(desk.server.url, KEY, SECRET, lambda: desk.exchange.now_ms - age)
    answer = other.submit(BUY)
    assert isinstance(answer, Accepted if is_alive else NotSent)
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), Found if is_alive else NotFound)


def test_the_window_signed_is_the_one_the_fence_counts_on():
    assert RECEIVE_WINDOW.total_seconds() * 1000 == RECV_WINDOW_MS
    assert FENCE_MARGIN.total_seconds() >= 10


def test_an_id_sent_again_after_its_fill_is_a_second_order_so_nothing_may_be_resubmitted(desk):
    desk.venue.submit(BUY)
    assert isinstance(desk.venue.submit(BUY), Accepted)
    assert desk.venue.positions()[0].quantity == 2


def test_an_id_sent_again_while_it_rests_is_unknown_because_the_order_exists(desk):
    desk.venue.submit(RESTING)
    again = desk.venue.submit(RESTING)
    assert isinstance(again, Unknown)
    assert "-4116" in again.reason
    assert len(desk.venue.open_orders()) == 1


def test_an_order_that_only_the_list_of_the_week_shows_is_found(desk):
    accepted = desk.venue.submit(BUY)
    gone = Answer(400, b'{"code":-2013,"msg":"Order does not exist."}')
    desk.server.tamper = lambda path, honest: gone if path in {"/fapi/v1/order", "/fapi/v1/openOrder"} else honest
    found = desk.venue.lookup("link-1", "AAAUSDT")
    assert isinstance(found, Found)
    assert found.order.order_id == accepted.order_id


def test_an_order_that_ended_without_a_fill_is_forgotten_after_three_days(desk):
    desk.venue.submit(RESTING)
    desk.venue.cancel("link-1", "AAAUSDT")
    desk.exchange.advance_to(desk.exchange.now_ms + 3 * DAY)
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "cancelled"
    desk.exchange.advance_to(desk.exchange.now_ms + 1)
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), NotFound)


def test_a_place_that_trails_behind_is_made_up_for_by_the_others(desk):
    desk.exchange.trail(history=5_000)
    desk.venue.submit(RESTING)
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), Found)


# what one request cannot do


def test_a_stop_is_refused_before_anything_is_sent_rather_than_dropped(desk):
    for what in ({"stop_loss": Decimal(90)}, {"take_profit": Decimal(120)}, {"trigger": Decimal(120)}):
        answer = desk.venue.submit(replace(BUY, **what))
        assert (answer.code, desk.venue.tally().total) == ("unsupported", 0)


@pytest.mark.parametrize(("time_in_force", "code"), [("post-only", "-5022"), ("fok", "-5021")])
def test_an_order_turned_back_on_arrival_is_rejected_and_leaves_no_trace(desk, time_in_force, code):
    desk.exchange.apply(LiquidityOffered("AAAUSDT", Decimal("0.5")))
    answer = desk.venue.submit(replace(BUY, price=Decimal(200), time_in_force=time_in_force))
    assert answer.code == code
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), NotFound)


def test_what_finds_no_liquidity_expires_with_what_it_has_filled(desk):
    desk.exchange.apply(LiquidityOffered("AAAUSDT", Decimal("0.4")))
    desk.venue.submit(BUY)
    found = desk.venue.lookup("link-1", "AAAUSDT").order
    assert (found.status, found.filled) == ("cancelled", Decimal("0.4"))


def test_a_partly_filled_order_is_open(desk):
    last = desk.exchange.state.prices["AAAUSDT"]
    desk.exchange.apply(LiquidityOffered("AAAUSDT", Decimal("0.4")))
    desk.venue.submit(replace(BUY, price=last + 1))
    (found,) = desk.venue.open_orders()
    assert (found.status, found.filled, found.link) == ("open", Decimal("0.4"), "link-1")


# the account


def test_hedge_mode_and_multi_assets_mode_are_a_persons_to_change(desk):
    desk.exchange.apply(PositionModeSet(hedge=True))
    assert desk.venue.submit(BUY).code == "-4061"
    with pytest.raises(ExchangeRefused, match="one-way"):
        desk.venue.positions()
    change(desk, "/fapi/v2/account", lambda row: row.update(multiAssetsMargin=True))
    with pytest.raises(ExchangeRefused, match="single-asset"):
        desk.venue.account()


def test_positions_settled_in_another_coin_are_not_the_accounts(desk):
    desk.venue.submit(BUY)
    change(desk, "/fapi/v2/positionRisk", lambda listed: [{**row, "symbol": "AAAUSDC"} for row in listed])
    assert desk.venue.positions() == ()


def test_instruments_leave_out_what_is_not_a_crypto_perpetual_in_usdt_that_trades(desk):
    strangers = [
        {"contractType": "CURRENT_QUARTER"},
        {"contractType": "TRADIFI_PERPETUAL"},
        {"quoteAsset": "USDC", "marginAsset": "USDC"},
        {"status": "SETTLING"},
    ]
    honest = [rules.symbol for rules in desk.venue.instruments()]
    change(desk, "/fapi/v1/exchangeInfo", lambda row: row["symbols"].extend({**row["symbols"][0], **odd} for odd in strangers))
    assert [rules.symbol for rules in desk.venue.instruments()] == honest


def test_an_interval_and_a_delisting_are_read_where_binance_keeps_them(desk):
    spoil(desk, "/fapi/v1/fundingInfo", b'[{"symbol":"AAAUSDT","fundingIntervalHours":4}]')
    assert [rules.funding_minutes for rules in desk.venue.instruments()] == [240, 480]
    change(desk, "/fapi/v1/exchangeInfo", lambda row: row["symbols"][0].update(deliveryDate=START))
    assert [rules.delists_at for rules in desk.venue.instruments()] == [START, 0]


def test_the_testnet_is_closed():
    with pytest.raises(ConfigError, match="demo"):
        BinanceVenue("x", environment="testnet")


def test_demo_and_live_go_to_binances_own_addresses():
    assert "demo-fapi" in BinanceVenue("x", environment="demo")._session.private.urls["api"]["fapiPrivate"]
    assert BinanceVenue("x")._session.private.urls["api"]["fapiPrivate"].startswith("https://fapi.binance.com/")


# what was booked


def test_a_trade_is_known_by_the_link_of_its_order(desk):
    for link in ("a", "b", "a"):
        desk.venue.submit(replace(BUY, link=link))
    assert [fill.link for fill in trades_of(desk)] == ["a", "b", "a"]
    assert len({fill.exec_id for fill in trades_of(desk)}) == 3


def test_a_trade_whose_order_does_not_show_yet_is_read_again_and_not_booked_as_somebody_elses(desk):
    desk.exchange.trail(history=5_000)
    desk.venue.submit(BUY)
    with pytest.raises(ExchangeUnavailable, match="cannot be found"):
        desk.venue.fills_since(utc(START))
    desk.exchange.advance_to(desk.exchange.now_ms + 5_000)
    assert [fill.link for fill in trades_of(desk)] == ["link-1"]


def test_a_trade_whose_order_is_forgotten_is_booked_as_nobodys(desk):
    desk.venue.submit(BUY)
    desk.exchange.advance_to(desk.exchange.now_ms + HOUR)
    gone = Answer(400, b'{"code":-2013,"msg":"Order does not exist."}')
    replies = {"/fapi/v1/order": gone, "/fapi/v1/allOrders": b"[]"}
    desk.server.tamper = replies.get
    assert [fill.link for fill in trades_of(desk)] == [""]


def test_a_round_trip_without_fee_and_profit_is_seen_by_its_position(desk):
    desk.venue.submit(BUY)
    spoil(desk, "/fapi/v1/income", b"[]")
    assert [fill.link for fill in desk.venue.fills_since(utc(START))] == ["link-1"]


def test_a_fee_taken_in_another_coin_leaves_our_usdt_as_it_was(desk):
    desk.venue.submit(BUY)
    change(desk, "/fapi/v1/userTrades", lambda listed: [{**row, "commissionAsset": "BNB"} for row in listed])
    assert trades_of(desk)[0].fee == 0


def test_a_commission_with_the_wrong_sign_is_seen_by_the_wallet(desk):
    desk.venue.submit(BUY)
    change(desk, "/fapi/v1/userTrades", lambda listed: [{**row, "commission": "-" + row["commission"]} for row in listed])
    with pytest.raises(ExchangeUnavailable, match="paid to us"):
        desk.venue.fills_since(utc(START))


def test_the_owners_hand_is_booked_under_the_name_binance_gave_it(desk):
    desk.exchange.apply(OrderSubmitted(replace(BUY, link="")))
    (fill,) = trades_of(desk)
    assert fill.kind == "trade"
    assert not fill.link.startswith("tw-")


def test_liquidation_and_deleveraging_are_forced_and_nobodys(desk):
    desk.venue.submit(replace(BUY, quantity=Decimal(800)))
    desk.exchange.apply(Deleveraged("AAAUSDT", Decimal(10)))
    desk.exchange.apply(PricesMoved(desk.exchange.now_ms, {"AAAUSDT": Decimal(60)}))
    trade, deleveraged, liquidated = trades_of(desk)
    assert (trade.kind, trade.link) == ("trade", "link-1")
    assert (deleveraged.kind, deleveraged.quantity, deleveraged.link) == ("liquidation", 10, "")
    assert (liquidated.kind, liquidated.quantity, liquidated.link) == ("liquidation", 790, "")
    assert desk.venue.positions() == ()


def test_money_that_came_or_went_is_a_transfer(desk):
    desk.exchange.apply(MoneyMoved(Decimal(500)))
    desk.exchange.apply(MoneyMoved(Decimal("-20.5")))
    into, out = desk.venue.fills_since(utc(START))
    assert [(f.kind, f.symbol, f.side, f.quantity, f.price) for f in (into, out)] == [
        ("transfer", "USDT", "buy", 500, 1),
        ("transfer", "USDT", "sell", Decimal("20.5"), 1),
    ]
    assert into.exec_id != out.exec_id


def test_income_that_nobody_has_heard_of_stops_the_reading(desk):
    desk.exchange.apply(MoneyMoved(Decimal(500)))
    change(desk, "/fapi/v1/income", lambda listed: [{**row, "incomeType": "SURPRISE"} for row in listed])
    with pytest.raises(ExchangeUnavailable, match="SURPRISE"):
        desk.venue.fills_since(utc(START))


def test_income_in_another_coin_is_not_ours(desk):
    desk.exchange.apply(MoneyMoved(Decimal(500)))
    change(desk, "/fapi/v1/income", lambda listed: [{**row, "asset": "BNB"} for row in listed])
    assert desk.venue.fills_since(utc(START)) == ()


def test_funding_is_of_the_position_at_its_time_whatever_was_traded_since(desk):
    desk.venue.submit(replace(BUY, quantity=Decimal(3)))
    desk.exchange.advance_to(hours(9))
    desk.venue.submit(replace(BUY, link="later", side="sell", quantity=Decimal(5)))
    (paid,) = [fill for fill in desk.venue.fills_since(utc(START)) if fill.kind == "funding"]
    assert (paid.side, paid.quantity) == ("buy", 3)
    assert desk.venue.positions()[0].quantity == -2


def test_a_funding_and_a_trade_may_have_the_same_number(desk):
    desk.venue.submit(BUY)
    desk.exchange.advance_to(hours(9))
    (trade,) = trades_of(desk)
    change(desk, "/fapi/v1/income", lambda listed: [{**row, "tranId": int(trade.exec_id)} for row in listed])
    assert [fill.kind for fill in desk.venue.fills_since(utc(START))] == ["trade", "funding"]


def test_two_different_bookings_under_one_name_are_not_believed(desk):
    desk.venue.submit(BUY)
    change(desk, "/fapi/v1/userTrades", lambda listed: [*listed, {**listed[0], "qty": "7"}])
    with pytest.raises(ExchangeUnavailable, match="two different"):
        desk.venue.fills_since(utc(START))


def test_a_cancel_of_a_partly_filled_order_keeps_its_fill(desk):
    last = desk.exchange.state.prices["AAAUSDT"]
    desk.exchange.apply(LiquidityOffered("AAAUSDT", Decimal("0.4")))
    desk.venue.submit(replace(BUY, price=last + 1))
    desk.venue.cancel("link-1", "AAAUSDT")
    found = desk.venue.lookup("link-1", "AAAUSDT").order
    assert (found.status, found.filled) == ("cancelled", Decimal("0.4"))
    assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Gone)
