from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from core.errors import DataError
from core.market.columns import PRICES, require_columns, require_fractions

NUMBERS = (*PRICES, "volume")
NAIVE = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def file(**changed):
    hours = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in range(3)]
    columns = {"ts": hours, "symbol": ["BTCUSDT"] * 3} | {name: [1.0, 2.0, 3.0] for name in NUMBERS}
    return pl.DataFrame(columns | changed)


def complaint(frame):
    with pytest.raises(DataError) as caught:
        require_columns(frame, moment="ts", text=("symbol",), numbers=NUMBERS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"close": [1, 2, 3]},
        {"symbol": pl.Series(["A", "B", "A"], dtype=pl.Categorical)},
        {"ts": pl.Series([NAIVE] * 3).dt.replace_time_zone("Etc/UTC")},
    ],
    ids=["as documented", "whole numbers", "categorical symbols", "another name of UTC"],
)
def test_a_file_as_documented_passes(changed):
    require_columns(file(**changed), moment="ts", text=("symbol",), numbers=NUMBERS)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ts": [NAIVE] * 3}, ("ts", "does not say its time zone", "replace_time_zone('UTC')", "00Z")),
        ({"ts": [date(2024, 1, 1)] * 3}, ("ts is Date", "does not say its time zone")),
        (
            {"ts": pl.Series([NAIVE] * 3).dt.replace_time_zone("Europe/Berlin")},
            ("Europe/Berlin", "convert_time_zone('UTC')"),
        ),
        ({"ts": [1_704_067_200_000] * 3}, ("ts is Int64", "time_unit='ms'")),
        ({"ts": [1_704_067_200] * 3}, ("ts is Int64", "time_unit='s'")),
        ({"ts": [7] * 3}, ("ts is Int64", "pl.from_epoch")),
        ({"ts": ["yesterday"] * 3}, ("ts is String", "'yesterday'", "2024-01-01T00:00:00Z")),
        ({"ts": [datetime(1970, 1, 20, tzinfo=UTC)] * 3}, ("1970", "seconds")),
        ({"close": ["1.0", "2.0", "3.0"]}, ("close is String", "expected numbers", "cast")),
        ({"low": ["1.0", "n.a.", "3.0"]}, ("low is String", "'n.a.' is no number")),
        ({"volume": [True, False, True]}, ("volume is Boolean", "cast")),
        ({"symbol": [1, 2, 3]}, ("symbol is Int64", "expected text")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_column_is_named_with_its_remedy(changed, words):
    said = complaint(file(**changed))
    assert all(word in said for word in words), said


def test_missing_columns_are_listed_with_what_is_expected_and_what_is_there():
    said = complaint(file().drop("close", "volume").with_columns(price=1.0))
    assert said.startswith(
        "no column close, volume: expected ts, symbol, open, high, low, close, volume; the file has ts, symbol"
    )
    assert said.endswith("price")


def test_a_file_without_rows_is_refused():
    assert "no rows" in complaint(file().clear())


def rates(*values):
    return pl.Series("funding_rate", values)


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (rates(0.0001, 0.01, -2.5), ("largest |funding_rate| is 2.5", "percent", "divide by 100")),
        (rates(*[0.01] * 90), ("median |funding_rate| is 0.01", "percent", "divide by 100")),
    ],
)
def test_rates_in_percent_are_refused(series, words):
    with pytest.raises(DataError) as caught:
        require_fractions(series)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    "series",
    [rates(*[0.0001] * 200), rates(*[-0.025] * 20), rates(0, 0), rates(None, float("nan"), float("inf"), 0.0001)],
    ids=["usual", "a panic of some days", "nothing to pay", "holes are the row rules' business"],
)
def test_rates_as_fractions_pass(series):
    require_fractions(series)


def test_a_long_calm_history_with_one_panic_passes():
    require_fractions(rates(*[0.0001] * 1000, *[0.02] * 60, -0.04))


def test_times_keep_their_meaning_for_a_column_of_any_name():
    frame = file().rename({"ts": "opened"}).with_columns(pl.col("opened") + timedelta(days=1))
    require_columns(frame, moment="opened", text=("symbol",), numbers=NUMBERS)
