from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError, LedgerError
from core.execution.orders import Fill
from core.ledger.fifo import Book, apply_fills
from storage.store import MemoryStore, Store

NOW = datetime(2024, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
FILL = Fill("bybit", "BTCUSDT", "e-1", "tw-1", "buy", Decimal("0.001"), Decimal("42000.5"), Decimal("0.02"), "trade", NOW)


def fill(number, minutes=0):
    return replace(FILL, exec_id=f"e-{number}", at=NOW + timedelta(minutes=minutes))


def test_booking_twice_is_booking_once(store):
    assert store.fills.book([FILL]) == (FILL,)
    assert store.fills.book([FILL]) == ()
    assert store.fills.all() == (FILL,)


def test_only_the_new_fills_are_returned_in_the_order_given(store):
    store.fills.book([fill(2)])
    assert store.fills.book([fill(3), fill(2), fill(1), fill(3)]) == (fill(3), fill(1))


def test_the_same_exec_id_on_another_symbol_is_another_fill(store):
    other = replace(FILL, symbol="ETHUSDT")
    assert len(store.fills.book([FILL, other])) == 2


def test_fills_come_back_oldest_first(store):
    store.fills.book([fill(1, minutes=5), fill(2, minutes=1), fill(4, minutes=3), fill(3, minutes=3)])
    assert [f.exec_id for f in store.fills.all()] == ["e-2", "e-3", "e-4", "e-1"]


def test_since_includes_its_moment(store):
    store.fills.book([fill(1), fill(2, minutes=1), fill(3, minutes=2)])
    assert [f.exec_id for f in store.fills.since(NOW + timedelta(minutes=1))] == ["e-2", "e-3"]


def test_times_come_back_in_utc_to_the_microsecond(store):
    store.fills.book([replace(FILL, at=NOW.astimezone(ZoneInfo("Asia/Tokyo")))])
    assert store.fills.all()[0].at == NOW


def test_booking_nothing_is_harmless(store):
    assert store.fills.book([]) == ()


@pytest.mark.parametrize("amount", ["1e-19", "123456789012345678901", "NaN", "Infinity", "1.0000000000000000001"])
def test_an_amount_that_would_lose_a_digit_is_refused(store, amount):
    with pytest.raises(LedgerError, match=r"Fill\.fee"):
        store.fills.book([fill(1), replace(fill(2), fee=Decimal(amount))])
    assert store.fills.all() == ()


def test_a_moment_without_a_time_zone_is_refused(store):
    with pytest.raises(ConfigError, match=r"Fill\.at"):
        store.fills.book([replace(FILL, at=NOW.replace(tzinfo=None))])


AMOUNTS = st.decimals(min_value=-(10**19), max_value=10**19, places=18) | st.decimals(-1000, 1000, places=3)


@settings(max_examples=15, deadline=None)
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=8))
def test_amounts_come_back_to_the_last_digit(tmp_path_factory, amounts):
    fills = tuple(replace(fill(n), fee=amount) for n, amount in enumerate(amounts))
    for store in (Store(tmp_path_factory.mktemp("var")), MemoryStore()):
        store.fills.book(fills)
        assert store.fills.all() == fills


KINDS = ("trade", "funding", "liquidation", "settlement", "transfer", "adjustment")
FILLS = st.builds(
    Fill,
    venue=st.sampled_from(["bybit", "other"]),
    symbol=st.sampled_from(["BTCUSDT", "ETHUSDT"]),
    exec_id=st.uuids().map(str),
    link=st.sampled_from(["tw-1", "tw-2", ""]),
    side=st.sampled_from(["buy", "sell"]),
    quantity=st.decimals(Decimal("0.001"), 100, places=3),
    price=st.decimals(1, 1000, places=2),
    fee=st.decimals(-5, 5, places=4),
    kind=st.sampled_from(KINDS),
    at=st.integers(0, 1000).map(lambda minutes: NOW + timedelta(minutes=minutes)),
)


@settings(max_examples=15, deadline=None)
@given(fills=st.lists(FILLS, max_size=12), links=st.lists(st.sampled_from(["tw-1", "tw-2", "tw-3", ""]), unique=True))
def test_what_the_database_adds_up_is_what_the_fold_over_the_fills_gives(tmp_path_factory, fills, links):
    """And the quantities and the money are those of the FIFO books: nothing is stored that the fills do not say."""
    duck, memory = Store(tmp_path_factory.mktemp("var")), MemoryStore()
    for store in (duck, memory):
        store.fills.book(fills)
    one, other = duck.fills.totals("bybit"), memory.fills.totals("bybit")
    assert one == replace(other, cash=pytest.approx(other.cash))
    assert duck.fills.filled("bybit", links) == memory.fills.filled("bybit", links)
    mine = [fill for fill in duck.fills.all() if fill.venue == "bybit"]
    book = apply_fills(Book(), mine)
    assert {symbol: quantity for symbol, quantity in book.quantities.items() if quantity} == one.quantities
    cost = sum(lot.quantity * lot.price for lots in book.lots.values() for lot in lots)
    explained = book.realised - book.fees - book.funding + book.transferred - cost
    assert one.cash == pytest.approx(float(explained), abs=1e-6)
    assert one.transferred == book.transferred


def test_money_that_moved_is_no_fill_of_an_order(store):
    store.fills.book([replace(fill(1), kind="funding"), replace(fill(2), kind="trade")])
    assert store.fills.filled("bybit", ["tw-1"]) == {"tw-1": FILL.quantity}
