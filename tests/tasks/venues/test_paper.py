"""Paper accounts: durable, deterministic, honest about time."""

from decimal import Decimal

import numpy as np
import pytest

from core.errors import ConfigError, DataError, StoreError
from core.exchange.memory import load
from core.exchange.money import equity
from core.exchange.state import Terms
from core.execution.orders import Accepted, NotFound, OrderRequest, Unknown
from core.market.timeframe import utc
from tasks import clock
from tasks.venues.paper import paper_venue
from tasks.venues.simulated.world import PanelWorld
from tests.tasks.venues.market import START, MemoryBook, hours, instruments, panel, paper


def buy(link, quantity="1"):
    return OrderRequest(link, "AAAUSDT", "buy", Decimal(quantity), reduce_only=False)


def test_an_account_is_kept_between_processes():
    book = MemoryBook()
    with paper(book) as first:
        first.exchange.advance_to(hours(2))
        first.venue.submit(buy("a"))
        before = first.venue.account()
    with paper(book, balance=1) as second:
        assert second.venue.account().equity == before.equity
        assert isinstance(second.venue.submit(buy("a")), Unknown)
        assert [fill.link for fill in second.venue.fills_since(utc(START))] == ["a"]


def test_a_change_is_kept_before_its_reply_leaves():
    book = MemoryBook()
    with paper(book) as desk:
        desk.exchange.advance_to(hours(2))
        seen = []
        desk.server.tamper = lambda path, honest: seen.append(dict(load(book.kept["test"]).links)) or honest
        desk.venue.submit(buy("a"))
    assert "a" in seen[-1]


def test_a_change_that_cannot_be_kept_has_not_happened():
    class FullDisk(MemoryBook):
        def save(self, account, json):
            if '"a"' in json:
                raise StoreError("trading.duckdb: no space left")
            super().save(account, json)

    with paper(FullDisk()) as desk:
        desk.exchange.advance_to(hours(2))
        answer = desk.venue.submit(buy("a"))
        assert isinstance(answer, Unknown)
        assert "no space left" in answer.reason
        assert isinstance(desk.venue.lookup("a", "AAAUSDT"), NotFound)


def test_a_restart_lives_through_what_it_missed():
    book = MemoryBook()
    with paper(book) as desk:
        desk.exchange.advance_to(hours(2))
        desk.venue.submit(buy("a"))
        kept = book.kept["test"]
        desk.exchange.advance_to(hours(20))
        whole = desk.exchange.state
    book.kept["test"] = kept
    with paper(book) as again:
        again.exchange.advance_to(hours(20))
        assert again.exchange.state == whole


def test_small_steps_and_one_leap_through_time_come_to_the_same():
    ends = []
    for steps in (range(3, 61), [60]):
        with paper() as desk:
            desk.exchange.advance_to(hours(2))
            desk.venue.submit(buy("a"))
            for hour in steps:
                desk.exchange.advance_to(hours(hour))
            ends.append(desk.exchange.state)
    assert ends[0] == ends[1]
    assert len([row for row in ends[0].executions if row.kind == "funding"]) == 7


def test_the_wallet_at_the_end_is_what_the_panel_says():
    with paper(terms=Terms(Decimal(0), Decimal(0), Decimal(0))) as desk:
        desk.exchange.advance_to(hours(2))
        desk.venue.submit(buy("a", "2"))
        desk.exchange.advance_to(hours(1_000))
        state = desk.exchange.state
    data = panel()
    settled = np.flatnonzero(data.funding[2:, 0]) + 2
    paid = sum(Decimal(repr(float(data.close[t, 0]))) * 2 * Decimal("0.0001") for t in settled)
    assert equity(state) == 10_000 + 2 * (Decimal(220) - 102) - paid


def test_new_terms_hold_for_an_old_account():
    book = MemoryBook()
    for bps, link in ((0, "a"), (100, "b")):
        with paper(book, terms=Terms(Decimal(bps), Decimal(0), Decimal(0))) as desk:
            desk.exchange.advance_to(hours(2))
            desk.venue.submit(buy(link))
            fees = [fill.fee for fill in desk.venue.fills_since(utc(START))]
    assert fees == [0, Decimal("1.02")]


def test_what_the_book_holds_must_be_an_account():
    book = MemoryBook()
    book.kept["test"] = "{}"
    with pytest.raises(StoreError, match="unreadable"), paper(book):
        pass


def test_virtual_time_does_not_run_backwards():
    with paper() as desk:
        desk.exchange.advance_to(hours(2))
        with pytest.raises(ConfigError, match="cannot go back"):
            desk.exchange.advance_to(hours(1))


def test_with_a_clock_every_request_advances_to_it():
    moments = iter(range(hours(1), hours(100), 1_000))
    last = [hours(1)]

    def ticking():
        last[0] = next(moments)
        return last[0]

    world = PanelWorld(panel(), instruments())
    with paper_venue(world, MemoryBook(), account="live", balance=Decimal(1_000), terms=Terms(), clock=ticking) as desk:
        assert desk.venue.server_time() == utc(last[0])
        assert isinstance(desk.venue.submit(buy("a")), Accepted)
        assert desk.exchange.now_ms == last[0]


def test_the_real_clock_drives_a_paper_account_after_the_data_ends():
    world = PanelWorld(panel(), instruments())
    with paper_venue(
        world, MemoryBook(), account="live", balance=Decimal(1_000), terms=Terms(), clock=clock.milliseconds
    ) as desk:
        assert abs((desk.venue.server_time() - clock.now()).total_seconds()) < 5
        assert desk.venue.prices()["AAAUSDT"] == 220.0
        assert isinstance(desk.venue.submit(buy("a")), Accepted)


def test_a_world_that_lost_the_data_of_a_held_symbol_does_not_settle_it():
    book = MemoryBook()
    with paper(book) as desk:
        desk.exchange.advance_to(hours(2))
        desk.venue.submit(buy("a"))
    smaller = PanelWorld(panel().columns([1]), instruments())
    with paper(book, world=smaller) as desk, pytest.raises(DataError, match="no data of it"):
        desk.exchange.advance_to(hours(3))
