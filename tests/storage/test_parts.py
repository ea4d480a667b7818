"""Bars and funding cut by series and year, on both twins."""

from datetime import UTC, datetime

import polars as pl
from polars.testing import assert_frame_equal

from storage.parts import SHAPES
from tests.storage.test_bars import HOUR, START, frame, settlements

NEW_YEAR = int((datetime(START.year + 1, 1, 1, tzinfo=UTC) - START) / HOUR)
"""Hours from the first bar of the tests to the next year."""


def test_every_row_is_in_one_part_of_its_series_and_year(store):
    bars = pl.concat([frame(hours=range(NEW_YEAR - 2, NEW_YEAR + 3)), frame("ETHUSDT", hours=[0])])
    store.bars.merge(bars)
    store.funding.merge(settlements(START, START + 8 * HOUR))
    found = store.parts.all()
    assert [(one.table, one.timeframe, one.symbol, one.year - START.year, one.rows) for one in found] == [
        ("bars", "1h", "BTCUSDT", 0, 2),
        ("bars", "1h", "BTCUSDT", 1, 3),
        ("bars", "1h", "ETHUSDT", 0, 1),
        ("funding", "funding", "BTCUSDT", 0, 2),
    ]
    again = pl.concat(store.parts.rows(one) for one in found if one.table == "bars")
    assert_frame_equal(again, bars.select(again.columns), check_dtypes=False)
    assert all(store.parts.rows(one).schema == SHAPES[one.table].schema for one in found)


def test_a_part_is_sorted_by_time_however_it_came(store):
    store.bars.merge(frame(hours=[5, 1, 3]))
    (part,) = store.parts.all()
    assert store.parts.rows(part)["open_time"].is_sorted()


def test_other_rows_have_another_mark_and_the_same_rows_the_same(store):
    store.bars.merge(pl.concat([frame(hours=[0, 1]), frame("ETHUSDT", hours=[0])]))
    before = store.parts.all()
    assert store.parts.all() == before
    store.bars.merge(frame(hours=[2]))
    after = store.parts.all()
    assert [one == two for one, two in zip(before, after, strict=True)] == [False, True]
    assert before[0].mark != after[0].mark


def test_an_empty_store_has_no_parts(store):
    assert store.parts.all() == ()
