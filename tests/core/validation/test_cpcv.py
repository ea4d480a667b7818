from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import ConfigError, DataError
from core.validation.cpcv import combinatorial_splits, recombine


@st.composite
def shapes(draw):
    groups = draw(st.integers(2, 7))
    purge, embargo = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    count = draw(st.integers(groups * (2 * purge + embargo + 1), 90))
    return count, {"groups": groups, "test_groups": draw(st.integers(1, groups - 1)), "purge": purge, "embargo": embargo}


def test_skfolio_splits_alike():
    """Vector cpcv_skfolio_6_2_p1_e1: the output of skfolio 1.12.2 for 24 observations, 6 folds, 2 of them tested."""
    splits = combinatorial_splits(24, groups=6, test_groups=2, purge=1, embargo=1)
    train = {k: np.flatnonzero(splits.train[k]).tolist() for k in (0, 1, 6, 14)}
    assert splits.train.shape == (15, 24)
    assert splits.paths.tolist() == [
        [0, 1, 2, 3, 4],
        [0, 5, 6, 7, 8],
        [1, 5, 9, 10, 11],
        [2, 6, 9, 12, 13],
        [3, 7, 10, 12, 14],
        [4, 8, 11, 13, 14],
    ]
    assert train == {
        0: list(range(10, 24)),
        1: [6, *range(14, 24)],
        6: [0, 1, 2, 10, *range(18, 24)],
        14: list(range(15)),
    }
    assert np.flatnonzero(splits.test[1]).tolist() == [0, 1, 2, 3, 8, 9, 10, 11]
    assert np.flatnonzero(splits.test[6]).tolist() == [4, 5, 6, 7, 12, 13, 14, 15]


def test_a_month_is_split_as_a_calendar_shows():
    """30 days of November, three weeks and the rest; a purge of one day, an embargo of two; T tested, . left out."""
    splits = combinatorial_splits(30, groups=4, test_groups=2, purge=1, embargo=2)
    pictures = [
        "".join("x" if kept else "T" if tested else "." for kept, tested in zip(*both, strict=True))
        for both in zip(splits.train, splits.test, strict=True)
    ]
    assert pictures == [
        #        8      15     22
        "TTTTTTTTTTTTTT...xxxxxxxxxxxxx",
        "TTTTTTT...xxx.TTTTTTT...xxxxxx",
        "TTTTTTT...xxxxxxxxxx.TTTTTTTTT",
        "xxxxxx.TTTTTTTTTTTTTT...xxxxxx",
        "xxxxxx.TTTTTTT...xxx.TTTTTTTTT",
        "xxxxxxxxxxxxx.TTTTTTTTTTTTTTTT",
    ]


@pytest.mark.parametrize(("groups", "test_groups", "splits", "paths"), [(6, 2, 15, 5), (10, 2, 45, 9)])
def test_there_are_as_many_splits_and_paths_as_combinatorics_says(groups, test_groups, splits, paths):
    """The counts of the statistics note, section 2."""
    made = combinatorial_splits(120, groups=groups, test_groups=test_groups, purge=1, embargo=1)
    assert made.train.shape == (splits, 120)
    assert made.paths.shape == (groups, paths)


@given(shapes())
def test_every_observation_is_tested_equally_often_and_every_split_trains_in_every_group_it_does_not_test(shape):
    count, knobs = shape
    splits = combinatorial_splits(count, **knobs)
    assert (splits.test.sum(axis=0) == comb(knobs["groups"] - 1, knobs["test_groups"] - 1)).all()
    assert not (splits.train & splits.test).any()
    for train, tested in zip(splits.train, splits.tested, strict=True):
        assert set(splits.group[train]) == set(np.flatnonzero(~tested))


@given(shapes())
def test_no_training_observation_is_nearer_to_a_test_than_the_gaps_say(shape):
    """A slow look at every pair."""
    count, knobs = shape
    splits = combinatorial_splits(count, **knobs)
    for train, test in zip(splits.train, splits.test, strict=True):
        tested = np.flatnonzero(test)
        for row in np.flatnonzero(~test):
            near = ((tested - knobs["purge"] <= row) & (row <= tested + knobs["purge"] + knobs["embargo"])).any()
            assert train[row] == (not near)


@given(shapes())
def test_paths_are_complete_in_order_of_time_and_use_every_test_once(shape):
    count, knobs = shape
    splits = combinatorial_splits(count, **knobs)
    number = np.arange(len(splits.train))[:, None] * 1000.0 + np.arange(count)  # names its split and its observation
    histories = recombine(splits, np.where(splits.test, number, np.nan))
    assert (histories % 1000 == np.arange(count)).all()
    assert sorted(histories.ravel()) == sorted(number[splits.test])
    assert all(len(set(history[splits.group == g] // 1000)) == 1 for history in histories for g in splits.group)


@given(st.integers(2, 8), st.integers(8, 60))
def test_without_gaps_and_with_one_group_tested_it_is_k_fold(groups, count):
    splits = combinatorial_splits(count, groups=groups, test_groups=1, purge=0, embargo=0)
    length = count // groups
    for k, (train, test) in enumerate(zip(splits.train, splits.test, strict=True)):
        assert np.flatnonzero(test).tolist() == list(range(k * length, count if k == groups - 1 else (k + 1) * length))
        assert (train == ~test).all()


@given(st.integers(0, 60), st.integers(2, 8), st.integers(0, 4), st.integers(0, 4))
def test_groups_that_the_gaps_could_swallow_are_refused(count, groups, purge, embargo):
    assume(count // groups <= 2 * purge + embargo)
    with pytest.raises(DataError, match=f"{count} observations are too few for {groups} groups"):
        combinatorial_splits(count, groups=groups, test_groups=1, purge=purge, embargo=embargo)


@pytest.mark.parametrize("wrong", [{"test_groups": 0}, {"test_groups": 6}, {"purge": -1}, {"embargo": -1}])
def test_numbers_without_a_meaning_are_refused(wrong):
    with pytest.raises(ConfigError, match="cross-validation"):
        combinatorial_splits(60, **{"groups": 6, "test_groups": 2, "purge": 1, "embargo": 1} | wrong)
