from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.market.paging import pages
from core.market.spans import minus, spans

missing = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=8).map(spans)


@given(missing, st.integers(1, 20))
def test_pages_cover_all_that_is_missing_none_is_too_long_and_none_is_idle(where, most):
    found = pages(where, length=1, most=most)
    assert not len(minus(where, spans(found)))
    assert all(0 < stop - first <= most for first, stop in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    held = minus(spans([(0, 80)]), where)
    for first, stop in found:
        assert not len(minus(spans([(first, first + 1), (stop - 1, stop)]), where))
        assert len(minus(spans([(first, stop)]), held))


def test_small_holes_share_a_page():
    assert pages(spans([(0, 5), (7, 8), (9, 30), (100, 101)]), length=1, most=10) == ((0, 10), (10, 20), (20, 30), (100, 101))
