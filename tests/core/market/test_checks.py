from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from core.errors import DataError
from core.market.checks import BARS, FUNDING, drop_bad, refuse_bad, require_good

START = datetime(2024, 1, 1, tzinfo=UTC)
NAN, INF = float("nan"), float("inf")


def bar(hour=0, symbol="BTCUSDT", minute=0, **changed):
    time = START + timedelta(hours=hour, minutes=minute)
    price = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 5.0}
    return {"venue": "bybit", "symbol": symbol, "timeframe": "1h", "open_time": time} | price | changed


def frame(*rows):
    return pl.DataFrame(rows, schema_overrides={"open_time": pl.Datetime("ms", "UTC")}, infer_schema_length=None)


def settlement(hour, rate):
    return {"venue": "bybit", "symbol": "BTCUSDT", "settled_at": START + timedelta(hours=hour), "rate": rate}


FAULTS = [
    ({"open": 0.0, "low": 0.0}, "open = 0.0, but open must be positive"),
    ({"close": -1.0, "low": -2.0}, "low = -2.0, but low must be positive"),
    ({"volume": -5.0}, "volume = -5.0, but volume may not be negative"),
    ({"high": 8.0}, "high = 8.0, low = 9.0, but high may not be below low"),
    ({"open": 12.1}, "open = 12.1, low = 9.0, high = 12.0, but open must lie between"),
    ({"close": 8.9}, "close = 8.9, low = 9.0, high = 12.0, but close must lie between"),
    ({"close": None}, "close = None, but close must be a finite number"),
    ({"volume": None}, "volume = None, but volume must be a finite number"),
    ({"open": NAN}, "open = nan, but open must be a finite number"),
    ({"high": INF}, "high = inf, but high must be a finite number"),
    ({"minute": 7}, "timeframe = 1h, but a bar must open on the grid"),
]


@pytest.mark.parametrize(("changed", "found"), FAULTS)
def test_a_bad_bar_is_refused_with_its_symbol_time_and_column(changed, found):
    with pytest.raises(DataError) as caught:
        refuse_bad(frame(bar(0), bar(1), bar(2, **changed), bar(3)), BARS)
    said = str(caught.value)
    minute = changed.get("minute", 0)
    assert said.startswith(f"bybit BTCUSDT 2024-01-01 02:{minute:02d} UTC: {found}"), said
    assert said.endswith("1 of 4 rows is bad: correct the file, or leave them out with --skip-bad")


@pytest.mark.parametrize(("changed", "found"), FAULTS)
def test_a_bad_bar_from_anywhere_is_refused_in_the_same_words(changed, found):
    with pytest.raises(DataError) as caught:
        require_good(frame(bar(0), bar(2, **changed), bar(1)), BARS, "bars")
    assert str(caught.value).startswith("bars: bybit BTCUSDT 2024-01-01 02:")
    assert found in str(caught.value)
    assert str(caught.value).endswith("1 of 3 rows bad, none stored")


def test_good_bars_in_any_order_pass():
    require_good(frame(bar(2), bar(0), bar(1)), BARS, "bars")


@pytest.mark.parametrize(("changed", "found"), FAULTS)
def test_a_bad_bar_can_be_left_out_and_is_told(changed, found):
    good, told = drop_bad(frame(bar(0), bar(1), bar(2, **changed), bar(3)), BARS)
    assert_frame_equal(good, frame(bar(0), bar(1), bar(3)))
    assert len(told) == 1
    assert told[0].startswith("left out 1 row, the first is bybit BTCUSDT 2024-01-01 02:")
    assert found in told[0]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"symbol": None}, "bybit None 2024-01-01 02:00 UTC: symbol = None, but symbol may not be missing"),
        ({"open_time": None}, "bybit BTCUSDT at no time: open_time = None"),
    ],
)
def test_a_bar_without_a_key_is_refused(changed, found):
    with pytest.raises(DataError, match=found):
        refuse_bad(frame(bar(0), bar(1), bar(2, **changed)), BARS)


