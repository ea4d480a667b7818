import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.market.spans import NOWHERE, both, minus, runs, spans, total, union

pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


def moments(found):
    return {moment for start, stop in found.tolist() for moment in range(start, stop)}


def covered(some):
    return {moment for start, stop in some for moment in range(start, stop)}


@given(pairs)
def test_spans_cover_what_the_pairs_cover_and_are_sorted_and_apart(some):
    found = spans(some)
    assert moments(found) == covered(some)
    assert (found[:, 0] < found[:, 1]).all()
    assert (found[1:, 0] > found[:-1, 1]).all()


@given(pairs, pairs)
def test_union_minus_and_both_are_those_of_sets(these, those):
    one, other = spans(these), spans(those)
    assert moments(union(one, other)) == covered(these) | covered(those)
    assert moments(minus(one, other)) == covered(these) - covered(those)
    assert moments(both(one, other)) == covered(these) & covered(those)


@given(st.sets(st.integers(0, 50)))
def test_runs_are_the_stretches_of_consecutive_bars(rows):
    found = runs(np.array(sorted(rows, reverse=True), dtype=np.int64) * 5, 5)
    assert moments(found) == {row * 5 + each for row in rows for each in range(5)}
    assert total(found) == 5 * len(rows)


def test_nowhere_is_nowhere():
    assert union(NOWHERE).tolist() == minus(NOWHERE, NOWHERE).tolist() == both(NOWHERE, spans([(0, 1)])).tolist() == []
    assert total(NOWHERE) == 0
