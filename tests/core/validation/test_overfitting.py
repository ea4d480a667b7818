from itertools import combinations
from math import comb
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.metrics import sharpe
from core.errors import ConfigError, DataError
from core.validation.cpcv import combinatorial_splits
from core.validation.overfitting import cscv, dominance, line, overfitting, path_sharpes

A_DAY = np.sqrt(1 / 365)
"""Turns an annual Sharpe ratio into one per day, which is what the vectors hold."""

coarse = arrays(np.float64, (5, 30), elements=st.sampled_from([0.0, 0.0, 0.0, 0.01, -0.01, 0.02]))
"""Few values, so that sets tie and halves without a trade happen."""


def gaussian(seed, sets, skill=0.0):
    """Rebuild the vectors' data; one of the sets has skill."""
    table = 0.01 * np.random.RandomState(seed).standard_normal((640, sets))
    table[:, 4] += skill
    return table.T


def r_normals(seed, count):
    """R's ``set.seed(seed); rnorm(count)``: Mersenne Twister, inversion with two uniforms a number (RNG.c, snorm.c)."""
    state = []
    for _ in range(50 + 625):
        seed = (69069 * seed + 1) % 2**32
        state.append(seed)
    bits = np.random.MT19937()
    bits.state = {"bit_generator": "MT19937", "state": {"key": np.array(state[51:], dtype=np.uint32), "pos": 624}}
    uniform = bits.random_raw(2 * count) * 2.3283064365386963e-10
    return np.array([NormalDist().inv_cdf(u) for u in (np.floor(2**27 * uniform[::2]) + uniform[1::2]) / 2**27])


@pytest.mark.parametrize(
    ("streams", "pbo", "loss", "slope", "intercept"),
    [
        (gaussian(0, 12, skill=0.0015), 0.0, 0.0, -0.9995243281058329, 0.30539998378775696),
        (gaussian(1, 12), 0.35714285714285715, 0.37142857142857144, -0.39892330544546434, 0.0717383153996928),
    ],
    ids=["pbo_skilled", "pbo_noise"],
)
def test_pypbo_finds_the_same(streams, pbo, loss, slope, intercept):
    """Vectors pbo_skilled and pbo_noise (8 blocks), cross-checked there against esvhd/pypbo."""
    found = overfitting(streams, blocks=8)
    assert len(found.logits) == 70
    assert (found.pbo, found.oos_loss) == pytest.approx((pbo, loss), abs=1e-9)
    assert (found.slope, found.intercept * A_DAY) == pytest.approx((slope, intercept), abs=1e-9)


@pytest.mark.parametrize(("seed", "ours", "in_r"), [(0, 0.4, 25 / 70), (1, 59 / 70, 48 / 70), (2, 19 / 70, 13 / 70)])
def test_ranks_are_over_one_more_than_the_sets(seed, ours, in_r):
    """Vectors pbo_oddN: with 11 sets the median is in the lower half, and R's rank over N would not count it."""
    logits = cscv(gaussian(seed, 11), blocks=8).logits
    rank = np.round(12 / (1 + np.exp(-logits)))
    assert np.mean(logits <= 0) == pytest.approx(ours, abs=1e-9)
    assert np.mean(rank / 11 <= 0.5) == pytest.approx(in_r, abs=1e-9)


def as_r_fits(seen):
    """In sample on out of sample: intercept per day (which R's package calls the slope), slope, adjusted R squared."""
    slope, intercept = line(seen.outside, seen.inside)
    unexplained, n = 1 - np.corrcoef(seen.inside, seen.outside)[0, 1] ** 2, len(seen.inside)
    return intercept * A_DAY, slope, 1 - unexplained * (n - 1) / (n - 2)


def test_the_r_package_finds_the_same():
    """Vector pbo_R_testthat (mrbcuda/pbo, 4 blocks); a risk-free 0.03 / 252 is taken off every return."""
    seen = cscv(r_normals(852, 8000).reshape(200, 40).T - 0.03 / 252, blocks=4)
    intercept, _, fit = as_r_fits(seen)
    assert (np.mean(seen.logits <= 0), np.mean(seen.outside < 0)) == (0.5, 0.5)
    assert (intercept, fit) == pytest.approx((0.19817025679772188, -0.23442119055118105), abs=1e-9)


def test_demeaned_sets_look_overfitted_whatever_they_are():
    """Vector pbo_R_vignette: its sets are demeaned over the whole sample, so the PBO of 1 it shows is mechanical."""
    streams = r_normals(765, 240_000).reshape(100, 2400)
    streams /= np.sqrt(252) * streams.std(axis=1, ddof=1)[:, None]
    streams -= streams.mean(axis=1)[:, None] + 0.03 / 252
    expected = {8: (-0.003046, -0.9737671982348002, 0.97), 4: (-0.005909, -1.0215523893886058, 0.88)}
    for blocks, (intercept, slope, fit) in expected.items():
        seen = cscv(streams, blocks=blocks)
        found = as_r_fits(seen)
        assert (np.mean(seen.logits <= 0), np.mean(seen.outside < 0)) == (1.0, 1.0)
        assert found[:2] == pytest.approx((intercept, slope), abs=5e-7)
        assert found[2] == pytest.approx(fit, abs=5e-3)  # printed with two digits


