from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import DataError
from core.market.timeframe import DAY, utc
from core.validation.splits import Fold, anchored_folds

JANUARY = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)


def rows(start, stop):
    return set(range(start, stop))


def test_a_year_of_days_is_cut_as_a_calendar_shows():
    """366 days in five folds: 61 days each, seven days purged before each test, the last one ends with the year."""
    day = [f"{utc(JANUARY + DAY * n):%d %b}" for n in range(366)]
    folds = anchored_folds(0, 366, folds=5, purge=7)
    assert [(day[f.train_start], day[f.train_stop - 1], day[f.test_start], day[f.test_stop - 1]) for f in folds] == [
        ("01 Jan", "23 Feb", "02 Mar", "01 May"),
        ("01 Jan", "24 Apr", "02 May", "01 Jul"),
        ("01 Jan", "24 Jun", "02 Jul", "31 Aug"),
        ("01 Jan", "24 Aug", "01 Sep", "31 Oct"),
        ("01 Jan", "24 Oct", "01 Nov", "31 Dec"),
    ]


def test_skfolio_cuts_alike():
    """Vector wf_skfolio (1.12.2, anchored, test 4, train 8, purge 2): its tests begin at 10, 14 and 18."""
    folds = anchored_folds(6, 22, folds=3, purge=2)
    assert [(f.train_stop - 1, f.test_start, f.test_stop - 1) for f in folds] == [(7, 10, 13), (11, 14, 17), (15, 18, 21)]


def test_the_last_test_takes_the_remainder():
    assert anchored_folds(0, 103, folds=4, purge=3)[-1] == Fold(0, 77, 80, 103)


@given(st.integers(0, 1000), st.integers(1, 5000), st.integers(1, 20), st.integers(0, 100))
def test_folds_keep_their_promises(first, length, count, purge):
    assume(length // (count + 1) > purge)
    folds = anchored_folds(first, first + length, folds=count, purge=purge)
    tested = [row for fold in folds for row in range(fold.test_start, fold.test_stop)]
    assert len(folds) == count
    assert tested == list(range(folds[0].test_start, first + length))  # without hole or overlap, to the end
    for fold in folds:
        assert fold.train_start == first
        assert first < fold.train_stop  # something to train on
        assert fold.test_start - fold.train_stop == purge
        assert not rows(fold.train_start, fold.train_stop) & rows(fold.test_start, fold.test_stop)
    lengths = [fold.test_stop - fold.test_start for fold in folds]
    assert len(set(lengths[:-1])) <= 1
    assert lengths[-1] >= lengths[0]


@given(st.integers(0, 100), st.integers(0, 200), st.integers(1, 20), st.integers(0, 100))
def test_too_little_data_is_refused(first, length, count, purge):
    assume(length // (count + 1) <= purge)
    with pytest.raises(DataError, match=f"{length} bars are too few for {count} folds"):
        anchored_folds(first, first + length, folds=count, purge=purge)
