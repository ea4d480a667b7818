import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.compiled import fast, strict
from core.signals.momentum import Z_LIMIT, pick, side_rows, zscore_rows

scores = arrays(
    float, st.integers(1, 20), elements=st.sampled_from([-1.0, -0.5, 0.5, 0.75, 1.0]) | st.floats(-3, 3) | st.just(np.nan)
)


def picked(score, top, threshold, start=None):
    out = np.full(len(score), np.nan)
    pick(score, top, (threshold, Z_LIMIT), start or (threshold, threshold), out)
    return out


def by_sorting(score, top, threshold):
    """The words once more: rank, cut, threshold; ties go to who comes first."""
    known = [i for i in range(len(score)) if score[i] == score[i]]
    best = sorted((i for i in known if score[i] > threshold), key=lambda i: (-score[i], i))[:top]
    worst = sorted((i for i in known if score[i] < -threshold), key=lambda i: (score[i], i))[:top]
    return [(i in best) - (i in worst) for i in range(len(score))]


@given(scores, st.integers(1, 8), st.floats(0, 1))
def test_picking_is_ranking_with_a_threshold(score, top, threshold):
    assert picked(score, top, threshold).tolist() == by_sorting(score, top, threshold)


@given(scores, st.integers(1, 8), st.floats(0, 1), st.tuples(st.floats(0, 3), st.floats(0, 3)))
def test_where_the_search_starts_changes_nothing(score, top, threshold, start):
    start = tuple(max(threshold, s) for s in start)
    assert np.array_equal(picked(score, top, threshold, start), picked(score, top, threshold))


def test_ties_at_the_border_go_to_who_comes_first():
    assert picked(np.array([1.0, 2.0, 1.0, 1.0, -1.0, -1.0]), 2, 0.3).tolist() == [1, 1, 0, 0, -1, -1]
    assert picked(np.array([1.0, 1.0, 1.0, -2.0]), 1, 0.3).tolist() == [1, 0, 0, -1]


def test_nobody_at_the_threshold_is_held():
    assert picked(np.array([0.3, -0.3, 0.0, np.nan]), 2, 0.3).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("seed", range(5))
def test_rows_of_scores_are_picked_one_by_one(seed):
    rng = np.random.default_rng(seed)
    z, weights = rng.normal(0, 1, (3, 40, 16)), np.array([0.5, 0.3, 0.2])
    z[rng.random(z.shape) < 0.05] = np.nan
    strictly, quickly = np.zeros((40, 16)), np.zeros((40, 16))
    part = np.arange(3)
    strict(side_rows)(z, part, weights, (3, 0.2), np.zeros(16), strictly)
    fast(side_rows, 16)(z, part, weights, (3, 0.2), np.zeros(16), quickly)
    score = weights[0] * z[0] + weights[1] * z[1] + weights[2] * z[2]
    assert strictly.tolist() == [by_sorting(row, 3, 0.2) for row in score]
    assert np.array_equal(strictly, quickly)


def zscores(log_close, rows, member, past):
    out = np.zeros(member.shape)
    strict(zscore_rows)(log_close, np.array(rows), member, past, out)
    return out


@given(st.integers(0, 1000))
def test_zscores_are_distances_from_the_members_mean(seed):
    rng = np.random.default_rng(seed)
    log_close = np.cumsum(rng.normal(0, 0.1, (30, 7)), axis=0)
    log_close[rng.random(log_close.shape) < 0.1] = np.nan
    member = rng.random((2, 7)) < 0.8
    seen = zscores(log_close, [20, 29], member, (2, 5))
    for row, inside, t in zip(seen, member, (20, 29), strict=True):
        moved = np.where(inside, log_close[t - 2] - log_close[t - 7], np.nan)
        known = np.isfinite(moved)
        assert np.array_equal(np.isfinite(row), known)
        if known.sum() > 1:
            wanted = np.clip((moved[known] - moved[known].mean()) / moved[known].std(), -3, 3)
            np.testing.assert_allclose(row[known], wanted, atol=1e-9)


def test_who_moved_alike_has_no_score_and_too_little_history_has_none_at_all():
    flat = np.zeros((10, 3))
    assert zscores(flat, [9], np.ones((1, 3), dtype=bool), (0, 5)).tolist() == [[0, 0, 0]]
    assert np.isnan(zscores(flat, [4], np.ones((1, 3), dtype=bool), (0, 5))).all()
