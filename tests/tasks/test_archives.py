from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from core.errors import DataError
from tasks.archives import read_bars, read_funding, salvage_bars, salvage_funding

REAL = Path(__file__).parents[3] / "shared" / "data"
START = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = [START + timedelta(hours=hour) for hour in range(4)]
BAR_SCHEMA = {
    "venue": pl.String,
    "symbol": pl.String,
    "timeframe": pl.String,
    "open_time": pl.Datetime("ms", "UTC"),
    **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
    "source": pl.String,
}
FUNDING_SCHEMA = {
    "venue": pl.String,
    "symbol": pl.String,
    "settled_at": pl.Datetime("ms", "UTC"),
    "rate": pl.Float64,
    "source": pl.String,
}


def bars(**changed):
    price = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 5}
    return pl.DataFrame({"venue": ["bybit", "bybit", "okx", "okx"], "symbol": "BTCUSDT", "ts": HOURS} | price | changed)


def funding(**changed):
    times = [START + timedelta(hours=8 * n) for n in range(4)]
    return pl.DataFrame(
        {"venue": "bybit", "symbol": "BTCUSDT", "ts": times, "funding_rate": [1e-4, 2e-4, -1e-4, 0.0]} | changed
    )


@pytest.fixture(params=["parquet", "csv"])
def saved(request, tmp_path):
    def save(frame, name="history"):
        path = tmp_path / f"{name}.{request.param}"
        if request.param == "parquet":
            frame.write_parquet(path)
        else:
            frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        return path

    return save


def refusal(read, path, venue=None):
    with pytest.raises(DataError) as caught:
        read(path, venue)
    said = str(caught.value)
    assert said.startswith(f"{path.name}: ")
    assert "\n" not in said
    return said


def test_bars_come_out_as_storage_takes_them(saved):
    path = saved(bars())
    rows = read_bars(path, None)
    assert dict(rows.schema) == BAR_SCHEMA
    assert rows.row(0) == ("bybit", "BTCUSDT", "1h", START, 10.0, 12.0, 9.0, 11.0, 5.0, path.name)
    assert len(rows) == 4


def test_funding_comes_out_as_storage_takes_it(saved):
    path = saved(funding())
    rows = read_funding(path, None)
    assert dict(rows.schema) == FUNDING_SCHEMA
    assert rows.row(1) == ("bybit", "BTCUSDT", START + timedelta(hours=8), 2e-4, path.name)


@pytest.mark.parametrize("name", ["ts", "open_time", "timestamp"])
def test_the_open_time_has_three_names(saved, name):
    assert read_bars(saved(bars().rename({"ts": name})), None)["open_time"].to_list() == HOURS


@pytest.mark.parametrize(("time", "rate"), [("settled_at", "rate"), ("timestamp", "funding_rate")])
def test_a_settlement_and_its_rate_have_more_than_one_name(saved, time, rate):
    renamed = funding().rename({"ts": time}).rename({"funding_rate": rate} if rate != "funding_rate" else {})
    assert_frame_equal(read_funding(saved(renamed), None), read_funding(saved(funding()), None))


def test_a_source_in_the_file_is_kept_and_its_holes_are_filled(saved):
    path = saved(bars(source=["a", "b", None, "d"]))
    assert read_bars(path, None)["source"].to_list() == ["a", "b", path.name, "d"]


def test_columns_nobody_asked_for_are_left_behind(saved):
    assert dict(read_bars(saved(bars(quote_volume=1.0, note="x")), None).schema) == BAR_SCHEMA


def test_a_venue_keeps_its_own_rows(saved):
    path = saved(bars())
    assert read_bars(path, "okx")["venue"].to_list() == ["okx", "okx"]
    assert read_bars(path, None)["venue"].unique().sort().to_list() == ["bybit", "okx"]


def test_a_bad_row_of_another_venue_does_no_harm(saved):
    path = saved(bars(open=[10.0, 0.0, 10.0, 10.0]))
    assert len(read_bars(path, "okx")) == 2
    assert "open = 0.0" in refusal(read_bars, path, "bybit")


def test_a_venue_names_rows_that_have_none(saved):
    assert read_bars(saved(bars().drop("venue")), "kraken")["venue"].unique().to_list() == ["kraken"]


def test_rows_of_no_venue_are_refused_without_one(saved):
    assert "--venue" in refusal(read_bars, saved(bars().drop("venue")))
    assert "--venue" in refusal(read_funding, saved(funding().drop("venue")))


def test_an_unknown_venue_is_refused_with_those_in_the_file(saved):
    assert "no row of venue 'binance': the file has bybit, okx" in refusal(read_bars, saved(bars()), "binance")