@pytest.mark.parametrize("blocks", [4, 6, 8, 10, 12, 14, 16])
def test_every_half_of_the_blocks_is_a_split(blocks):
    """Vector cscv_combinations: 6, 20, 70, ..., and 12,870 of 16 blocks."""
    assert len(cscv(gaussian(0, 5), blocks=blocks).inside) == comb(blocks, blocks // 2)


def slow_cscv(streams, blocks):
    """One half at a time, as the paper says it."""
    days = streams.shape[1] // blocks * blocks
    cut = streams[:, -days:].reshape(len(streams), blocks, -1)
    for half in combinations(range(blocks), blocks // 2):
        rest = [b for b in range(blocks) if b not in half]
        inside, outside = (np.array([round(sharpe(s[list(part)].ravel()), 8) for s in cut]) for part in (half, rest))
        best = inside.argmax()
        rank = (outside < outside[best]).sum() + ((outside == outside[best]).sum() + 1) / 2
        yield inside[best], outside[best], rank / (len(streams) + 1)


@given(coarse)
def test_block_sums_agree_with_reading_every_half(streams):
    found = cscv(streams, blocks=4)
    inside, outside, relative = np.array(list(slow_cscv(streams, 4))).T
    assert found.inside == pytest.approx(inside, abs=1e-7)
    assert found.outside == pytest.approx(outside, abs=1e-7)
    assert found.logits == pytest.approx(np.log(relative / (1 - relative)))


@given(coarse)
def test_paths_hold_what_was_best_in_training(streams):
    splits = combinatorial_splits(30, groups=5, test_groups=2, purge=1, embargo=2)
    held = np.full((len(splits.train), 30), np.nan)
    for k, (train, test) in enumerate(zip(splits.train, splits.test, strict=True)):
        best = np.argmax([round(sharpe(s[train]), 8) for s in streams])
        held[k, test] = streams[best, test]
    slow = [[held[splits.paths[g, p], t] for t, g in enumerate(splits.group)] for p in range(4)]
    found = path_sharpes(streams, groups=5, test_groups=2, purge=1, embargo=2)
    assert found == pytest.approx([sharpe(np.array(history)) for history in slow])


@given(st.integers(0, 2**32 - 1), st.permutations(range(6)), st.floats(0.01, 100.0))
def test_neither_the_order_of_sets_nor_their_size_matters(seed, order, size):
    streams = np.random.default_rng(seed).normal(0.001, 0.01, (6, 60))
    one, other = overfitting(streams, blocks=6), overfitting(size * streams[list(order)], blocks=6)
    for name in ("pbo", "logits", "slope", "intercept", "oos_loss", "dominance", "path_sharpes"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-6)


def test_a_set_that_is_always_better_is_not_overfitted():
    streams = gaussian(3, 8) + 0.002
    streams[2] = streams.max(axis=0) + 0.01
    found = overfitting(streams)
    assert (found.pbo, found.oos_loss, found.dominance) == (0.0, 0.0, 1.0)
    assert found.path_sharpes == pytest.approx(sharpe(streams[2]))


def test_equal_sets_are_all_in_the_middle():
    found = overfitting(np.tile(gaussian(0, 5)[0], (9, 1)))
    assert (found.pbo, found.dominance) == (1.0, 1.0)
    assert not found.logits.any()


@pytest.mark.parametrize(
    "quiet",
    [np.zeros(20), np.full(20, 0.1), np.nextafter(0.1, np.tile([0.0, 1.0], 10))],
    ids=["no trade", "always the same", "the same but for rounding"],
)
def test_returns_that_do_not_vary_have_a_sharpe_of_zero(quiet):
    """In one half only, and in both."""
    noise = gaussian(0, 5)[0, :20]
    found = cscv(np.stack([np.concatenate([quiet, noise]), np.concatenate([quiet, quiet])]), blocks=2)
    assert found.everyone[1].tolist() == [0.0, 0.0]
    assert found.everyone[0, 0] == pytest.approx(sharpe(noise))


def test_a_half_without_a_trade_is_exactly_zero_beside_a_half_with_a_large_mean():
    """Rounding left 6e-7 here, which would decide ranks among sets that did nothing."""
    streams = np.zeros((30, 622))
    streams[:, 311:] = 0.003 + 0.1 * gaussian(0, 30)[:, :311]
    assert not cscv(streams, blocks=2).everyone[1].any()


def test_dominance_counts_the_levels_at_which_choosing_is_no_worse():
    """At level 2 all choices have ended, but only three of four sets."""
    assert dominance(np.array([2.0, 1.0]), np.array([3.0, 1.0, 0.0, 2.0])) == 0.75


def test_a_line_through_one_place_is_flat():
    assert line(np.ones(3), np.array([1.0, 2.0, 6.0])) == (0.0, 3.0)


@pytest.mark.parametrize(
    ("streams", "blocks", "error", "said"),
    [
        (np.zeros((1, 100)), 10, DataError, "1 sets of 100 days"),
        (np.zeros((5, 19)), 10, DataError, "5 sets of 19 days; at least 2 sets and 20 days are needed for 10 blocks"),
        (np.full((2, 20), np.nan), 10, DataError, "40 of 40 daily returns are not finite"),
        (np.zeros((5, 100)), 5, ConfigError, "5 blocks"),
        (np.zeros((5, 100)), 0, ConfigError, "0 blocks"),
    ],
)
def test_what_cannot_be_judged_is_refused(streams, blocks, error, said):
    with pytest.raises(error, match=said):
        overfitting(streams, blocks=blocks)
