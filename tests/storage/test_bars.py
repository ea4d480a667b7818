from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from core.errors import ConfigError, DataError
from core.market.timeframe import milliseconds

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def frame(symbol="BTCUSDT", hours=range(4), close=100.0, timeframe="1h", venue="bybit"):
    hours = list(hours)
    price = [close + hour for hour in hours]
    return pl.DataFrame(
        {
            "venue": venue,
            "symbol": symbol,
            "timeframe": timeframe,
            "open_time": pl.Series([START + hour * HOUR for hour in hours], dtype=pl.Datetime("ms", "UTC")),
            "open": price,
            "high": [p + 2 for p in price],
            "low": [p - 2 for p in price],
            "close": [p + 1 for p in price],
            "volume": [10.0] * len(hours),
            "source": "test",
        }
    )


def settlements(*moments, rate=0.0001, symbol="BTCUSDT"):
    return pl.DataFrame(
        {
            "venue": "bybit",
            "symbol": symbol,
            "settled_at": pl.Series(list(moments), dtype=pl.Datetime("ms", "UTC")),
            "rate": rate,
            "source": "test",
        }
    )


def test_new_bars_are_inserted_and_the_same_bars_again_change_nothing(store):
    first, again = store.bars.merge(frame()), store.bars.merge(frame())
    assert (first.new, first.same, first.differing_count) == (4, 0, 0)
    assert (again.new, again.same, again.differing_count) == (0, 4, 0)


def test_an_overlapping_frame_adds_only_what_is_new(store):
    store.bars.merge(frame(hours=range(4)))
    merge = store.bars.merge(frame(hours=range(2, 6)))
    assert (merge.new, merge.same) == (2, 2)
    assert store.bars.series()[0].bars == 6


def test_a_differing_bar_is_reported_and_the_stored_one_stays(store):
    store.bars.merge(frame(close=100.0))
    merge = store.bars.merge(frame(hours=[2, 9], close=500.0))
    (difference,) = merge.differing
    assert (merge.new, merge.same, merge.differing_count) == (1, 0, 1)
    assert (difference.symbol, difference.timeframe, difference.open_time) == ("BTCUSDT", "1h", START + 2 * HOUR)
    assert difference.stored == (102.0, 104.0, 100.0, 103.0, 10.0)
    assert difference.offered == (502.0, 504.0, 500.0, 503.0, 10.0)
    assert store.bars.panel("bybit", "1h").open[2, 0] == 102.0


def test_many_differences_are_counted_and_twenty_are_shown(store):
    store.bars.merge(frame(hours=range(50)))
    merge = store.bars.merge(frame(hours=range(50), close=7.0))
    assert merge.differing_count == 50
    assert [d.open_time for d in merge.differing] == [START + i * HOUR for i in range(20)]


def test_an_empty_frame_merges_to_nothing(store):
    assert store.bars.merge(frame().clear()).new == 0


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: f.drop("close"), "column close is missing"),
        (lambda f: f.with_columns(pl.col("open").cast(pl.String)), "column open is String, expected Float64"),
        (lambda f: f.with_columns(pl.col("open_time").dt.replace_time_zone(None)), "column open_time is Datetime"),
        (lambda f: f.with_columns(high=pl.lit(None, dtype=pl.Float64)), r"2024-01-01 00:00:00\+00:00 has an empty cell"),
        (lambda f: f.with_columns(low=pl.lit(float("nan"))), "is not all finite"),
        (lambda f: pl.concat([f, f.tail(1)]), r"2024-01-01 03:00:00\+00:00 is there twice"),
        (lambda f: f.with_columns(close=pl.lit(float("inf"))), "is not all finite"),
        (lambda f: f.with_columns(pl.col("open_time").dt.offset_by("5m")), "00:05 UTC: .* must open on the grid"),
        (
            lambda f: f.with_columns(open=pl.lit(0.0)),
            "00:00 UTC: open = 0.0, but open must be positive; 4 of 4 rows",
        ),
        (lambda f: f.with_columns(low=pl.lit(-1.0)), "low = -1.0, but low must be positive"),
        (lambda f: f.with_columns(volume=pl.lit(-1.0)), "volume may not be negative"),
        (lambda f: f.with_columns(high=pl.col("low") - 1), "high may not be below low"),
        (lambda f: f.with_columns(close=pl.col("high") * 2), "close must lie between low and high"),
    ],
)
def test_a_frame_that_cannot_be_stored_is_refused_whole(store, spoil, complaint):
    with pytest.raises(DataError, match=complaint) as caught:
        store.bars.merge(spoil(frame()))
    assert "\n" not in str(caught.value)
    assert store.bars.series() == ()


def test_bars_may_come_in_any_order(store):
    store.bars.merge(frame(hours=[3, 0, 2, 1]))
    assert store.bars.panel("bybit", "1h").open[:, 0].tolist() == [100.0, 101.0, 102.0, 103.0]


def test_an_unknown_timeframe_is_refused(store):
    with pytest.raises(ConfigError, match="'7m'"):
        store.bars.merge(frame(timeframe="7m"))


def test_series_count_the_bars_missing_between_first_and_last(store):
    store.bars.merge(pl.concat([frame("ETHUSDT", hours=[0, 1, 5]), frame("BTCUSDT", hours=[3])]))
    btc, eth = store.bars.series()
    assert (btc.symbol, btc.bars, btc.gaps) == ("BTCUSDT", 1, 0)
    assert (eth.symbol, eth.first, eth.last, eth.bars, eth.gaps) == ("ETHUSDT", START, START + 5 * HOUR, 3, 3)


