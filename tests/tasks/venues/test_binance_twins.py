"""One life at two venues: behind the port, Bybit and Binance tell the same story of the same account."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from core.exchange.events import LiquidityOffered, MoneyMoved
from core.execution.orders import Found, OrderRequest
from core.market.timeframe import MINUTE, utc
from tests.tasks.venues.desks import DESKS
from tests.tasks.venues.market import START, hours

QUANTITIES = some.integers(1, 60).map(Decimal)
SYMBOLS = some.sampled_from(["AAAUSDT", "BBBUSDT"])


@some.composite
def orders(draw):
    """Market and limit orders that both venues understand, good ones and bad ones."""
    time_in_force = draw(some.sampled_from(["gtc", "ioc"]))
    price = draw(some.none() | some.integers(45, 130).map(Decimal))
    return OrderRequest(
        link="",
        symbol=draw(SYMBOLS),
        side=draw(some.sampled_from(["buy", "sell"])),
        quantity=draw(QUANTITIES | some.just(Decimal("0.05"))),
        reduce_only=draw(some.booleans()),
        price=price,
        time_in_force="gtc" if price is None else time_in_force,
    )


DEEDS = some.one_of(
    orders().map(lambda request: ("order", request)),
    orders().map(lambda request: ("order", request)),
    some.integers(1, 300).map(lambda minutes: ("wait", minutes * MINUTE)),
    some.integers(0, 9).map(lambda number: ("cancel", number)),
    some.integers(-90, 90).filter(bool).map(lambda money: ("move", Decimal(money))),
    some.tuples(SYMBOLS, QUANTITIES).map(lambda offer: ("offer", offer)),
)


def live(desk, deeds):
    """Live a life and return what the port told of it, deed by deed."""
    desk.exchange.advance_to(hours(2))
    return [said(desk, number, *deed) for number, deed in enumerate(deeds)]


def said(desk, number, verb, what):
    if verb == "order":
        return type(desk.venue.submit(replace(what, link=f"tw-{number}"))).__name__
    if verb == "cancel":
        return type(desk.venue.cancel(f"tw-{what}", "AAAUSDT")).__name__
    if verb == "wait":
        return desk.exchange.advance_to(desk.exchange.now_ms + what)
    return type(desk.exchange.apply(MoneyMoved(what) if verb == "move" else LiquidityOffered(*what))).__name__


def order_of(answer):
    return replace(answer.order, order_id="") if isinstance(answer, Found) else type(answer).__name__


def fill_of(fill):
    """A fill without the names each venue makes up; Binance does not say at which price funding was settled."""
    return replace(fill, exec_id="", price=Decimal(0) if fill.kind == "funding" else fill.price)


def picture(desk, deeds):
    """Everything the port shows of an account, in words of no venue."""
    venue, kinds = desk.venue, lambda fill: (fill.at, fill.kind, fill.symbol)
    sent = [(f"tw-{number}", deed[1].symbol) for number, deed in enumerate(deeds) if deed[0] == "order"]
    return {
        "account": venue.account(),
        "positions": [replace(position, sequence=0) for position in sorted(venue.positions(), key=lambda p: p.symbol)],
        "open": {order.link: replace(order, order_id="") for order in venue.open_orders()},
        "orders": {link: order_of(venue.lookup(link, symbol)) for link, symbol in sent},
        "fills": sorted((fill_of(fill) for fill in venue.fills_since(utc(START))), key=kinds),
        "instruments": venue.instruments(),
        "prices": venue.prices(),
    }


def tell_everywhere(deeds):
    told = []
    for dialect in DESKS:
        with dialect.open() as desk:
            told.append((live(desk, deeds), picture(desk, deeds)))
    for words, shown in told[1:]:
        assert words == told[0][0]
        assert shown == told[0][1]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(DEEDS, min_size=1, max_size=10))
def test_the_same_life_is_told_in_the_same_words_at_every_venue(deeds):
    tell_everywhere(deeds)


@pytest.mark.long
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(DEEDS, min_size=5, max_size=25))
def test_the_same_long_life_is_told_in_the_same_words_at_every_venue(deeds):
    tell_everywhere(deeds)
