"""The world the simulated exchange is put into: a bar is lived through its four prices, and nothing after now shows."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.exchange.events import OrderSubmitted
from core.exchange.path import bar_path
from core.exchange.state import Terms, open_account
from core.execution.orders import OrderRequest
from core.market.timeframe import HOUR
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.world import PanelWorld
from tests.tasks.venues.market import START, hours, instruments, panel

QUARTER = HOUR // 4


@pytest.fixture
def world():
    return PanelWorld(panel(), instruments())


def simulated(**more):
    exchange = SimulatedExchange(PanelWorld(panel(), instruments(), **more), open_account("t", Decimal(10_000), Terms()))
    exchange.advance_to(hours(2))
    return exchange


def place(exchange, link, side="buy", quantity="1", **more):
    exchange.apply(OrderSubmitted(OrderRequest(link, "AAAUSDT", side, Decimal(quantity), reduce_only=False, **more)))


def status(exchange, link):
    order = exchange.state.orders[exchange.state.links[link]]
    return order.status, order.filled


def test_a_bar_is_lived_through_open_nearer_extreme_farther_extreme_and_close(world):
    lived = [world.price("AAAUSDT", hours(5) + part * QUARTER) for part in range(5)]
    assert lived == [105.0, 104.0, 107.0, 106.0, 106.0]
    assert tuple(lived[:4]) == bar_path(105.0, 107.0, 104.0, 106.0)
    assert world.price("AAAUSDT", hours(6) - 1) == 106.0


def test_there_is_no_price_before_the_first_bar_nor_where_there_is_none_and_the_last_close_stays(world):
    assert world.price("AAAUSDT", START - 1) is None
    assert world.price("CCCUSDT", hours(23)) is None
    assert world.price("NOPEUSDT", hours(23)) is None
    assert world.price("AAAUSDT", hours(10_000)) == 220.0


@given(st.integers(-3 * HOUR, 125 * HOUR), st.integers(0, 130 * HOUR))
def test_prices_move_at_the_quarters_of_bars_and_at_the_last_close(after, length):
    world = PanelWorld(panel(), instruments())
    quarters = range(START, hours(120) + 1, QUARTER)
    expected = [moment for moment in quarters if START + after < moment <= START + after + length]
    assert list(world.opens(START + after, START + after + length)) == expected


@given(st.integers(0, 119 * HOUR))
def test_an_open_candle_shows_the_prices_lived_so_far_and_no_other(elapsed):
    world = PanelWorld(panel(), instruments())
    now = START + elapsed
    opened = now // HOUR * HOUR
    (candle,) = world.bars("AAAUSDT", "1h", opened, opened, now)
    lived = [world.price("AAAUSDT", moment) for moment in range(opened, now + 1, QUARTER)]
    assert candle[1:5].tolist() == [lived[0], max(lived), min(lived), lived[-1]]


def test_a_limit_inside_a_bar_fills_at_it_and_a_stop_inside_a_bar_wakes():
    exchange = simulated()
    place(exchange, "limit", price=Decimal("101.5"))
    place(exchange, "stop", trigger=Decimal("103.5"))
    exchange.advance_to(hours(2) + QUARTER)
    assert (status(exchange, "limit"), status(exchange, "stop")) == (("filled", 1), ("open", 0))
    exchange.advance_to(hours(2) + 2 * QUARTER)
    assert status(exchange, "stop") == ("filled", 1)


def test_a_share_of_the_volume_is_offered_once_a_move_however_often_the_exchange_looks():
    exchange = simulated(participation=0.4)  # of 7 an hour: 0.7 in each quarter
    place(exchange, "first", quantity="0.5")
    for second in range(1, 5):
        exchange.advance_to(hours(2) + 1_000 * second)
    place(exchange, "second", quantity="0.5")
    assert (status(exchange, "first"), status(exchange, "second")) == (
        ("filled", Decimal("0.5")),
        ("cancelled", Decimal("0.2")),
    )
    exchange.advance_to(hours(2) + QUARTER)
    place(exchange, "third", quantity="0.5")
    assert status(exchange, "third") == ("filled", Decimal("0.5"))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 20 * HOUR), max_size=12), st.sampled_from([None, 0.1]))
def test_many_small_steps_and_one_leap_come_to_the_same(steps, participation):
    ends = []
    for stops in (np.cumsum(steps).tolist(), []):
        exchange = simulated(participation=participation)
        place(exchange, "a", quantity="3")
        place(exchange, "b", quantity="5", price=Decimal("101.5"), stop_loss=Decimal(90))
        place(exchange, "c", side="sell", quantity="4", trigger=Decimal(110))
        for stop in (*(hours(2) + step for step in stops), hours(2) + sum(steps)):
            exchange.advance_to(stop)
        ends.append(exchange.state)
    assert ends[0].wallet == ends[1].wallet
    assert ends[0] == ends[1]
