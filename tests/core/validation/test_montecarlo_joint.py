import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.tails import expected_shortfall
from core.errors import DataError
from core.validation.montecarlo import CHUNK, Plan, joint, paired, shortfalls, stationary_rows


def rng(seed=1):
    return np.random.default_rng(seed)


def returns(seed=0, days=500):
    return 0.001 + 0.02 * rng(seed).standard_t(4, days)


def test_what_happened_on_one_day_stays_together():
    day = np.arange(40.0)
    drawn = joint(np.column_stack([day, 100 + 2 * day, -day]), lambda rows: rows, Plan(2 * CHUNK + 3, 25, 5), rng())
    assert drawn.shape == (2 * CHUNK + 3, 25, 3)
    assert np.array_equal(drawn[..., 1], 100 + 2 * drawn[..., 0])
    assert np.array_equal(drawn[..., 2], -drawn[..., 0])
    assert len(np.unique(drawn[:, 0, 0])) == 40


@pytest.mark.parametrize("block", [1, 4, 20])
def test_rows_come_in_blocks_of_geometric_length_from_anywhere(block):
    """A row is followed by its neighbour unless a block ends there, and by it one time in T even then."""
    rows = stationary_rows(50, Plan(400, 100, block), rng())
    follows = np.mean(rows[:, 1:] == (rows[:, :-1] + 1) % 50)
    assert follows == pytest.approx(1 - (1 - 1 / 50) / block, abs=0.01)
    assert np.bincount(rows.ravel(), minlength=50) / rows.size == pytest.approx(1 / 50, abs=0.005)


@given(arrays(float, (3, 17, 2), elements=st.floats(-1, 1, width=32)), st.floats(0.0, 0.99))
def test_the_shortfall_of_every_path_is_that_of_its_returns(paths, level):
    one_by_one = [[expected_shortfall(-path[:, k], level=level) for k in range(2)] for path in paths]
    assert shortfalls(paths, level=level) == pytest.approx(np.array(one_by_one), abs=1e-12)


@pytest.mark.parametrize(("times", "p_value"), [(0.5, 1), (1.0, 1), (1.05, 1), (1.2, 1 / 301), (3.0, 1 / 301)])
def test_the_same_days_decide_for_both(times, p_value):
    """One book is the other held larger, so every path agrees; with days of their own, chance would blur it."""
    seen = paired(times * returns(), returns(), mean_block=10, rng=rng(), paths=300)
    loss = expected_shortfall(-returns(), level=0.975)
    assert (seen.challenger, seen.incumbent) == (pytest.approx(times * loss), loss)
    assert seen.excess == pytest.approx((times - 1.1) * loss)
    assert seen.p_value == p_value


def test_different_books_leave_room_for_doubt():
    seen = paired(1.1 * returns(1), returns(2), mean_block=10, rng=rng())
    assert 0.05 < seen.p_value < 0.95


@pytest.mark.parametrize(("ours", "theirs"), [(500, 499), (19, 19), (0, 0)])
def test_days_that_do_not_match_or_do_not_suffice_are_refused(ours, theirs):
    with pytest.raises(DataError, match=f"{ours} days of the challenger and {theirs} of the incumbent"):
        paired(np.zeros(ours), np.zeros(theirs), mean_block=10, rng=rng())