def test_a_bar_that_appears_twice_is_refused():
    with pytest.raises(DataError, match=r"BTCUSDT 2024-01-01 01:00 UTC: open_time may not appear twice; 1 of 3 rows"):
        refuse_bad(frame(bar(0), bar(1), bar(1)), BARS)


def test_of_a_bar_that_appears_twice_the_first_good_one_stays():
    good, told = drop_bad(frame(bar(1, open=0.0), bar(1, volume=1.0), bar(0), bar(1, volume=2.0)), BARS)
    assert good["volume"].to_list() == [5.0, 1.0]
    assert [line[:14] for line in told] == ["left out 1 row"] * 2


def test_the_first_of_many_repeats_is_the_one_in_the_file():
    rows = pl.concat([frame(*(bar(hour) for hour in range(500))).with_columns(volume=float(n)) for n in range(20)])
    good, _ = drop_bad(rows, BARS)
    assert good["volume"].to_list() == [0.0] * 500


def test_every_kind_of_fault_is_counted_once_per_row():
    rows = [bar(0, open=0.0, low=0.0), bar(1, open=0.0, low=0.0), bar(2, volume=-1.0), bar(3)]
    good, told = drop_bad(frame(*rows), BARS)
    assert len(good) == 1
    assert [line.split(",")[0] for line in told] == ["left out 2 rows", "left out 1 row"]


def test_a_file_of_nothing_but_bad_rows_is_refused_either_way():
    with pytest.raises(DataError, match="not one of 1 rows is good; bybit BTCUSDT"):
        drop_bad(frame(bar(0, open=0.0)), BARS)


def test_float_rounding_is_no_fault():
    rows = frame(bar(0, high=0.3, open=0.1 + 0.2, low=0.1, close=0.2))
    assert refuse_bad(rows, BARS).height == 1


def test_a_bar_in_which_nothing_traded_is_good():
    assert refuse_bad(frame(bar(0, volume=0.0)), BARS).height == 1


@given(st.permutations([(hour, symbol) for hour in range(4) for symbol in ("A", "B")]))
def test_order_in_the_file_does_not_matter(order):
    good = refuse_bad(frame(*(bar(hour, symbol) for hour, symbol in order)), BARS)
    assert_frame_equal(good, good.sort("symbol", "open_time"))
    assert len(good) == 8


CELLS = st.sampled_from([None, NAN, INF, -1.0, 0.0, 8.0, 10.0, 13.0])


@given(st.lists(st.tuples(st.integers(0, 3), CELLS, CELLS, CELLS), min_size=1, max_size=8))
def test_what_is_left_after_dropping_is_never_refused(cells):
    rows = frame(bar(9), *(bar(hour, open=first, low=low, volume=volume) for hour, first, low, volume in cells))
    good, told = drop_bad(rows, BARS)
    assert_frame_equal(refuse_bad(good, BARS), good)
    assert bool(told) == (len(good) < len(rows))


@pytest.mark.parametrize("rate", [None, NAN, INF])
def test_a_funding_rate_that_is_no_number_is_refused(rate):
    rows = pl.DataFrame([settlement(0, 0.0001), settlement(8, rate)], infer_schema_length=None)
    with pytest.raises(DataError, match=r"bybit BTCUSDT 2024-01-01 08:00 UTC: rate = .* must be a finite number"):
        refuse_bad(rows, FUNDING)


def test_a_settlement_that_appears_twice_is_refused():
    rows = pl.DataFrame([settlement(8, 0.0001), settlement(8, 0.0002)])
    with pytest.raises(DataError, match="settled_at may not appear twice"):
        refuse_bad(rows, FUNDING)
    good, _ = drop_bad(rows, FUNDING)
    assert good["rate"].to_list() == [0.0001]
