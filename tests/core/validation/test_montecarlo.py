import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.validation.block_length import holding_block
from core.validation.montecarlo import GOLDEN, Plan, _mixed, _uniform, circular, stationary, stress, worst_quantile
from core.validation.stressed import Stress

BOTH = pytest.mark.parametrize("bootstrap", [stationary, circular])
PLAN = {"paths": 400, "horizon": 60, "mean_block": 5, "seed": 1}


def returns(seed=0, count=300, *, mean=0.0005, spread=0.01):
    """Clustered: quiet and wild spells of thirty bars."""
    rng = np.random.default_rng(seed)
    return mean + spread * np.repeat(np.exp(rng.normal(0, 0.7, count // 30 + 1)), 30)[:count] * rng.standard_t(5, count)


def fold(logs):
    """Deepest drawdown and total return of one path, bar by bar."""
    level, peak, depth = 0.0, 0.0, 0.0
    for log in logs:
        level += log
        peak = max(peak, level)
        depth = min(depth, level - peak)
    return np.expm1(depth), np.expm1(level)


def drawn(bootstrap, count, plan, seed, p):
    """The bars of path p, in order: the specification of both bootstraps, with Python's integers for the generator."""
    state = int(_mixed(np.uint64((seed + p * int(GOLDEN)) % 2**64)))
    bars = []
    while len(bars) < plan.horizon:
        length = plan.block
        if bootstrap is stationary:
            state = (state + int(GOLDEN)) % 2**64
            leave = np.log1p(-1 / plan.block) if plan.block > 1 else -np.inf
            length = 1 + int(np.log1p(-_uniform(np.uint64(state))) / leave)
        state = (state + int(GOLDEN)) % 2**64
        start = (int(_mixed(np.uint64(state))) >> 32) * count >> 32
        bars += [(start + i) % count for i in range(min(length, plan.horizon - len(bars)))]
    return bars


def numpy_bootstrap(net, *, paths, horizon, mean_block, seed):
    """A stationary bootstrap of another make: (deepest drawdown, total return) of each path."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, len(net), paths)
    drawn = np.zeros((paths, horizon))
    for step in range(horizon):
        drawn[:, step] = net[at]
        at = np.where(rng.random(paths) < 1 / mean_block, rng.integers(0, len(net), paths), (at + 1) % len(net))
    return summary(drawn)


def numpy_circular(net, *, paths, horizon, mean_block, seed):
    """A circular block bootstrap of another make, every path laid out."""
    blocks = -(-horizon // mean_block)
    starts = np.random.default_rng(seed).integers(0, len(net), (paths, blocks, 1))
    bars = ((starts + np.arange(mean_block)) % len(net)).reshape(paths, -1)[:, :horizon]
    return summary(net[bars])


def summary(drawn):
    equity = np.cumprod(1 + drawn, axis=1)
    peak = np.maximum(np.maximum.accumulate(equity, axis=1), 1.0)
    return (equity / peak - 1).min(axis=1), equity[:, -1] - 1


@BOTH
@settings(max_examples=60)
@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 90), st.integers(1, 25))
def test_a_path_is_its_bars_walked_one_by_one(bootstrap, seed, count, horizon, block):
    logs = np.log1p(returns(seed, count))
    plan = Plan(3, horizon, min(block, count))
    depth, final = bootstrap(logs, plan, np.uint64(seed))
    for p in range(plan.paths):
        walked = fold(logs[drawn(bootstrap, count, plan, seed, p)])
        assert (depth[p], final[p]) == pytest.approx(walked, abs=1e-12)


def test_the_same_seed_gives_the_same_result_and_another_seed_another():
    assert stress(returns(), **PLAN) == stress(returns(), **PLAN)
    assert stress(returns(), **PLAN) != stress(returns(), **PLAN | {"seed": 2})


@BOTH
def test_a_path_does_not_depend_on_how_many_others_are_drawn(bootstrap):
    logs = np.log1p(returns())
    few, many = (bootstrap(logs, Plan(count, 50, 5), np.uint64(3)) for count in (7, 50))
    assert np.array_equal(few[0], many[0][:7])
    assert np.array_equal(few[1], many[1][:7])
    assert len(np.unique(many[1])) == 50


@BOTH
@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(-0.005, 0.005), st.integers(1, 50))
def test_worse_is_deeper(bootstrap, seed, mean, mean_block):
    seen = stress(returns(seed, mean=mean), **PLAN | {"mean_block": mean_block}, bootstrap=bootstrap)
    assert -1 <= seen.drawdown_1_in_100 <= seen.drawdown_1_in_20 <= seen.drawdown_median <= 0
    assert -seen.drawdown_1_in_20 <= seen.cdar_95 <= 1
    assert seen.es_975 >= -seen.return_median
    assert 0 <= seen.loss_probability <= 1


def test_one_path_in_twenty_is_worse_than_the_one_in_twenty_drawdown():
    """The direction matters: drawdowns are negative, the high quantile would name a harmless year."""
    drawdowns = -np.arange(1000) / 1000
    assert np.mean(drawdowns < worst_quantile(drawdowns, 0.05)) == pytest.approx(0.05)
    assert worst_quantile(drawdowns, 0.05) == pytest.approx(-0.95, abs=0.001)


@BOTH
def test_one_bar_in_ten_loses_half_and_that_is_the_tail(bootstrap):
    """By hand: one path in ten falls by half, nine never fall. A tail taken from the mild end would say 0 or a gain."""
    net = np.append(np.full(9, 0.01), -0.5)
    seen = stress(net, paths=2000, horizon=1, mean_block=1, seed=3, bootstrap=bootstrap)
    assert (seen.drawdown_median, seen.drawdown_1_in_20, seen.drawdown_1_in_100) == (0.0, -0.5, -0.5)
    assert (seen.es_975, seen.cdar_95) == (pytest.approx(0.5), pytest.approx(0.5))
    assert seen.return_median == pytest.approx(0.01)
    assert seen.loss_probability == pytest.approx(0.1, abs=0.02)


def test_the_tails_are_means_of_what_is_worse():
    net = returns()
    seen = stress(net, **PLAN | {"paths": 2000})
    depth, final = stationary(np.log1p(net), Plan(2000, 60, 5), np.uint64(1))
    assert seen.cdar_95 == pytest.approx(-np.sort(depth)[:100].mean())
    assert seen.es_975 == pytest.approx(-np.sort(final)[:50].mean())


def test_the_reported_tail_is_the_deep_one():
    net, plan = returns(), PLAN | {"paths": 2000}
    seen = stress(net, **plan)
    depth, final = stationary(np.log1p(net), Plan(2000, 60, 5), np.uint64(1))
    assert np.mean(depth < seen.drawdown_1_in_20) == pytest.approx(0.05, abs=0.001)
    assert np.mean(depth < seen.drawdown_1_in_100) == pytest.approx(0.01, abs=0.001)
    assert np.mean(depth < seen.drawdown_median) == pytest.approx(0.5, abs=0.001)
    assert np.mean(final < 0) == seen.loss_probability


@BOTH
@pytest.mark.parametrize("value", [0.001, 0.0, -0.001])
def test_constant_returns_have_one_future(bootstrap, value):
    total = (1 + value) ** 60 - 1
    worst, loss = pytest.approx(min(total, 0.0), abs=1e-12), pytest.approx(-total, abs=1e-12)
    deepest = pytest.approx(max(-total, 0.0), abs=1e-12)
    assert stress(np.full(100, value), **PLAN, bootstrap=bootstrap) == Stress(
        400, 60, 5, worst, worst, worst, float(value < 0), pytest.approx(total), loss, deepest
    )


@pytest.mark.parametrize(("bootstrap", "other"), [(stationary, numpy_bootstrap), (circular, numpy_circular)])
def test_an_independent_bootstrap_agrees(bootstrap, other):
    net, plan = returns(5), {"paths": 20_000, "horizon": 100, "mean_block": 10}
    seen = stress(net, **plan, seed=1, bootstrap=bootstrap)
    depth, final = other(net, **plan, seed=2)
    assert seen.drawdown_median == pytest.approx(np.quantile(depth, 0.5), rel=0.03)
    assert seen.drawdown_1_in_20 == pytest.approx(np.quantile(depth, 0.05), rel=0.03)
    assert seen.drawdown_1_in_100 == pytest.approx(np.quantile(depth, 0.01), rel=0.05)
    assert seen.loss_probability == pytest.approx(np.mean(final < 0), abs=0.02)
    assert seen.return_median == pytest.approx(np.median(final), abs=0.01)


@BOTH
def test_one_bar_ahead_every_return_that_happened_is_equally_likely(bootstrap):
    net = np.array([-0.02, -0.01, 0.01, 0.03])
    _, final = bootstrap(np.log1p(net), Plan(8000, 1, 2), np.uint64(9))
    values, counts = np.unique(np.round(final, 12), return_counts=True)
    assert values == pytest.approx(net)
    assert counts / 8000 == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(("bootstrap", "endless"), [(stationary, 10**12), (circular, 40)])
def test_a_block_is_what_happened_in_the_order_it_happened(bootstrap, endless):
    """With blocks that never end, a path of all bars is the history itself, begun anywhere and wrapped around."""
    net = returns(3, 40)
    _, final = bootstrap(np.log1p(net), Plan(50, 40, endless), np.uint64(4))
    assert final == pytest.approx(np.prod(1 + net) - 1)
    _, pairs = bootstrap(np.log1p(net), Plan(200, 2, endless), np.uint64(4))
    neighbours = (1 + net) * (1 + np.roll(net, -1)) - 1
    assert np.abs(pairs[:, None] - neighbours).min(axis=1).max() < 1e-12


@BOTH
def test_longer_blocks_keep_losing_streaks_together(bootstrap):
    net = np.where(np.arange(400) % 40 < 20, -0.01, 0.0105)
    plans = ({"mean_block": block, "paths": 2000} for block in (1, 20))
    short, long = (stress(net, **PLAN | plan, bootstrap=bootstrap).drawdown_median for plan in plans)
    assert long < short * 1.2


@BOTH
def test_blocks_of_one_bar_are_the_same_bootstrap(bootstrap):
    """Without blocks both draw bars one by one, so both know the same tail."""
    seen = stress(returns(), **PLAN | {"mean_block": 1, "paths": 20_000}, bootstrap=bootstrap)
    depth, _ = numpy_bootstrap(returns(), paths=20_000, horizon=60, mean_block=1, seed=7)
    assert seen.drawdown_1_in_20 == pytest.approx(np.quantile(depth, 0.05), rel=0.03)


@BOTH
def test_a_book_that_lost_everything_once_can_lose_everything_again(bootstrap):
    seen = stress(np.append(np.full(99, 0.001), -1.0), **PLAN, bootstrap=bootstrap)
    assert seen.drawdown_1_in_20 == -1.0
    assert 0.3 < seen.loss_probability < 0.6  # about sixty draws of a hundred bars, in blocks


def test_blocks_are_as_long_as_the_returns_remember_unless_told():
    net = returns(count=3000)
    seen = stress(net, paths=50, horizon=60, seed=1)
    assert seen == stress(net, paths=50, horizon=60, seed=1, mean_block=holding_block(net, floor=1))
    assert seen.mean_block_bars > 10  # their sizes come in spells of thirty bars


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_returns_are_refused(count):
    with pytest.raises(DataError, match=f"{count} returns are too few for blocks of 5 bars"):
        stress(np.zeros(count), **PLAN)
