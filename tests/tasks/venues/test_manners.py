"""What makes the simulated Bybit as hard to live with as the real one: limits, bans, trailing lists, liberties."""

from contextlib import contextmanager
from decimal import Decimal

import pytest
import requests

from core.errors import ExchangeUnavailable
from core.exchange.state import Terms, open_account
from core.execution.orders import Found, NotFound, NotSent, OrderRequest
from core.market.timeframe import HOUR, MINUTE, utc
from tasks.venues.bybit import BybitVenue
from tasks.venues.bybit_server import BybitServer, Manners
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.limits import Limits
from tasks.venues.simulated.whims import OPTIONAL, Whims
from tasks.venues.simulated.world import PanelWorld
from tests.tasks.venues.market import START, hours, instruments, panel

BUY = OrderRequest("a", "AAAUSDT", "buy", Decimal(1), reduce_only=False)


@contextmanager
def strict(lags=None, **manners):
    """A venue and its front with these manners, two hours into the market; ``limits=True`` counts by the exchange's clock."""
    world = PanelWorld(panel(), instruments())
    exchange = SimulatedExchange(world, open_account("t", Decimal(10_000), Terms()), lags=lags)
    exchange.advance_to(hours(2))
    now = lambda: exchange.now_ms  # noqa: E731
    if manners.get("limits"):
        manners["limits"] = Limits(now, now)
    with BybitServer(exchange, {"k": "s"}, manners=Manners(**manners)) as server:
        yield BybitVenue("t", base_url=server.url, api_key="k", secret="s", now_ms=now), exchange, server


def test_the_eleventh_request_of_a_second_is_one_too_many_and_the_next_second_is_free():
    with strict(limits=True) as (venue, exchange, _):
        for _ in range(10):
            venue.positions()
        with pytest.raises(ExchangeUnavailable, match="10006"):
            venue.positions()
        venue.account()
        exchange.advance_to(exchange.now_ms + 1_000)
        venue.positions()


def test_an_order_that_is_one_too_many_is_not_placed_and_may_be_sent_again():
    with strict(limits=True) as (venue, exchange, _):
        for number in range(10):
            venue.submit(OrderRequest(f"n{number}", "AAAUSDT", "buy", Decimal(1), reduce_only=False))
        assert isinstance(venue.submit(BUY), NotSent)
        assert "a" not in exchange.state.links


def test_the_headers_say_what_is_left_and_when_the_next_is_free():
    with strict(limits=True) as (venue, exchange, _):
        private = venue._session.private
        seen = []
        for _ in range(10):
            venue.positions()
            headers = {name.lower(): value for name, value in private.last_response_headers.items()}
            seen.append((headers["x-bapi-limit"], headers["x-bapi-limit-status"]))
        assert (seen[0], seen[-1]) == (("10", "9"), ("10", "0"))
        assert headers["x-bapi-limit-reset-timestamp"] == str(exchange.now_ms + 1_000)


def test_six_hundred_requests_in_five_seconds_ban_an_address_for_ten_minutes():
    with strict(limits=True) as (venue, exchange, server), requests.Session() as client:
        url = f"{server.url}/v5/market/time"
        counted = [server._manners.limits.admits("127.0.0.1") for _ in range(599)]
        assert all(counted)
        assert [client.get(url, timeout=5).status_code for _ in range(2)] == [200, 403]
        exchange.advance_to(exchange.now_ms + 10 * MINUTE - 1)
        assert client.get(url, timeout=5).status_code == 403
        exchange.advance_to(exchange.now_ms + 1)
        assert client.get(url, timeout=5).status_code == 200
        venue.positions()


def test_after_a_403_the_venue_waits_ten_minutes_and_then_goes_on_by_itself():
    with strict(limits=True) as (venue, exchange, server):
        for _ in range(600):
            server._manners.limits.admits("127.0.0.1")
        with pytest.raises(ExchangeUnavailable):
            venue.positions()
        with pytest.raises(ExchangeUnavailable, match="banned"):
            venue.prices()
        assert venue.tally().banned_until == utc(exchange.now_ms + 10 * MINUTE)
        exchange.advance_to(exchange.now_ms + 10 * MINUTE)
        assert venue.positions() == ()
        assert venue.tally().banned_until is None


