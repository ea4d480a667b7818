"""Reading Binance to the end: candles, funding, and spans of time that may have been cut; and the books behind it."""

import json
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from core.errors import ExchangeUnavailable
from core.exchange.events import MoneyMoved, OrderSubmitted
from core.exchange.state import Terms, open_account
from core.execution.orders import OrderRequest
from core.market.timeframe import MINUTE, utc
from tasks.venues import binance_fills as fills
from tasks.venues.binance_session import BinanceSession
from tasks.venues.simulated import binance_account as books
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.world import PanelWorld
from tests.tasks.venues.binance_desk import account
from tests.tasks.venues.market import START, hours, instruments, panel


@pytest.fixture
def desk():
    with account() as opened:
        opened.exchange.advance_to(hours(2) + 30 * MINUTE)
        yield opened


def change(desk, path, alter):
    """Answer a path with its honest reply, altered in place."""

    def tamper(asked, honest):
        if asked != path:
            return honest
        reply = json.loads(honest)
        alter(reply)
        return json.dumps(reply).encode()

    desk.server.tamper = tamper


# candles and funding


def test_bars_leave_the_open_candle_out_and_have_the_columns_of_storage(desk):
    frame = desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(100)))
    kinds = [pl.String, pl.String, pl.String, pl.Datetime("ms", "UTC"), *[pl.Float64] * 5, pl.String]
    assert frame.dtypes == kinds
    assert frame["open_time"].to_list() == [utc(hours(0)), utc(hours(1))]
    assert frame.row(1)[4:] == (101.0, 103.0, 100.0, 102.0, 7.0, "binance-usdm")


def test_a_bar_is_closed_at_its_closing_moment_and_not_before(desk):
    desk.exchange.advance_to(hours(5) - 1)
    assert len(desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(100)))) == 4
    desk.exchange.advance_to(hours(5))
    assert len(desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(100)))) == 5


def test_the_end_is_outside_and_the_start_inside(desk):
    desk.exchange.advance_to(hours(50))
    frame = desk.venue.bars("AAAUSDT", "1h", utc(hours(3)), utc(hours(6)))
    assert frame["open_time"].to_list() == [utc(hours(3)), utc(hours(4)), utc(hours(5))]
    assert desk.venue.bars("AAAUSDT", "1h", utc(hours(3)), utc(hours(3))).is_empty()


def test_more_bars_and_settlements_than_a_page_are_all_there():
    with account(world=PanelWorld(panel(9_000), instruments())) as desk:
        desk.exchange.advance_to(hours(8_999))
        bars = desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(9_500)))
        rates = desk.venue.funding("AAAUSDT", utc(START), utc(hours(9_500)))
    assert bars["close"].to_list() == [101.0 + hour for hour in range(8_999)]
    assert (len(rates), rates["settled_at"].n_unique(), rates["settled_at"].is_sorted()) == (1_124, 1_124, True)


SPOILT_CANDLES = {
    "a hole after": lambda rows: rows.pop(1),
    "doubled": lambda rows: rows.insert(1, rows[1]),
    "01:00 was not asked for": lambda rows: rows[0].__setitem__(0, hours(1) + 1),
    "19:00 was not asked for": lambda rows: rows[0].__setitem__(0, hours(-5)),
    "not numeric": lambda rows: rows[0].__setitem__(4, "dear"),
    "not finite": lambda rows: rows[0].__setitem__(4, "nan"),
    "fields": lambda rows: rows[0].__delitem__(4),
}


def test_a_page_of_candles_that_cannot_be_right_is_refused(desk):
    desk.exchange.advance_to(hours(6))
    for complaint, alter in SPOILT_CANDLES.items():
        change(desk, "/fapi/v1/klines", alter)
        with pytest.raises(ExchangeUnavailable, match=complaint):
            desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(5)))


SPOILT_FUNDING = {
    "twice": lambda rows: rows.append(rows[0]),
    "another symbol": lambda rows: rows[0].update(symbol="ZZZUSDT"),
    "not (numeric|finite)": lambda rows: rows[0].pop("fundingRate"),
}


def test_a_page_of_funding_that_cannot_be_right_is_refused(desk):
    desk.exchange.advance_to(hours(20))
    for complaint, alter in SPOILT_FUNDING.items():
        change(desk, "/fapi/v1/fundingRate", alter)
        with pytest.raises(ExchangeUnavailable, match=complaint):
            desk.venue.funding("AAAUSDT", utc(START), utc(hours(20)))


def test_funding_a_few_seconds_late_is_put_on_the_minute(desk):
    desk.exchange.advance_to(hours(10))
    change(desk, "/fapi/v1/fundingRate", lambda rows: rows[0].update(fundingTime=hours(8) + 4_000))
    assert desk.venue.funding("AAAUSDT", utc(START), utc(hours(9)))["settled_at"].to_list() == [utc(hours(8))]


