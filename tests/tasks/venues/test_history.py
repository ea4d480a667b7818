"""Candles and funding: closed, complete, on the grid."""

import json

import numpy as np
import polars as pl
import pytest

from core.errors import ExchangeUnavailable
from core.market.timeframe import HOUR, utc
from tasks.venues.simulated.world import PanelWorld
from tests.tasks.venues.market import START, hours, instruments, panel, paper


def spoil(desk, path, change):
    def tamper(asked, honest):
        if asked != path:
            return honest
        reply = json.loads(honest)
        change(reply["result"])
        return json.dumps(reply).encode()

    desk.server.tamper = tamper


def test_bars_leave_the_open_candle_out_and_have_the_columns_of_storage(desk):
    frame = desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(100)))
    assert frame.schema == {
        "venue": pl.String,
        "symbol": pl.String,
        "timeframe": pl.String,
        "open_time": pl.Datetime("ms", "UTC"),
        "open": pl.Float64,
        "high": pl.Float64,
        "low": pl.Float64,
        "close": pl.Float64,
        "volume": pl.Float64,
        "source": pl.String,
    }
    assert frame["open_time"].to_list() == [utc(hours(0)), utc(hours(1))]
    assert frame.row(1)[4:9] == (101.0, 103.0, 100.0, 102.0, 7.0)


def test_a_bar_is_closed_at_its_closing_moment_and_not_before(desk):
    desk.exchange.advance_to(hours(5) - 1)
    assert len(desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(100)))) == 4
    desk.exchange.advance_to(hours(5))
    assert len(desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(100)))) == 5


def test_the_end_is_outside_and_the_start_inside(desk):
    desk.exchange.advance_to(hours(50))
    frame = desk.venue.bars("AAAUSDT", "1h", utc(hours(3)), utc(hours(6)))
    assert frame["open_time"].to_list() == [utc(hours(3)), utc(hours(4)), utc(hours(5))]
    assert desk.venue.bars("AAAUSDT", "1h", utc(hours(3)), utc(hours(3))).is_empty()


def test_more_bars_than_a_page_are_all_there():
    world = PanelWorld(panel(3_501), instruments())
    with paper(world=world) as desk:
        desk.exchange.advance_to(hours(3_500))
        frame = desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(4_000)))
    assert len(frame) == 3_500
    assert frame["close"].to_list() == [101.0 + hour for hour in range(3_500)]


def test_coarser_bars_are_gathered_and_only_whole_ones_are_closed(desk):
    desk.exchange.advance_to(hours(30))
    frame = desk.venue.bars("AAAUSDT", "1d", utc(START), utc(hours(100)))
    assert frame.row(0)[4:9] == (100.0, 125.0, 99.0, 124.0, 168.0)
    assert len(frame) == 1


def test_a_symbol_has_bars_only_from_its_listing_to_its_end(desk):
    desk.exchange.advance_to(hours(100))
    frame = desk.venue.bars("CCCUSDT", "1h", utc(START), utc(hours(100)))
    assert (frame["open_time"][0], frame["open_time"][-1], len(frame)) == (utc(hours(24)), utc(hours(47)), 24)


def test_a_finer_timeframe_than_the_market_has_is_refused(desk):
    with pytest.raises(ExchangeUnavailable, match="recorded in 1h bars"):
        desk.venue.bars("AAAUSDT", "5m", utc(START), utc(hours(1)))


def test_a_hole_of_the_market_is_served_as_flat_candles():
    data = panel()
    for part in (data.open, data.high, data.low, data.close, data.volume):
        part[10:12, 0] = np.nan
    with paper(world=PanelWorld(data, instruments())) as desk:
        desk.exchange.advance_to(hours(11))
        assert "AAAUSDT" not in desk.venue.prices()
        desk.exchange.advance_to(hours(20))
        frame = desk.venue.bars("AAAUSDT", "1h", utc(hours(9)), utc(hours(13)))
    assert frame["close"].to_list() == [110.0, 110.0, 110.0, 113.0]
    assert frame["volume"].to_list() == [7.0, 0.0, 0.0, 7.0]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda result: result["list"].pop(1), "a hole after"),
        (lambda result: result["list"].insert(1, result["list"][1]), "doubled"),
        (lambda result: result.update(symbol="ZZZUSDT"), "ZZZUSDT"),
        (lambda result: result["list"][0].__setitem__(0, str(hours(1) + 1)), "not asked for"),
        (lambda result: result["list"][0].__setitem__(0, str(hours(-5))), "not asked for"),
        (lambda result: result["list"][0].__setitem__(4, "dear"), "not numeric"),
        (lambda result: result["list"][0].__setitem__(4, "nan"), "not finite"),
        (lambda result: result["list"][0].__delitem__(4), "seven fields"),
    ],
)
def test_a_page_of_candles_that_cannot_be_right_is_refused(desk, change, complaint):
    desk.exchange.advance_to(hours(6))
    spoil(desk, "/v5/market/kline", change)
    with pytest.raises(ExchangeUnavailable, match=complaint):
        desk.venue.bars("AAAUSDT", "1h", utc(START), utc(hours(5)))


def test_funding_is_listed_at_its_settlements_oldest_first(desk):
    desk.exchange.advance_to(hours(30))
    frame = desk.venue.funding("AAAUSDT", utc(START), utc(hours(24)))
    assert frame.columns == ["venue", "symbol", "settled_at", "rate", "source"]
    assert frame["settled_at"].to_list() == [utc(hours(8)), utc(hours(16))]
    assert frame["rate"].to_list() == [0.0001, 0.0001]
    assert frame.schema["settled_at"] == pl.Datetime("ms", "UTC")


def test_more_funding_than_a_page_is_all_there():
    world = PanelWorld(panel(4_001), instruments())
    with paper(world=world) as desk:
        desk.exchange.advance_to(hours(4_000))
        frame = desk.venue.funding("AAAUSDT", utc(START), utc(hours(4_001)))
    assert len(frame) == 500
    assert frame["settled_at"].n_unique() == 500


def test_funding_a_few_seconds_late_is_put_on_the_minute(desk):
    desk.exchange.advance_to(hours(10))
    late = str(hours(8) + 4_000)
    spoil(desk, "/v5/market/funding/history", lambda result: result["list"][0].update(fundingRateTimestamp=late))
    assert desk.venue.funding("AAAUSDT", utc(START), utc(hours(9)))["settled_at"].to_list() == [utc(hours(8))]


def test_hour_constants_agree_with_the_grid():
    assert hours(1) - START == HOUR
