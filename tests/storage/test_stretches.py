"""Which parts of every series are stored, on both twins."""

import numpy as np
import polars as pl
import pytest

from core.market.spans import runs
from core.market.timeframe import HOUR as HOUR_MS
from core.market.timeframe import milliseconds
from storage.stretches import PACK, Period
from tests.storage.test_bars import HOUR, START, frame, settlements


def span(first, last):
    return [milliseconds(START + first * HOUR), milliseconds(START + last * HOUR)]


def test_stretches_end_where_a_bar_is_missing(store):
    store.bars.merge(pl.concat([frame(hours=[0, 1, 2, 5, 7, 8]), frame("ETHUSDT", hours=[3])]))
    found = store.stretches.bars("bybit", "1h")
    assert found["BTCUSDT"].tolist() == [span(0, 3), span(5, 6), span(7, 9)]
    assert found["ETHUSDT"].tolist() == [span(3, 4)]


def test_only_the_period_and_the_symbols_asked_for_count(store):
    store.bars.merge(pl.concat([frame(hours=range(10)), frame("ETHUSDT", hours=range(10))]))
    period = Period(START + 2 * HOUR, START + 5 * HOUR)
    found = store.stretches.bars("bybit", "1h", period, ("BTCUSDT",))
    assert {symbol: each.tolist() for symbol, each in found.items()} == {"BTCUSDT": [span(2, 5)]}
    assert store.stretches.bars("bybit", "4h") == store.stretches.bars("binance", "1h") == {}


@pytest.mark.parametrize("seed", range(3))
def test_stretches_are_the_runs_of_the_bars_however_long(store, seed):
    rng = np.random.default_rng(seed)
    hours = np.flatnonzero(rng.random(5 * PACK) > 0.002)
    store.bars.merge(frame(hours=hours.tolist()))
    expected = runs(milliseconds(START) + hours * HOUR_MS, HOUR_MS)
    assert store.stretches.bars("bybit", "1h")["BTCUSDT"].tolist() == expected.tolist()


def test_sources_are_counted_the_most_first(store):
    other = frame(hours=range(4, 6)).with_columns(source=pl.lit("binance-usdm"))
    store.bars.merge(pl.concat([frame(hours=range(4)), other]))
    assert store.stretches.sources("bybit", "1h") == {"BTCUSDT": (("test", 4), ("binance-usdm", 2))}
    late = store.stretches.sources("bybit", "1h", Period(START + 4 * HOUR))
    assert late == {"BTCUSDT": (("binance-usdm", 2),)}


def test_settlements_are_moments_oldest_first(store):
    store.funding.merge(settlements(START + 16 * HOUR, START + 8 * HOUR))
    moments = store.stretches.settlements("bybit")["BTCUSDT"].tolist()
    assert moments == [milliseconds(START + 8 * HOUR), milliseconds(START + 16 * HOUR)]