def test_a_timeframe_the_market_does_not_have_is_refused(desk):
    with pytest.raises(ExchangeUnavailable, match="recorded in 1h bars"):
        desk.venue.bars("AAAUSDT", "5m", utc(START), utc(hours(1)))


# spans


SESSION = BinanceSession("x", where="http://127.0.0.1:9", api_key=None, secret=None, now_ms=lambda: 0)


def read_span(moments, first, last, *, limit, newest_first):
    """Read a list that keeps one end or the other when it is cut, and count the requests."""
    asked = []

    def endpoint(query):
        asked.append(query)
        within = [at for at in moments if query["startTime"] <= at <= query["endTime"]]
        kept = within[-query["limit"] :] if newest_first else within[: query["limit"]]
        return [{"at": at} for at in kept]

    return [row["at"] for row in SESSION.span(endpoint, {}, first, last, limit=limit)], asked


@settings(max_examples=60, deadline=None)
@given(some.sets(some.integers(0, 400), max_size=60), some.integers(1, 9), some.booleans())
def test_a_span_is_read_whole_whichever_end_binance_cuts(moments, limit, newest_first):
    found, asked = read_span(sorted(moments), 0, 400, limit=limit + 1, newest_first=newest_first)
    assert found == sorted(moments)
    assert all(query["limit"] == limit + 1 for query in asked)


def test_a_span_that_fits_is_one_request():
    assert len(read_span(range(900), 0, 900, limit=1000, newest_first=False)[1]) == 1


def test_more_rows_in_a_millisecond_than_a_page_holds_are_not_believed_to_be_all():
    with pytest.raises(ExchangeUnavailable, match="one millisecond"):
        read_span([5] * 10, 0, 9, limit=10, newest_first=False)


def test_more_fills_than_any_page_are_all_there_once(desk, monkeypatch):
    monkeypatch.setattr(fills, "PAGE", 20)
    for number in range(110):
        side = "buy" if number % 2 else "sell"
        desk.exchange.apply(OrderSubmitted(OrderRequest(f"n{number}", "BBBUSDT", side, Decimal(1), reduce_only=False)))
        desk.exchange.advance_to(desk.exchange.now_ms + number % 2 * MINUTE)
    asked = []
    desk.server.tamper = lambda path, honest: asked.append(path) or honest
    links = [fill.link for fill in desk.venue.fills_since(utc(START)) if fill.kind == "trade"]
    assert links == [f"n{number}" for number in range(110)]
    assert "/fapi/v1/order" not in asked  # the lists name them all


# the books of the simulated Binance


ORDERS = some.tuples(some.sampled_from(["AAAUSDT", "BBBUSDT"]), some.sampled_from(["buy", "sell"]), some.integers(1, 300))
LIVES = some.lists(some.tuples(ORDERS, some.integers(0, 9), some.integers(-50, 50)), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIVES)
def test_income_explains_the_wallet_and_trades_the_positions(life):
    world = PanelWorld(panel(), instruments())
    exchange = SimulatedExchange(world, open_account("law", Decimal(10_000), Terms()))
    exchange.advance_to(hours(1))
    for (symbol, side, quantity), wait, moved in life:
        exchange.apply(OrderSubmitted(OrderRequest("", symbol, side, Decimal(quantity), reduce_only=False)))
        exchange.apply(MoneyMoved(Decimal(moved)))
        exchange.advance_to(exchange.now_ms + wait * 60 * MINUTE)
    span = {"startTime": str(START), "endTime": str(exchange.now_ms), "limit": "1000"}
    income = sum((Decimal(row["income"]) for row in books.income(exchange, span)), Decimal(0))
    assert exchange.state.wallet == 10_000 + income
    for row in books.positions(exchange, {}):
        trades = books.trades(exchange, {**span, "symbol": row["symbol"]})
        signed = [Decimal(t["qty"]) if t["side"] == "BUY" else -Decimal(t["qty"]) for t in trades]
        assert Decimal(row["positionAmt"]) == sum(signed, Decimal(0))


def test_no_number_of_one_life_of_an_account_comes_again_in_the_next():
    def numbers(opened):
        exchange = SimulatedExchange(PanelWorld(panel(), instruments()), open_account("law", Decimal(10_000), Terms()))
        exchange.advance_to(opened)
        for _ in range(3):
            exchange.apply(OrderSubmitted(OrderRequest("", "AAAUSDT", "buy", Decimal(1), reduce_only=False)))
        return {row["id"] for row in books.trades(exchange, {"symbol": "AAAUSDT"})}

    assert numbers(hours(1)).isdisjoint(numbers(hours(1) + 1_000))
    assert max(numbers(hours(100))) < np.iinfo(np.int64).max // 1024  # exact as a JSON number
