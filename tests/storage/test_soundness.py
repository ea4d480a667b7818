"""Rows that somebody spoiled by hand are refused by name; Tradewind itself never writes such rows."""

import duckdb
import polars as pl
import pytest

from core.errors import DataError
from storage.store import Store
from tests.storage.minutes import bars, settlements


@pytest.fixture
def home(tmp_path):
    store = Store(tmp_path)
    store.bars.merge(pl.concat([bars("AUSDT", range(120)), bars("BUSDT", range(120))]))
    store.funding.merge(settlements("BUSDT", [60, 120]))
    return tmp_path


def spoil(home, sql):
    with duckdb.connect(str(home / "market.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(sql)


ROW = "where symbol = 'BUSDT' and open_time = timestamptz '2024-01-01 00:07:00+00'"


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        (f"update bars set close = 'nan' {ROW}", "close is not a positive number"),
        (f"update bars set high = 'inf' {ROW}", "high is not a positive number"),
        (f"update bars set low = 0 {ROW}", "low is not a positive number"),
        (f"update bars set open = -1 {ROW}", "open is not a positive number"),
        (f"update bars set volume = -1 {ROW}", "volume is not a number from 0 up"),
        (f"update bars set volume = 'nan' {ROW}", "volume is not a number from 0 up"),
        (f"insert into bars select * from bars {ROW}", "it is there twice"),
        (f"update bars set open_time = open_time + interval 7 second {ROW}", "it is off the grid"),
    ],
)
def test_a_spoiled_bar_is_refused_by_name(home, sql, complaint):
    spoil(home, sql)
    with pytest.raises(DataError) as caught:
        Store(home).bars.panel("bybit", "1m")
    said = str(caught.value)
    assert said == f"bybit BUSDT 1m 2024-01-01 00:07 UTC: {complaint}; {said.split('; ')[1]}"
    assert said.endswith("repair or delete the row in market.duckdb")


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        (f"update bars set high = 'nan' {ROW}", "high is not a positive number"),
        (f"update bars set low = 0 {ROW}", "low is not a positive number"),
        (f"update bars set volume = 'inf' {ROW}", "volume is not a number"),
        (f"insert into bars select * from bars {ROW}", "it is there twice"),
    ],
)
def test_a_spoiled_minute_is_refused_with_the_hour_it_is_in(home, sql, complaint):
    spoil(home, sql)
    with pytest.raises(DataError, match=f"bybit BUSDT 1h 2024-01-01 00:00 UTC: {complaint}"):
        Store(home).bars.panel("bybit", "1h")


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("update funding set rate = 'nan' where symbol = 'BUSDT'", "01:00 UTC: the funding rate is not a finite number"),
        (
            "insert into funding select * from funding where settled_at > '2024-01-01 01:30'",
            "02:00 UTC: this funding is there twice",
        ),
    ],
)
def test_a_spoiled_settlement_is_refused_by_name(home, sql, complaint):
    spoil(home, sql)
    with pytest.raises(DataError, match=f"bybit BUSDT 1h 2024-01-01 {complaint}"):
        Store(home).bars.panel("bybit", "1h")


def test_what_was_spoiled_outside_the_request_does_not_matter(home):
    spoil(home, f"update bars set close = 'nan' {ROW}")
    assert Store(home).bars.panel("bybit", "1m", symbols=("AUSDT",)).symbols == ("AUSDT",)
