"""What any venue behind the port must do, over adapter, ccxt, HTTP and engine; told to every venue in `desks.DESKS`."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest

from core.errors import ConfigError, ExchangeRefused, ExchangeUnavailable
from core.exchange.events import LiquidityOffered, MoneyMoved, OrderSubmitted
from core.exchange.money import equity, held
from core.execution.orders import (
    Accepted,
    Cancelled,
    Failed,
    Found,
    Gone,
    NotFound,
    NotSent,
    OrderRequest,
    Rejected,
    Unknown,
)
from core.market.timeframe import HOUR, MINUTE, utc
from tests.tasks.venues.desks import DESKS
from tests.tasks.venues.dialect import Desk
from tests.tasks.venues.market import START, hours


@pytest.fixture(params=DESKS, ids=lambda dialect: dialect.name)
def desk(request):
    """An account two hours and ten minutes into the market, at each venue."""
    dialect = request.param
    with dialect.open() as opened:
        opened.exchange.advance_to(hours(2) + TEN_MINUTES)
        yield Desk(dialect, opened.venue, opened.exchange, opened.server)


def order(link="link-1", side="buy", quantity="1", symbol="AAAUSDT", **more):
    plain = OrderRequest(link, symbol, side, Decimal(quantity), reduce_only=False)
    return replace(plain, **more)


TEN_MINUTES = 10 * MINUTE
GIBBERISH = {
    "an HTML page": b"<html>blocked</html>",
    "an empty body": b"",
    "half a JSON": b'{"retCode":0,"result":{"li',
    "a null": b"null",
    "a text": b'"ok"',
}


def test_a_market_order_goes_out_fills_and_is_found(desk):
    answer = desk.venue.submit(order())
    assert isinstance(answer, Accepted)
    found = desk.venue.lookup("link-1", "AAAUSDT")
    assert isinstance(found, Found)
    assert found.order.order_id == answer.order_id
    assert (found.order.status, found.order.filled, found.order.side) == ("filled", 1, "buy")
    (fill,) = desk.venue.fills_since(utc(START))
    assert (fill.link, fill.kind, fill.price, fill.venue) == ("link-1", "trade", Decimal("102.1"), "test")
    assert fill.fee == Decimal("0.056155")


def test_a_limit_order_is_open_until_the_price_comes(desk):
    desk.venue.submit(order(side="sell", price=Decimal(105)))
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "open"
    desk.exchange.advance_to(hours(6))
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "filled"
    (fill,) = desk.venue.fills_since(utc(START))
    assert (fill.price, fill.at) == (105, utc(hours(3) + HOUR // 2))  # the high of the bar, in its third quarter


def test_a_link_sent_twice_makes_one_order_and_says_unknown_because_the_order_exists(desk):
    resting = order(side="sell", price=Decimal(900))
    desk.venue.submit(resting)
    assert isinstance(desk.venue.submit(resting), Unknown)
    assert len(desk.exchange.state.orders) == 1


def test_a_lookup_of_nothing_is_not_found_as_of_the_servers_time(desk):
    assert desk.venue.lookup("nobody", "AAAUSDT") == NotFound(utc(desk.exchange.now_ms))


def test_a_lookup_that_cannot_read_every_place_fails_instead_of_finding_nothing(desk):
    for path, body in product(desk.dialect.paths["lookup"], GIBBERISH.values()):
        desk.server.tamper = lambda asked, honest, path=path, body=body: body if asked == path else honest
        assert isinstance(desk.venue.lookup("nobody", "AAAUSDT"), Failed)


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (order(quantity="0.001"), "quantity"),
        (order(symbol="NOPEUSDT"), "symbol"),
        (order(symbol="CCCUSDT"), "unlisted"),
        (order(quantity="0.01"), "notional"),
        (order(quantity="100000"), "margin"),
        (order(reduce_only=True), "reduce"),
    ],
)
def test_a_refusal_that_proves_absence_is_rejected_with_its_code(desk, request_, refusal):
    answer = desk.venue.submit(request_)
    assert isinstance(answer, Rejected)
    assert answer.code == desk.dialect.codes[refusal]
    assert dict(desk.exchange.state.orders) == {}


def test_a_malformed_reply_to_an_order_is_unknown_and_the_order_is_found(desk):
    for number, body in enumerate(GIBBERISH.values()):
        desk.spoil("submit", body)
        assert isinstance(desk.venue.submit(order(f"n{number}")), Unknown)
        desk.server.tamper = None
        assert isinstance(desk.venue.lookup(f"n{number}", "AAAUSDT"), Found)


def test_a_code_that_proves_nothing_is_unknown(desk):
    for code in desk.dialect.unproven:
        desk.spoil("submit", desk.dialect.says(code))
        assert isinstance(desk.venue.submit(order(f"link-{abs(code)}")), Unknown)


def test_a_code_that_says_not_now_lets_the_order_be_sent_again(desk):
    for code in desk.dialect.later:
        desk.spoil("submit", desk.dialect.says(code))
        assert isinstance(desk.venue.submit(order(f"link-{abs(code)}")), NotSent)


def test_a_connection_dropped_after_processing_is_unknown_and_the_order_is_found(desk):
    desk.spoil("submit", None)
    assert isinstance(desk.venue.submit(order()), Unknown)
    desk.server.tamper = None
    assert desk.venue.lookup("link-1", "AAAUSDT").order.filled == 1
    assert len(desk.exchange.state.orders) == 1


def test_a_refused_connection_proves_that_nothing_was_sent(desk):
    desk.venue.server_time()
    desk.server.__exit__()
    assert isinstance(desk.venue.submit(order()), NotSent)
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), Failed)
    assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Unknown)
    with pytest.raises(ExchangeUnavailable):
        desk.venue.positions()


def test_positions_and_account_are_the_engines(desk):
    desk.venue.submit(order("a", "buy", "3"))
    desk.venue.submit(order("b", "sell", "2", "BBBUSDT"))
    desk.exchange.advance_to(hours(20))
    state = desk.exchange.state
    assert {p.symbol: p.quantity for p in desk.venue.positions()} == {"AAAUSDT": 3, "BBBUSDT": -2}
    for position in desk.venue.positions():
        assert position.quantity == held(state, position.symbol)
        assert position.entry_price == state.holdings[position.symbol].entry
    account = desk.venue.account()
    assert (account.wallet, account.equity) == (state.wallet, equity(state))
    assert account.as_of == utc(hours(20))
    assert account.equity > account.initial_margin > account.maintenance_margin > 0


def test_a_closed_position_disappears(desk):
    desk.venue.submit(order("a"))
    desk.venue.submit(order("b", "sell", reduce_only=True))
    assert desk.venue.positions() == ()


READS = {
    "open orders": lambda venue: venue.open_orders(),
    "positions": lambda venue: venue.positions(),
    "account": lambda venue: venue.account(),
    "fills": lambda venue: venue.fills_since(utc(START)),
    "instruments": lambda venue: venue.instruments(),
    "prices": lambda venue: venue.prices(),
    "bars": lambda venue: venue.bars("AAAUSDT", "1h", utc(START), utc(hours(2))),
    "funding": lambda venue: venue.funding("AAAUSDT", utc(START), utc(hours(2))),
    "time": lambda venue: venue.server_time(),
}


@pytest.mark.parametrize("what", READS)
def test_a_malformed_read_raises_instead_of_being_empty(desk, what):
    desk.venue.submit(order())
    for path, body in product(desk.dialect.paths[what], GIBBERISH.values()):
        desk.server.tamper = lambda asked, honest, path=path, body=body: body if asked == path else honest
        with pytest.raises(ExchangeUnavailable, match=r"^[^\n]+$"):
            READS[what](desk.venue)


def test_more_fills_than_a_page_are_all_there_once_and_oldest_first(desk):
    for number in range(115):
        desk.venue.submit(order(f"n{number}", "buy" if number % 2 else "sell"))
    fills = desk.venue.fills_since(utc(START))
    assert [fill.link for fill in fills] == [f"n{number}" for number in range(115)]


def test_fills_of_many_weeks_are_read_window_by_window(desk):
    desk.venue.submit(order("early"))
    desk.exchange.advance_to(hours(24 * 25))
    desk.venue.submit(order("late"))
    trades = [fill.link for fill in desk.venue.fills_since(utc(START)) if fill.kind == "trade"]
    assert trades == ["early", "late"]
    assert [fill.link for fill in desk.venue.fills_since(utc(hours(24 * 25)))] == ["late"]


def test_fills_further_back_than_the_venue_remembers_are_not_promised(desk):
    with pytest.raises(ConfigError, match="ask for less"):
        desk.venue.fills_since(utc(START) - timedelta(days=800))


def test_funding_is_a_fill_of_its_own_kind_and_never_moves_the_position(desk):
    desk.venue.submit(order("a", "buy", "2"))
    desk.exchange.advance_to(hours(9))
    trade, funding = desk.venue.fills_since(utc(START))
    assert [(trade.kind, trade.quantity), (funding.kind, funding.quantity)] == [("trade", 2), ("funding", 2)]
    assert (funding.at, funding.link, funding.symbol) == (utc(hours(8)), "", "AAAUSDT")
    assert funding.fee == Decimal("0.0001") * 2 * 108  # the price before it moves to the next open
    assert desk.venue.positions()[0].quantity == 2


def test_a_delisted_position_is_settled_and_shows_as_settlement(desk):
    desk.exchange.advance_to(hours(30))
    desk.venue.submit(order("a", "buy", "5", "CCCUSDT"))
    desk.exchange.advance_to(hours(48) + 1)
    assert "CCCUSDT" not in desk.venue.prices()
    halted = desk.venue.submit(order("b", "sell", "5", "CCCUSDT", reduce_only=True))
    assert isinstance(halted, NotSent | Rejected)
    assert len(desk.venue.positions()) == 1
    desk.exchange.advance_to(hours(73))
    assert desk.venue.positions() == ()
    settled = desk.venue.fills_since(utc(hours(48)))[-1]
    assert (settled.kind, settled.side, settled.quantity) == ("settlement", "sell", 5)


def test_the_leverage_can_be_set_and_setting_it_again_is_success(desk):
    desk.venue.configure("AAAUSDT", 3)
    desk.venue.configure("AAAUSDT", 3)
    assert desk.exchange.state.leverage["AAAUSDT"] == 3
    desk.venue.submit(order())
    assert desk.venue.positions()[0].leverage == 3
    with pytest.raises(ExchangeRefused, match=desk.dialect.codes["leverage"]):
        desk.venue.configure("AAAUSDT", 50)


@pytest.mark.parametrize("wrong", ["signature", "key"])
def test_wrong_keys_are_refused_for_good_without_showing_them(desk, wrong):
    dialect = desk.dialect
    key = "wrong-key-word" if wrong == "key" else dialect.key
    secret = "wrong-secret-word" if wrong == "signature" else dialect.secret
    stranger = dialect.connect(desk.server.url, key, secret, lambda: desk.exchange.now_ms)
    with pytest.raises(ExchangeRefused) as error:
        stranger.positions()
    answer = stranger.submit(order())
    assert answer.code == dialect.codes[wrong]
    for word in ("wrong-secret-word", "wrong-key-word", dialect.secret):
        assert word not in f"{error.value} {answer} {stranger!r}"


def test_an_order_signed_before_the_receive_window_is_dead_and_may_be_sent_again(desk):
    dialect = desk.dialect
    late = dialect.connect(desk.server.url, dialect.key, dialect.secret, lambda: desk.exchange.now_ms - 5_001)
    assert isinstance(late.submit(order()), NotSent)
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), NotFound)


def test_a_venue_without_keys_reads_the_market_and_is_refused_the_account(desk):
    public = desk.dialect.connect(desk.server.url, None, None, None)
    assert public.prices()["BBBUSDT"] == 50.0
    with pytest.raises(ExchangeRefused):
        public.account()


def test_instruments_are_those_listed_now(desk):
    assert [i.symbol for i in desk.venue.instruments()] == ["AAAUSDT", "BBBUSDT"]
    desk.exchange.advance_to(hours(30))
    first, *_, last = desk.venue.instruments()
    assert (first.tick, first.step, first.min_notional, first.funding_minutes) == (Decimal("0.1"), Decimal("0.01"), 5, 480)
    assert (last.symbol, first.venue, first.delists_at) == ("CCCUSDT", "test", 0)
    assert first.max_quantity > 0


def test_prices_move_with_the_clock(desk):
    assert desk.venue.prices() == {"AAAUSDT": 102.0, "BBBUSDT": 50.0}
    desk.exchange.advance_to(hours(10) + TEN_MINUTES)
    assert desk.venue.prices()["AAAUSDT"] == 110.0


def test_a_resting_order_can_be_cancelled_once(desk):
    accepted = desk.venue.submit(order(side="sell", price=Decimal(900)))
    assert desk.venue.cancel("link-1", "AAAUSDT") == Cancelled(accepted.order_id)
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "cancelled"
    assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Gone)


def test_a_cancel_that_comes_too_late_or_names_nothing_is_gone(desk):
    desk.venue.submit(order())
    assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Gone)
    assert isinstance(desk.venue.cancel("nobody", "AAAUSDT"), Gone)


def test_an_order_is_not_cancelled_under_another_symbol(desk):
    desk.venue.submit(order(side="sell", price=Decimal(900)))
    assert isinstance(desk.venue.cancel("link-1", "BBBUSDT"), Gone)
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "open"


def test_a_cancel_without_a_usable_answer_is_unknown(desk):
    for number, body in enumerate([*GIBBERISH.values(), None]):
        desk.venue.submit(order(f"n{number}", "sell", price=Decimal(900)))
        desk.spoil("cancel", body)
        assert isinstance(desk.venue.cancel(f"n{number}", "AAAUSDT"), Unknown)
        desk.server.tamper = None
        assert desk.venue.lookup(f"n{number}", "AAAUSDT").order.status == "cancelled"


def test_open_orders_are_all_there_however_many(desk):
    for number in range(61):
        desk.venue.submit(order(f"n{number}", "sell", symbol=("AAAUSDT", "BBBUSDT")[number % 2], price=Decimal(900)))
    desk.venue.submit(order("done", "sell", reduce_only=False))
    found = desk.venue.open_orders()
    assert {row.link for row in found} == {f"n{number}" for number in range(61)}
    assert len(found) == 61
    assert {row.status for row in found} == {"open"}


def test_every_request_is_counted_and_a_refusal_is_an_answer(desk):
    before = desk.venue.tally()
    desk.venue.submit(order(quantity="100000"))
    desk.venue.prices()
    after = desk.venue.tally()
    assert after.total >= before.total + 2
    assert (after.failed, after.down_since, after.banned_until) == (before.failed, None, None)


def test_requests_without_a_usable_answer_count_as_failed_until_one_is_answered(desk):
    desk.spoil("prices", b"<html>")
    for _ in range(2):
        with pytest.raises(ExchangeUnavailable):
            desk.venue.prices()
    down = desk.venue.tally()
    assert (down.failed, down.total - down.failed) == (2, down.total - 2)
    assert down.down_since is not None
    desk.server.tamper = None
    desk.venue.prices()
    assert (desk.venue.tally().failed, desk.venue.tally().down_since) == (2, None)


def test_after_a_ban_no_request_leaves_this_process(desk):
    desk.server.tamper = lambda *_: desk.dialect.banned
    with pytest.raises(ExchangeUnavailable):
        desk.venue.account()
    seen = []
    desk.server.tamper = lambda path, honest: seen.append(path) or honest
    with pytest.raises(ExchangeUnavailable, match="banned"):
        desk.venue.prices()
    assert isinstance(desk.venue.submit(order()), NotSent)
    assert isinstance(desk.venue.cancel("link-1", "AAAUSDT"), Unknown)
    assert isinstance(desk.venue.lookup("link-1", "AAAUSDT"), Failed)
    assert seen == []
    assert desk.venue.tally().banned_until > utc(desk.exchange.now_ms)


def test_money_that_came_or_went_is_booked_once_between_the_fills(desk):
    desk.exchange.apply(MoneyMoved(Decimal(250)))
    desk.exchange.advance_to(hours(2) + TEN_MINUTES + MINUTE)
    desk.venue.submit(order())
    desk.exchange.advance_to(hours(3))
    desk.exchange.apply(MoneyMoved(Decimal("-40.5")))
    came, trade, went = desk.venue.fills_since(utc(START))
    assert [came.kind, trade.kind, went.kind] == ["transfer", "trade", "transfer"]
    assert (came.side, came.quantity, came.symbol, came.price, came.fee) == ("buy", 250, "USDT", 1, 0)
    assert (went.side, went.quantity, went.at) == ("sell", Decimal("40.5"), utc(hours(3)))
    assert came.exec_id != went.exec_id
    assert desk.venue.account().wallet == 10_000 + Decimal("209.5") - trade.fee


def test_what_somebody_else_ordered_is_seen_with_whatever_name_it_has(desk):
    desk.exchange.apply(OrderSubmitted(order("", "sell", price=Decimal(900))))
    desk.exchange.apply(OrderSubmitted(order("by-hand", "sell", price=Decimal(901))))
    desk.exchange.apply(OrderSubmitted(order("", "buy", "2")))
    assert len({row.order_id for row in desk.venue.open_orders()}) == 2
    assert "by-hand" in {row.link for row in desk.venue.open_orders()}
    (fill,) = desk.venue.fills_since(utc(START))
    assert (fill.quantity, fill.kind, desk.venue.positions()[0].quantity) == (2, "trade", 2)


def test_a_market_order_that_finds_too_little_is_cancelled_and_keeps_what_it_filled(desk):
    desk.exchange.apply(LiquidityOffered("AAAUSDT", Decimal("0.4")))
    assert isinstance(desk.venue.submit(order()), Accepted)
    found = desk.venue.lookup("link-1", "AAAUSDT").order
    assert (found.status, found.filled, found.quantity) == ("cancelled", Decimal("0.4"), 1)
    assert desk.venue.fills_since(utc(START))[0].quantity == Decimal("0.4")


def test_a_resting_order_fills_in_parts_under_one_link(desk):
    desk.exchange.apply(LiquidityOffered("AAAUSDT", Decimal("0.4")))
    desk.venue.submit(order(price=Decimal(103)))
    found = desk.venue.lookup("link-1", "AAAUSDT").order
    assert (found.status, found.filled) == ("open", Decimal("0.4"))
    desk.exchange.advance_to(hours(5))
    assert desk.venue.lookup("link-1", "AAAUSDT").order.status == "filled"
    fills = desk.venue.fills_since(utc(START))
    assert [(fill.link, fill.quantity) for fill in fills] == [("link-1", Decimal("0.4")), ("link-1", Decimal("0.6"))]


def test_a_liquidation_is_a_fill_without_a_link_and_leaves_nothing(desk):
    desk.venue.submit(order("a", "sell", "900"))
    desk.exchange.advance_to(hours(30))
    assert desk.venue.positions() == ()
    forced = [fill for fill in desk.venue.fills_since(utc(START)) if fill.kind == "liquidation"]
    assert [(fill.link, fill.side, fill.quantity) for fill in forced] == [("", "buy", 900)]


def test_a_change_of_the_position_changes_its_sequence_where_the_venue_has_one(desk):
    desk.venue.submit(order("a"))
    before = desk.venue.positions()[0].sequence
    desk.venue.submit(order("b"))
    assert desk.venue.positions()[0].sequence > before or before == 0
