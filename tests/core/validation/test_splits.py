from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import ConfigError, DataError
from core.market.timeframe import DAY, utc
from core.validation.splits import Fold, trainable, walk_forward_folds

JANUARY = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)


def rows(start, stop):
    return set(range(start, stop))


def calendar(folds):
    """First and last day of each fold's training and test, when row 0 is the first of January 2024."""
    day = [f"{utc(JANUARY + DAY * n):%d %b}" for n in range(366)]
    return [(day[f.train_start], day[f.train_stop - 1], day[f.test_start], day[f.test_stop - 1]) for f in folds]


def test_a_year_of_days_is_cut_as_a_calendar_shows():
    """366 days in five folds: 61 days each, seven days purged before each test, the last one ends with the year."""
    assert calendar(walk_forward_folds(0, 366, folds=5, purge=7)) == [
        ("01 Jan", "23 Feb", "02 Mar", "01 May"),
        ("01 Jan", "24 Apr", "02 May", "01 Jul"),
        ("01 Jan", "24 Jun", "02 Jul", "31 Aug"),
        ("01 Jan", "24 Aug", "01 Sep", "31 Oct"),
        ("01 Jan", "24 Oct", "01 Nov", "31 Dec"),
    ]


def test_a_rolling_window_moves_through_the_year_as_a_calendar_shows():
    """Trained on 90 days, 7 purged: 269 days are left for five tests of 53, and the last takes four days more."""
    assert calendar(walk_forward_folds(0, 366, folds=5, purge=7, train=90)) == [
        ("01 Jan", "30 Mar", "07 Apr", "29 May"),
        ("23 Feb", "22 May", "30 May", "21 Jul"),
        ("16 Apr", "14 Jul", "22 Jul", "12 Sep"),
        ("08 Jun", "05 Sep", "13 Sep", "04 Nov"),
        ("31 Jul", "28 Oct", "05 Nov", "31 Dec"),
    ]


def test_a_test_in_january_purges_both_sides_and_embargoes_one():
    """Tested 10 to 12 January; a position lasts two days more, and the embargo is three days.

    Left out before: 8 and 9, still held on the 10th. Left out after: 13 and 14, begun while the 12th's is still held, and
    then 15 to 17. A position of the 7th is closed on the 9th, so it stays.
    """
    decided = JANUARY + DAY * np.arange(20)
    kept = trainable(decided, decided + 2 * DAY, [np.array([9, 10, 11])], embargo=3 * DAY)
    assert " ".join(f"{utc(int(moment)):%d}" for moment in decided[kept]) == "01 02 03 04 05 06 07 18 19 20"


def test_skfolio_cuts_alike():
    """Vector wf_skfolio (1.12.2, test 4, train 8, purge 2): its tests begin at 10, 14 and 18."""
    anchored = walk_forward_folds(6, 22, folds=3, purge=2)
    rolling = walk_forward_folds(0, 22, folds=3, purge=2, train=8)
    tests = [(10, 14), (14, 18), (18, 22)]
    assert rolling == tuple(Fold(*train, *test) for train, test in zip([(0, 8), (4, 12), (8, 16)], tests, strict=True))
    assert anchored == tuple(Fold(6, stop, *test) for stop, test in zip([8, 12, 16], tests, strict=True))


def test_a_test_begins_with_its_first_outcome_and_not_at_the_end_of_it():
    """Vector purge_label_overlap (mlfinlab issue 295): 12 daily labels of [t, t + 2], tested 4 to 7; 2 and 3 must go."""
    start = np.arange(12)
    kept = trainable(start, start + 2, [np.arange(4, 8)], embargo=0)
    assert np.flatnonzero(kept).tolist() == [0, 1, 10, 11]


def test_an_embargo_counts_from_its_own_test_block():
    """Vector timeseriescv_0_2_embargo_bug: that version drops all of 12 to 15, when only 12, 13 and 15 touch a test."""
    start = np.arange(24)
    kept = trainable(start, start + 1, [np.arange(8, 12), np.arange(16, 20)], embargo=1)
    assert np.flatnonzero(kept).tolist() == [0, 1, 2, 3, 4, 5, 6, 14, 22, 23]


def test_the_last_test_takes_the_remainder():
    assert walk_forward_folds(0, 103, folds=4, purge=3)[-1] == Fold(0, 77, 80, 103)


