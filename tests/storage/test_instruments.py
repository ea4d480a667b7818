from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core.market.instrument import Instrument

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=n) for n in (1, 2, 3))
BTC = Instrument("bybit", "BTCUSDT", Decimal("0.10"), Decimal("0.001"), Decimal("0.001"), Decimal(5))
ETH = replace(BTC, symbol="ETHUSDT", tick=Decimal("0.01"))
FINER = replace(BTC, tick=Decimal("0.01"))


def test_seeing_the_same_rules_again_moves_only_last_seen(store):
    assert store.instruments.record([BTC, ETH], MONDAY) == 2
    assert store.instruments.record([BTC], WEDNESDAY) == 0
    known = store.instruments.known("bybit")
    assert known["BTCUSDT"].instrument == BTC
    assert (known["BTCUSDT"].first_seen, known["BTCUSDT"].last_seen) == (MONDAY, WEDNESDAY)
    assert known["ETHUSDT"].last_seen == MONDAY


def test_changed_rules_start_a_new_version_and_the_old_one_stays_known_for_its_time(store):
    store.instruments.record([BTC], MONDAY)
    store.instruments.record([BTC], TUESDAY)
    assert store.instruments.record([FINER], WEDNESDAY) == 1
    assert store.instruments.known("bybit")["BTCUSDT"].instrument == FINER
    assert store.instruments.as_of("bybit", TUESDAY)["BTCUSDT"].instrument == BTC
    assert store.instruments.as_of("bybit", THURSDAY)["BTCUSDT"].first_seen == WEDNESDAY


def test_rules_that_return_are_a_third_version(store):
    for rules, day in ((BTC, MONDAY), (FINER, TUESDAY), (BTC, WEDNESDAY)):
        assert store.instruments.record([rules], day) == 1
    assert store.instruments.as_of("bybit", TUESDAY)["BTCUSDT"].instrument == FINER
    assert store.instruments.known("bybit")["BTCUSDT"].first_seen == WEDNESDAY


def test_before_its_first_sighting_a_symbol_is_not_known(store):
    store.instruments.record([BTC], TUESDAY)
    assert store.instruments.as_of("bybit", MONDAY) == {}


def test_an_older_sighting_teaches_nothing(store):
    store.instruments.record([BTC], WEDNESDAY)
    assert store.instruments.record([FINER], TUESDAY) == 0
    assert store.instruments.known("bybit")["BTCUSDT"].instrument == BTC


def test_venues_do_not_mix(store):
    store.instruments.record([BTC, replace(BTC, venue="binance", step=Decimal(1))], MONDAY)
    assert store.instruments.known("bybit")["BTCUSDT"].instrument == BTC
    assert store.instruments.known("okx") == {}
