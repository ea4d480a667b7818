import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.market.coverage import coverage, from_panel, lives
from core.market.gaps import GapKind, Known
from core.market.spans import runs, spans

pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8).map(spans)


@given(pairs, pairs)
def test_gaps_and_bars_are_the_range(held, absent):
    (one,) = coverage({"S": Known(held, absent)}, {"S": spans([(0, 60)])}, 1)
    assert one.bars + one.missing + one.outage + one.not_listed == 60
    assert sum(gap.stop - gap.start for gap in one.holes) == 60 - one.bars
    assert 0 <= one.share <= 1


def test_neither_an_outage_nor_the_time_before_the_listing_counts_against_a_symbol():
    known = Known(spans([(40, 50), (60, 90)]), absent=spans([(0, 40), (50, 60)]))
    (one,) = coverage({"S": known}, {"S": spans([(0, 100)])}, 10)
    assert (one.first, one.last, one.bars, one.expected, one.share) == (40, 80, 4, 5, 0.8)
    assert [gap.kind for gap in one.holes] == [GapKind.NOT_LISTED, GapKind.OUTAGE, GapKind.MISSING]


def test_a_symbol_of_which_nothing_is_known_lacks_all_of_it():
    (one,) = coverage({}, {"S": spans([(0, 10)])}, 1)
    assert (one.bars, one.missing, one.share) == (0, 10, 0.0)


def test_without_a_range_a_symbol_counts_from_its_first_to_its_last_bar():
    market = {"S": Known(spans([(10, 20), (30, 40)])), "T": Known()}
    assert {symbol: where.tolist() for symbol, where in lives(market).items()} == {"S": [[10, 40]], "T": []}


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_panels_bars_are_the_runs_of_its_rows(exists):
    time = np.arange(len(exists), dtype=np.int64) * 5
    ((symbol, found),) = from_panel(("S",), np.array(exists)[:, None], time, 5)
    assert symbol == "S"
    assert found.tolist() == runs(time[np.array(exists)], 5).tolist()