def test_each_list_trails_behind_what_happened_by_its_own_lag():
    with strict({"orders": 3_000, "executions": 1_000, "positions": 5_000}) as (venue, exchange, _):
        venue.submit(BUY)
        seen = []
        for second in range(7):
            exchange.advance_to(hours(2) + second * 1_000)
            seen.append((len(venue.fills_since(utc(START))), len(venue.positions())))
        assert seen == [(0, 0), (1, 0), (1, 0), (1, 0), (1, 0), (1, 1), (1, 1)]


def test_an_order_that_every_list_still_hides_is_not_found_although_it_exists():
    everywhere = dict.fromkeys(("orders", "history", "executions"), 2_000)
    with strict(everywhere) as (venue, exchange, _):
        venue.submit(BUY)
        assert isinstance(venue.lookup("a", "AAAUSDT"), NotFound)
        exchange.advance_to(hours(2) + 2_000)
        assert isinstance(venue.lookup("a", "AAAUSDT"), Found)


def test_a_trailing_list_shows_what_happened_on_the_way_of_a_long_leap():
    with strict({"executions": 1_000}) as (venue, exchange, _):
        venue.submit(OrderRequest("rests", "AAAUSDT", "sell", Decimal(1), reduce_only=False, price=Decimal(105)))
        exchange.advance_to(hours(8))
        assert [fill.link for fill in venue.fills_since(utc(START))] == ["rests"]


def test_an_exchange_at_another_pace_takes_requests_by_its_own_clock_or_by_the_clients():
    with strict(client_clock=lambda: hours(50)) as (_, exchange, server):
        for now, is_timely in ((exchange.now_ms, True), (hours(50), True), (hours(20), False)):
            venue = BybitVenue("t", base_url=server.url, api_key="k", secret="s", now_ms=lambda now=now: now)
            assert isinstance(venue.submit(OrderRequest(f"n{now}", "AAAUSDT", "buy", Decimal(1), False)), NotSent) != is_timely


@pytest.mark.parametrize("seed", range(4))
def test_the_adapter_minds_no_liberty_the_venue_takes(seed):
    with strict(whims=Whims(seed)) as (venue, exchange, _):
        venue.submit(OrderRequest("a", "AAAUSDT", "buy", Decimal(1), reduce_only=False, stop_loss=Decimal(50)))
        venue.submit(OrderRequest("b", "AAAUSDT", "sell", Decimal(1), reduce_only=False, price=Decimal(900)))
        exchange.advance_to(hours(20))
        assert {row.link for row in venue.open_orders()} == {"", "b"}
        assert isinstance(venue.lookup("a", "AAAUSDT"), Found)
        assert [fill.kind for fill in venue.fills_since(utc(START))] == ["trade", "funding", "funding"]
        assert [position.quantity for position in venue.positions()] == [1]
        assert venue.account().equity > 0
        assert len(venue.instruments()) == 2
        assert len(venue.bars("AAAUSDT", "1h", utc(START), utc(hours(20)))) == 20


def test_liberties_are_taken_and_are_the_same_for_the_same_seed():
    rows = [dict.fromkeys([*OPTIONAL, "qty"], "1") for _ in range(20)]
    once, again = (Whims(3).dress({"list": rows})["list"] for _ in range(2))
    assert once == again
    assert all("qty" in row for row in once)
    assert any("newlyAddedField" in row for row in once)
    assert any(OPTIONAL - row.keys() for row in once)


def test_candles_beyond_the_limit_are_cut_at_either_end():
    ends = set()
    for seed in range(4):
        with strict(whims=Whims(seed)) as (_, exchange, server):
            exchange.advance_to(hours(20))
            query = {"category": "linear", "symbol": "AAAUSDT", "interval": "60", "start": START, "end": hours(20), "limit": 5}
            listed = requests.get(f"{server.url}/v5/market/kline", params=query, timeout=5).json()["result"]["list"]
            ends.add(int(listed[0][0]))
            assert len(listed) == 5
    assert ends == {START + 4 * HOUR, hours(20)}