def test_a_file_of_the_other_kind_is_told_apart(saved):
    assert "--kind funding" in refusal(read_bars, saved(funding()))
    assert "--kind bars" in refusal(read_funding, saved(bars()))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (bars().drop("close"), "no column close: expected ts, symbol, venue, open"),
        (bars().drop("ts"), "no column ts"),
        (bars().clear(), "no rows"),
        (bars(close="dear"), "'dear' is no number"),
        (bars(ts=[1_704_067_200_000 + 3_600_000 * n for n in range(4)]), "time_unit='ms'"),
        (bars(high=[12.0, 8.0, 12.0, 12.0]), "bybit BTCUSDT 2024-01-01 01:00 UTC: high = 8.0, low = 9.0"),
        (bars(close=[11.0, None, 11.0, 11.0]), "close must be a finite number"),
        (bars(ts=[HOURS[0], *HOURS[:3]]), "may not appear twice"),
        (bars(venue="bybit", ts=[*HOURS[:3], HOURS[2] + timedelta(minutes=7)]), "02:07 UTC: timeframe = 1h"),
    ],
)
def test_bad_bars_are_refused(saved, frame, words):
    assert words in refusal(read_bars, saved(frame))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (funding().drop("funding_rate"), "no column funding_rate"),
        (funding(funding_rate=[0.01, 0.01, 0.3, 0.01]), "percent"),
        (funding(funding_rate=[0.01, None, 0.0, 0.01]), "rate must be a finite number"),
    ],
)
def test_bad_funding_is_refused(saved, frame, words):
    assert words in refusal(read_funding, saved(frame))


def test_bad_rows_can_be_left_out_and_are_told(saved):
    rows, told = salvage_bars(saved(bars(low=[9.0, 0.0, 9.0, 9.0])), None)
    assert len(rows) == 3
    assert told == ("left out 1 row, the first is bybit BTCUSDT 2024-01-01 01:00 UTC: low = 0.0, but low must be positive",)
    rates, lines = salvage_funding(saved(funding(funding_rate=[0.01, None, 0.0, 0.01])), None)
    assert (len(rates), len(lines)) == (3, 1)


def test_percent_cannot_be_left_out(saved):
    assert "percent" in refusal(salvage_funding, saved(funding(funding_rate=[0.01, 0.01, 0.3, 0.01])))


def test_a_spelt_out_nan_is_a_missing_value(tmp_path):
    path = tmp_path / "spelt.csv"
    path.write_text("ts,symbol,funding_rate\n2024-01-01T00:00:00Z,A,0.0001\n2024-01-01T08:00:00Z,A,nan\n")
    assert "rate must be a finite number" in refusal(read_funding, path, "bybit")


def test_a_csv_time_without_a_zone_is_refused(tmp_path):
    path = tmp_path / "naive.csv"
    path.write_text("ts,symbol,funding_rate\n2024-01-01 00:00:00,A,0.0001\n")
    assert "does not say its time zone" in refusal(read_funding, path, "bybit")


@pytest.mark.parametrize(
    "name", ["broken.parquet", "cut.parquet", "empty.parquet", "empty.csv", "folder.csv", "absent.parquet"]
)
def test_a_file_that_cannot_be_read_is_never_empty(tmp_path, name):
    path = tmp_path / name
    bars().write_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    content = {"broken": b"not parquet at all, not at all", "cut": whole[:-20], "empty": b""}
    if path.stem == "folder":
        path.mkdir()
    elif path.stem in content:
        path.write_bytes(content[path.stem])
    assert "cannot be read as" in refusal(read_bars, path)


@pytest.mark.parametrize("name", ["bars.xlsx", "bars", "bars.csv.gz"])
def test_an_unknown_kind_of_file_is_refused(tmp_path, name):
    assert "give .parquet or .csv" in refusal(read_bars, tmp_path / name)


def real(name):
    path = REAL / name
    if not path.exists():
        pytest.skip(f"{path} is not on this machine: real exchange history is never part of the project")
    return path


def test_real_hourly_history_is_read_whole():
    rows = read_bars(real("ohlcv_1h_perp.parquet"), "binance")
    assert rows["symbol"].n_unique() == 31
    assert rows["timeframe"].unique().to_list() == ["1h"]
    assert dict(rows.schema) == BAR_SCHEMA


def test_real_funding_is_read_whole():
    rows = read_funding(real("funding.parquet"), None)
    assert len(rows) == 107_518
    assert rows["venue"].unique().sort().to_list() == ["binance", "bybit"]


def test_the_one_bad_day_of_real_history_is_named_and_can_be_left_out():
    path = real("ohlcv_1d_perp.parquet")
    assert "bybit BCHUSDT 2020-12-14 00:00 UTC: open = 0.0" in refusal(read_bars, path, "bybit")
    rows, told = salvage_bars(path, "bybit")
    assert rows["timeframe"].unique().to_list() == ["1d"]
    assert len(told) == 1
