"""Panels of a timeframe that is not stored: both twins against a slow reference that reads like the contract."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.market.timeframe import MINUTE, TIMEFRAMES, milliseconds
from storage.store import MemoryStore, Store
from tests.storage.minutes import START, at, bars, settlements

PRICES = ("open", "high", "low", "close", "volume")


def slow(frame, minutes, start, end):
    """Bars of `minutes` out of minute bars: symbol and open minute to (open, high, low, close, volume)."""
    out = {}
    for symbol in sorted(set(frame["symbol"])):
        parts = {}
        rows = frame.filter(pl.col("symbol") == symbol).sort("open_time").select("open_time", *PRICES).rows()
        for opened, *prices in rows:
            parts.setdefault((opened - START) // timedelta(minutes=minutes) * minutes, []).append(prices)
        data_ends = (rows[-1][0] - START) // timedelta(minutes=1) + 1
        for opens, found in parts.items():
            if start <= opens < end and opens + minutes <= data_ends:
                first, high, low, last, volume = zip(*found, strict=True)
                out[symbol, opens] = first[0], max(high), min(low), last[-1], sum(volume)
    return out


def shown(panel):
    """What a panel holds, in the same form."""
    opened = (panel.open_time - milliseconds(START)) // MINUTE
    return {
        (symbol, int(opened[t])): tuple(float(getattr(panel, name)[t, i]) for name in PRICES)
        for i, symbol in enumerate(panel.symbols)
        for t in range(len(panel))
        if np.isfinite(panel.close[t, i])
    }


def same(panel, expected):
    found = shown(panel)
    assert found.keys() == expected.keys()
    for key, numbers in expected.items():
        assert found[key][:4] == numbers[:4]
        assert found[key][4] == pytest.approx(numbers[4], rel=1e-12)


MINUTES = st.sets(st.integers(0, 240), min_size=1, max_size=60)
RUNS = st.builds(lambda first, length, holes: set(range(first, first + length)) - holes, *[st.integers(0, 99)] * 2, MINUTES)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["AUSDT", "BUSDT", "CUSDT"]), st.one_of(RUNS, MINUTES).filter(bool), min_size=1),
    st.sampled_from(["3m", "5m", "15m", "1h", "2h", "1d"]),
    st.integers(-10, 250),
    st.integers(0, 300),
)
def test_both_twins_resample_as_the_slow_reference_does(tmp_path_factory, held, timeframe, start, length):
    frame = pl.concat(bars(symbol, minutes) for symbol, minutes in held.items())
    expected = slow(frame, TIMEFRAMES[timeframe] // MINUTE, start, start + length)
    for twin in (Store(tmp_path_factory.mktemp("duck")), MemoryStore()):
        twin.bars.merge(frame)
        if expected:
            same(twin.bars.panel("bybit", timeframe, at(start), at(start + length)), expected)
        else:
            with pytest.raises(DataError, match=f"none of bybit {timeframe} from"):
                twin.bars.panel("bybit", timeframe, at(start), at(start + length))


def test_a_bar_is_made_of_the_first_open_the_extremes_the_last_close_and_all_volume(store):
    store.bars.merge(bars(minutes=range(60)))
    panel, whole = store.bars.panel("bybit", "1h"), store.bars.panel("bybit", "1m")
    assert (panel.timeframe, panel.close.shape) == ("1h", (1, 1))
    assert panel.open[0] == whole.open[0]
    assert panel.close[0] == whole.close[-1]
    assert (panel.high[0], panel.low[0]) == (whole.high.max(), whole.low.min())
    assert panel.volume[0, 0] == pytest.approx(whole.volume.sum(), rel=1e-12)


@pytest.mark.parametrize(("minutes", "hours"), [(range(120), 2), (range(119), 1), ([*range(59), 60], 1), ([0, 119], 2)])
def test_an_hour_that_its_minutes_do_not_reach_the_end_of_is_not_given(store, minutes, hours):
    store.bars.merge(bars(minutes=minutes))
    assert len(store.bars.panel("bybit", "1h")) == hours


def test_no_bar_is_given_while_none_is_closed(store):
    store.bars.merge(bars(minutes=range(59)))
    with pytest.raises(DataError, match="none of bybit 1h; stored: 1 symbols, 2024-01-01 00:00 to 2024-01-01 00:58"):
        store.bars.panel("bybit", "1h")


def test_a_symbol_that_ends_within_an_hour_is_without_that_hour(store):
    store.bars.merge(pl.concat([bars("AUSDT", range(180)), bars("BUSDT", range(90))]))
    assert np.isfinite(store.bars.panel("bybit", "1h").close).tolist() == [[True, True], [True, False], [True, False]]
    assert store.bars.panel("bybit", "1h", symbols=("BUSDT",)).close.shape == (1, 1)


def test_an_hour_without_a_minute_is_a_hole(store):
    store.bars.merge(bars(minutes=[*range(60), *range(120, 180)]))
    assert np.isfinite(store.bars.panel("bybit", "1h").close[:, 0]).tolist() == [True, False, True]


@settings(max_examples=10, deadline=None)
@given(RUNS.filter(bool), st.integers(1, 240))
def test_newer_bars_never_change_a_bar_that_was_given(tmp_path_factory, minutes, cut):
    for twin in (Store(tmp_path_factory.mktemp("duck")), MemoryStore()):
        twin.bars.merge(bars(minutes=[minute for minute in minutes if minute < cut]))
        try:
            before = shown(twin.bars.panel("bybit", "5m"))
        except DataError:
            continue  # not one is closed
        twin.bars.merge(bars(minutes=minutes))
        after = shown(twin.bars.panel("bybit", "5m"))
        assert before.items() <= after.items()


def test_a_range_cuts_whole_bars_out_of_the_same_panel(store):
    store.bars.merge(bars(minutes=set(range(600)) - set(range(170, 200)) - {299}))
    whole = store.bars.panel("bybit", "1h")
    for start, end in [(0, 300), (59, 301), (60, 299), (61, 540)]:
        first, stop = -(-start // 60), -(-end // 60)
        assert store.bars.panel("bybit", "1h", at(start), at(end)).data_hash == whole.rows(first, stop).data_hash


def test_stored_bars_win_over_bars_that_could_be_made(store):
    store.bars.merge(bars(minutes=range(120)))
    stored = bars(minutes=[0], timeframe="1h", seed=9)
    store.bars.merge(stored)
    panel = store.bars.panel("bybit", "1h")
    assert (len(panel), panel.close[0, 0]) == (1, stored["close"][0])


def test_bars_are_made_of_the_longest_ones_that_are_there_in_the_range(store):
    store.bars.merge(bars(minutes=range(480)))
    quarters = bars(minutes=range(0, 240, 15), timeframe="15m", seed=9)
    store.bars.merge(quarters)
    store.bars.merge(bars(minutes=[0, 30], timeframe="30m", venue="okx"))
    early = store.bars.panel("bybit", "1h", at(0), at(240))
    assert early.close[:, 0].tolist() == quarters["close"].gather([3, 7, 11, 15]).to_list()
    late = store.bars.panel("bybit", "1h", at(240))
    assert late.close[:, 0].tolist() == bars(minutes=range(480))["close"].gather([299, 359, 419, 479]).to_list()


@pytest.mark.parametrize(("stored", "asked"), [("3m", "5m"), ("1h", "30m"), ("2h", "1h"), ("4h", "6h")])
def test_bars_are_not_made_of_what_does_not_divide_them(store, stored, asked):
    step = TIMEFRAMES[stored] // MINUTE
    store.bars.merge(bars(minutes=range(0, 20 * step, step), timeframe=stored))
    with pytest.raises(DataError, match=f"none of bybit {asked}; stored: bybit {stored}"):
        store.bars.panel("bybit", asked)


def test_funding_belongs_to_the_bar_it_is_settled_in_whatever_the_bar_is_made_of(store):
    store.bars.merge(bars(minutes=range(240)))
    store.funding.merge(settlements("BTCUSDT", [0, 60, 61, 120, 240, 241]))
    assert store.bars.panel("bybit", "1h").funding[:, 0].tolist() == [0.0001, 0.0002, 0.0, 0.0001]


def test_only_what_is_stored_is_listed(store):
    store.bars.merge(bars(minutes=range(120)))
    store.bars.panel("bybit", "1h")
    assert [series.timeframe for series in store.bars.series()] == ["1m"]
    assert store.bars.newest("bybit", "1h") == {}


def test_the_order_in_which_bars_arrive_does_not_change_a_bit(tmp_path):
    frame = pl.concat([bars("AUSDT", range(1440)), bars("BUSDT", range(1440))])
    hashes = set()
    for n in range(3):
        store = Store(tmp_path / str(n))
        mixed = frame.sample(fraction=1.0, shuffle=True, seed=n)
        store.bars.merge(mixed.head(2000))
        store.bars.merge(mixed.tail(880))
        hashes |= {store.bars.panel("bybit", timeframe).data_hash for timeframe in ("4h", "1d")}
    assert len(hashes) == 2