@given(st.integers(0, 1000), st.integers(1, 3000), st.integers(1, 20), st.integers(0, 100), st.none() | st.integers(1, 500))
def test_folds_keep_their_promises(first, length, count, purge, train):
    assume(length // (count + 1) > purge if train is None else length - train - purge >= count)
    folds = walk_forward_folds(first, first + length, folds=count, purge=purge, train=train)
    tested = [row for fold in folds for row in range(fold.test_start, fold.test_stop)]
    assert len(folds) == count
    assert tested == list(range(folds[0].test_start, first + length))  # without hole or overlap, to the end
    assert folds[0].train_start == first
    for fold in folds:
        assert first <= fold.train_start < fold.train_stop  # something to train on
        assert fold.train_start == first if train is None else fold.train_stop - fold.train_start == train
        assert fold.test_start - fold.train_stop == purge
        assert not rows(fold.train_start, fold.train_stop) & rows(fold.test_start, fold.test_stop)
    lengths = [fold.test_stop - fold.test_start for fold in folds]
    assert len(set(lengths[:-1])) <= 1
    assert lengths[0] <= lengths[-1] <= lengths[0] + count


@given(st.integers(20, 200), st.integers(1, 6), st.integers(0, 5), st.integers(0, 50))
def test_a_fold_trains_on_all_that_is_trainable_before_its_test_whatever_the_embargo(length, count, purge, embargo):
    """The purge of a walk-forward is the general one; an embargo has nothing to leave out in it."""
    assume(length // (count + 1) > purge)
    decided = np.arange(length)
    for fold in walk_forward_folds(0, length, folds=count, purge=purge):
        kept = trainable(decided, decided + purge, [decided[fold.test_start : fold.test_stop]], embargo=embargo)
        assert np.flatnonzero(kept[: fold.test_start]).tolist() == list(range(fold.train_start, fold.train_stop))


@st.composite
def labels_and_tests(draw):
    """Observations in order of their start, each lasting as long as it likes, and some blocks of them to test."""
    gaps, lasting = (draw(st.lists(st.integers(0, 4), min_size=12, max_size=12)) for _ in range(2))
    start = np.cumsum(gaps)
    cuts = np.split(np.arange(12), sorted(draw(st.sets(st.integers(1, 11), max_size=4))))
    tests = [block for block in cuts if draw(st.booleans())]
    return start, start + lasting, tests, draw(st.integers(0, 5))


@given(labels_and_tests())
def test_no_training_outcome_meets_a_test(case):
    """Against López de Prado's three cases of overlap, one pair of observations at a time."""
    start, end, tests, embargo = case
    kept = trainable(start, end, tests, embargo=embargo)
    for rows_ in tests:
        t0, t1 = start[rows_].min(), end[rows_].max()
        begins, ends, around = (t0 <= start) & (start <= t1), (t0 <= end) & (end <= t1), (start <= t0) & (t1 <= end)
        followed = (t1 < start) & (start <= t1 + embargo)
        assert not (kept & (begins | ends | around | followed)).any()
    free = np.ones(12, dtype=bool)
    for t0, t1 in ((start[rows_].min(), end[rows_].max() + embargo) for rows_ in tests):
        free &= [not (a <= t1 and b >= t0) for a, b in zip(start, end, strict=True)]
    assert (kept == free).all()  # and nothing else is left out


@given(labels_and_tests(), st.permutations(range(12)))
def test_the_order_of_rows_does_not_matter(case, order):
    start, end, tests, embargo = case
    order = np.array(order)
    moved = trainable(start[order], end[order], [np.flatnonzero(np.isin(order, block)) for block in tests], embargo=embargo)
    assert (moved == trainable(start, end, tests, embargo=embargo)[order]).all()


@given(st.integers(0, 100), st.integers(0, 200), st.integers(1, 20), st.integers(0, 100))
def test_too_little_data_is_refused(first, length, count, purge):
    assume(length // (count + 1) <= purge)
    with pytest.raises(DataError, match=f"{length} bars are too few for {count} folds"):
        walk_forward_folds(first, first + length, folds=count, purge=purge)


def test_too_little_data_for_a_rolling_window_is_refused_with_the_numbers():
    with pytest.raises(DataError, match="100 bars are too few for 4 folds, each trained on 90: each would test 0 bars, and 7"):
        walk_forward_folds(0, 100, folds=4, purge=7, train=90)


@pytest.mark.parametrize("wrong", [{"folds": 0}, {"purge": -1}, {"train": 0}])
def test_numbers_without_a_meaning_are_refused(wrong):
    with pytest.raises(ConfigError, match="walk-forward"):
        walk_forward_folds(0, 100, **{"folds": 2, "purge": 1} | wrong)
