"""What is stored, on the terminal and for scripts: coverage, gaps by cause, sources."""

from datetime import timedelta

import polars as pl
import pytest

from core.market.gaps import GapKind
from storage.absences import Absence
from tasks.coverage import measured
from tasks.stores import store
from tests.flows.recorded import START, bar_frame
from tests.flows.terminal import answer

DAY = timedelta(days=1)


@pytest.fixture
def holey(home, market):
    """Ten days of which SYN01 lacks five hours that nobody asked for, and SYN02 three that the venue did not have."""
    frame = bar_frame(market.panel.rows(0, 240))
    lost = {"SYN01USDT": (START + DAY, 5), "SYN02USDT": (START + 2 * DAY, 3)}
    for symbol, (start, hours) in lost.items():
        hole = pl.col("open_time").is_between(start, start + timedelta(hours=hours), closed="left")
        frame = frame.filter(~(hole & (pl.col("symbol") == symbol)))
    store().bars.merge(frame)
    start, hours = lost["SYN02USDT"]
    store().absences.record([Absence("synthetic", "SYN02USDT", "1h", start, start + timedelta(hours=hours), START + 11 * DAY)])
    return home


def test_data_tells_coverage_gaps_by_cause_and_sources(holey):
    rows = {row["symbol"]: row for row in answer("data", home=holey)["series"]}
    one, two = rows["SYN01USDT"], rows["SYN02USDT"]
    assert (one["bars"], one["expected"], one["missing"], one["outage"]) == (235, 240, 5, 0)
    assert (two["bars"], two["expected"], two["missing"], two["outage"]) == (237, 237, 0, 3)
    assert one["sources"] == {"test": 235}
    gaps = answer("data", "--gaps", home=holey)["gaps"]
    assert [(gap["symbol"], gap["bars"], gap["kind"]) for gap in gaps] == [
        ("SYN01USDT", 5, "missing download"),
        ("SYN02USDT", 3, "venue outage"),
    ]


def test_a_range_counts_from_end_to_end(holey):
    (one,) = measured("synthetic", "1h", (START - DAY, START + 10 * DAY), ["SYN01USDT"])
    assert (one.bars, one.missing, one.holes[0].kind) == (235, 24 + 5, GapKind.MISSING)
