from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from core.errors import DataError
from storage.funding import without_bars

START = datetime(2024, 1, 1, tzinfo=UTC)


def frame(*hours, rate=0.0001, symbol="BTCUSDT", late=timedelta(0)):
    moments = [START + timedelta(hours=hour) + late for hour in hours]
    return pl.DataFrame(
        {
            "venue": "bybit",
            "symbol": symbol,
            "settled_at": pl.Series(moments, dtype=pl.Datetime("ms", "UTC")),
            "rate": rate,
            "source": "test",
        }
    )


def test_merging_twice_is_merging_once(store):
    assert store.funding.merge(frame(0, 8)).new == 2
    assert store.funding.merge(frame(0, 8, 16)).same == 2
    assert store.funding.series()[0].bars == 3


def test_another_rate_is_reported_and_the_stored_one_stays(store):
    store.funding.merge(frame(0, 8))
    merge = store.funding.merge(frame(8, rate=0.5))
    (difference,) = merge.differing
    assert (merge.new, merge.same, merge.differing_count) == (0, 0, 1)
    assert (difference.timeframe, difference.open_time) == ("funding", START + timedelta(hours=8))
    assert (difference.stored, difference.offered) == ((0.0001,), (0.5,))
    assert store.funding.merge(frame(8)).same == 1


def test_two_stamps_of_one_settlement_are_the_same_settlement(store):
    store.funding.merge(frame(8))
    assert store.funding.merge(frame(8, late=timedelta(seconds=3, milliseconds=5))).same == 1
    with pytest.raises(DataError, match="twice"):
        store.funding.merge(pl.concat([frame(16), frame(16, late=timedelta(seconds=2))]))


def test_series_and_newest_tell_what_is_stored(store):
    store.funding.merge(pl.concat([frame(0, 8, 24), frame(4, symbol="ETHUSDT")]))
    btc, eth = store.funding.series()
    assert (btc.symbol, btc.timeframe, btc.bars, btc.gaps) == ("BTCUSDT", "funding", 3, 0)
    assert (btc.first, btc.last) == (START, START + timedelta(hours=24))
    assert store.funding.newest("bybit") == {"BTCUSDT": btc.last, "ETHUSDT": eth.last}
    assert store.funding.newest("okx") == {}


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: f.rename({"rate": "funding_rate"}), "funding: column rate is missing"),
        (lambda f: f.drop("settled_at"), "funding: column settled_at is missing"),
        (lambda f: f.with_columns(rate=pl.lit(float("inf"))), "is not all finite"),
    ],
)
def test_a_frame_that_cannot_be_stored_is_refused_whole(store, spoil, complaint):
    with pytest.raises(DataError, match=complaint):
        store.funding.merge(spoil(frame(0)))
    assert store.funding.series() == ()


def bars(symbol):
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), 10.0)
    hours = pl.Series([START + timedelta(hours=hour) for hour in range(9)], dtype=pl.Datetime("ms", "UTC"))
    names = {"venue": "bybit", "symbol": symbol, "timeframe": "1h", "source": "test"}
    return pl.DataFrame({"open_time": hours}).with_columns(**{name: pl.lit(value) for name, value in (names | prices).items()})


def test_funding_of_a_symbol_without_bars_is_named_and_in_no_panel(store):
    store.bars.merge(bars("BTCUSDT"))
    store.funding.merge(pl.concat([frame(8), frame(0, 8, symbol="XUSDT", rate=0.5)]))
    panel = store.bars.panel("bybit", "1h")
    assert panel.symbols == ("BTCUSDT",)
    assert panel.funding.sum() == 0.0001
    (unknown,) = without_bars(store.funding.series(), store.bars.series())
    assert (unknown.venue, unknown.symbol, unknown.bars) == ("bybit", "XUSDT", 2)


def test_funding_that_came_before_its_bars_counts_once_they_are_there(store):
    store.bars.merge(bars("BTCUSDT"))
    store.funding.merge(frame(8, symbol="XUSDT", rate=0.5))
    store.bars.merge(bars("XUSDT"))
    assert store.bars.panel("bybit", "1h").funding[:, 1].tolist() == [0.0] * 7 + [0.5, 0.0]
    assert without_bars(store.funding.series(), store.bars.series()) == ()
