from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError, LedgerError
from core.execution.orders import Fill
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