def test_the_newest_bar_is_told_per_symbol(store):
    store.bars.merge(pl.concat([frame("ETHUSDT", hours=[0, 5]), frame("BTCUSDT", hours=[3])]))
    store.bars.merge(frame("BTCUSDT", hours=[9], venue="binance"))
    newest = store.bars.newest("bybit", "1h")
    assert newest == {"BTCUSDT": START + 3 * HOUR, "ETHUSDT": START + 5 * HOUR}
    assert all(moment.tzinfo is UTC for moment in newest.values())
    assert store.bars.newest("bybit", "1d") == {}


def test_a_panel_is_a_grid_without_holes_and_symbols_in_order(store):
    store.bars.merge(pl.concat([frame("ETHUSDT", hours=[1, 4]), frame("BTCUSDT", hours=[2, 3])]))
    panel = store.bars.panel("bybit", "1h")
    assert panel.symbols == ("BTCUSDT", "ETHUSDT")
    assert panel.open_time.tolist() == [milliseconds(START + h * HOUR) for h in (1, 2, 3, 4)]
    nan = np.nan
    np.testing.assert_array_equal(panel.open, [[nan, 101], [102, nan], [103, nan], [nan, 104]])
    np.testing.assert_array_equal(panel.close - panel.open, [[nan, 1], [1, nan], [1, nan], [nan, 1]])
    np.testing.assert_array_equal(panel.volume, [[nan, 10], [10, nan], [10, nan], [nan, 10]])
    assert (panel.funding == 0).all()


def test_a_panel_holds_the_bars_that_open_from_start_until_before_end(store):
    store.bars.merge(frame(hours=range(10)))
    panel = store.bars.panel("bybit", "1h", START + 2 * HOUR, START + 5 * HOUR)
    assert panel.open[:, 0].tolist() == [102.0, 103.0, 104.0]


def test_a_range_may_be_given_in_any_time_zone(store):
    store.bars.merge(frame(hours=range(10)))
    start = (START + 2 * HOUR).astimezone(ZoneInfo("America/New_York"))
    assert store.bars.panel("bybit", "1h", start).open[0, 0] == 102.0


def test_a_symbol_without_a_bar_in_the_range_is_left_out(store):
    store.bars.merge(pl.concat([frame("ETHUSDT", hours=[0]), frame("BTCUSDT", hours=range(5))]))
    assert store.bars.panel("bybit", "1h", START + HOUR).symbols == ("BTCUSDT",)


def test_only_the_symbols_asked_for_are_in_the_panel(store):
    store.bars.merge(pl.concat([frame(name) for name in ("AUSDT", "BUSDT", "CUSDT")]))
    assert store.bars.panel("bybit", "1h", symbols=("CUSDT", "AUSDT")).symbols == ("AUSDT", "CUSDT")


@pytest.mark.parametrize(
    ("minute", "row"),
    [(60, 0), (61, 1), (120, 1), (0, None), (241, None)],
    ids=["at a close", "just after it", "at the next close", "at the first open", "after the last close"],
)
def test_a_rate_belongs_to_the_bar_that_ends_at_or_after_its_settlement(store, minute, row):
    store.bars.merge(frame(hours=range(4)))
    store.funding.merge(settlements(START + timedelta(minutes=minute)))
    expected = [0.0] * 4
    if row is not None:
        expected[row] = 0.0001
    assert store.bars.panel("bybit", "1h").funding[:, 0].tolist() == expected


def test_a_settlement_stamped_seconds_late_still_belongs_to_the_bar_it_closes(store):
    store.bars.merge(frame(hours=range(4)))
    store.funding.merge(settlements(START + HOUR + timedelta(seconds=7)))
    assert store.bars.panel("bybit", "1h").funding[:, 0].tolist() == [0.0001, 0.0, 0.0, 0.0]


def test_several_settlements_in_one_bar_add_up(store):
    store.bars.merge(frame(hours=[0, 24], timeframe="1d"))
    store.funding.merge(settlements(*(START + h * HOUR for h in (8, 16, 24)), rate=0.25))
    store.funding.merge(settlements(START + 8 * HOUR, symbol="ETHUSDT"))
    assert store.bars.panel("bybit", "1d").funding[:, 0].tolist() == [0.75, 0.0]


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (("okx", "1h"), "bars: none of okx 1h; stored: bybit 1h"),
        (("bybit", "7m"), "bars: none of bybit 7m; stored: bybit 1h"),
        (("bybit", "1h", START + 9 * HOUR), "from 2024-01-01 09:00; stored: 1 symbols, 2024-01-01 00:00 to"),
        (("bybit", "1h", None, None, ("XUSDT",)), "none of bybit 1h XUSDT; stored: 1 symbols"),
    ],
)
def test_a_panel_of_nothing_is_refused_with_what_is_there(store, asked, complaint):
    store.bars.merge(frame())
    with pytest.raises(DataError, match=complaint):
        store.bars.panel(*asked)


def test_an_empty_store_says_so(store):
    with pytest.raises(DataError, match="nothing yet, import or ingest first"):
        store.bars.panel("bybit", "1h")


def test_a_range_without_a_time_zone_is_refused(store):
    with pytest.raises(ConfigError, match="no time zone"):
        store.bars.panel("bybit", "1h", datetime(2024, 1, 1))  # noqa: DTZ001
