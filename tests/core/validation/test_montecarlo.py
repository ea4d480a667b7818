import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.validation.montecarlo import Stress, _bootstrap, stress, worst_quantile

PLAN = {"paths": 400, "horizon": 60, "mean_block": 5, "seed": 1}


def returns(seed=0, count=300, *, mean=0.0005, spread=0.01):
    """Clustered: quiet and wild spells of thirty bars."""
    rng = np.random.default_rng(seed)
    return mean + spread * np.repeat(np.exp(rng.normal(0, 0.7, count // 30 + 1)), 30)[:count] * rng.standard_t(5, count)


def numpy_bootstrap(net, *, paths, horizon, mean_block, seed):
    """A stationary bootstrap of another make: (deepest drawdown, total return) of each path."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, len(net), paths)
    drawn = np.zeros((paths, horizon))
    for step in range(horizon):
        drawn[:, step] = net[at]
        at = np.where(rng.random(paths) < 1 / mean_block, rng.integers(0, len(net), paths), (at + 1) % len(net))
    equity = np.cumprod(1 + drawn, axis=1)
    peak = np.maximum(np.maximum.accumulate(equity, axis=1), 1.0)
    return (equity / peak - 1).min(axis=1), equity[:, -1] - 1


def test_the_same_seed_gives_the_same_result_and_another_seed_another():
    assert stress(returns(), **PLAN) == stress(returns(), **PLAN)
    assert stress(returns(), **PLAN) != stress(returns(), **PLAN | {"seed": 2})


def test_a_path_does_not_depend_on_how_many_others_are_drawn():
    logs = np.log1p(returns())
    few, many = (_bootstrap(logs, count, 50, 0.2, np.uint64(3)) for count in (7, 50))
    assert np.array_equal(few[0], many[0][:7])
    assert np.array_equal(few[1], many[1][:7])
    assert len(np.unique(many[1])) == 50


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(-0.005, 0.005), st.integers(1, 50))
def test_worse_is_deeper(seed, mean, mean_block):
    seen = stress(returns(seed, mean=mean), **PLAN | {"mean_block": mean_block})
    assert -1 <= seen.drawdown_1_in_100 <= seen.drawdown_1_in_20 <= seen.drawdown_median <= 0
    assert 0 <= seen.loss_probability <= 1


def test_one_path_in_twenty_is_worse_than_the_one_in_twenty_drawdown():
    """The direction matters: drawdowns are negative, the high quantile would name a harmless year."""
    drawdowns = -np.arange(1000) / 1000
    assert np.mean(drawdowns < worst_quantile(drawdowns, 0.05)) == pytest.approx(0.05)
    assert worst_quantile(drawdowns, 0.05) == pytest.approx(-0.95, abs=0.001)


def test_the_reported_tail_is_the_deep_one():
    net, plan = returns(), PLAN | {"paths": 2000}
    seen = stress(net, **plan)
    depth, final = _bootstrap(np.log1p(net), 2000, 60, 1 / 5, np.uint64(1))
    assert np.mean(depth < seen.drawdown_1_in_20) == pytest.approx(0.05, abs=0.001)
    assert np.mean(depth < seen.drawdown_1_in_100) == pytest.approx(0.01, abs=0.001)
    assert np.mean(depth < seen.drawdown_median) == pytest.approx(0.5, abs=0.001)
    assert np.mean(final < 0) == seen.loss_probability


@pytest.mark.parametrize("value", [0.001, 0.0, -0.001])
def test_constant_returns_have_one_future(value):
    total = (1 + value) ** 60 - 1
    worst = pytest.approx(min(total, 0.0), abs=1e-12)
    assert stress(np.full(100, value), **PLAN) == Stress(
        400, 60, 5, worst, worst, worst, float(value < 0), pytest.approx(total)
    )


def test_an_independent_bootstrap_agrees():
    net, plan = returns(5), {"paths": 20_000, "horizon": 100, "mean_block": 10}
    seen = stress(net, **plan, seed=1)
    depth, final = numpy_bootstrap(net, **plan, seed=2)
    assert seen.drawdown_median == pytest.approx(np.quantile(depth, 0.5), rel=0.03)
    assert seen.drawdown_1_in_20 == pytest.approx(np.quantile(depth, 0.05), rel=0.03)
    assert seen.drawdown_1_in_100 == pytest.approx(np.quantile(depth, 0.01), rel=0.05)
    assert seen.loss_probability == pytest.approx(np.mean(final < 0), abs=0.02)
    assert seen.return_median == pytest.approx(np.median(final), abs=0.01)


def test_one_bar_ahead_every_return_that_happened_is_equally_likely():
    net = np.array([-0.02, -0.01, 0.01, 0.03])
    _, final = _bootstrap(np.log1p(net), 8000, 1, 0.5, np.uint64(9))
    values, counts = np.unique(np.round(final, 12), return_counts=True)
    assert values == pytest.approx(net)
    assert counts / 8000 == pytest.approx(0.25, abs=0.02)


def test_a_block_is_what_happened_in_the_order_it_happened():
    """With blocks that never end, a path of all bars is the history itself, begun anywhere and wrapped around."""
    net = returns(3, 40)
    _, final = _bootstrap(np.log1p(net), 50, 40, 0.0, np.uint64(4))
    assert final == pytest.approx(np.prod(1 + net) - 1)
    _, pairs = _bootstrap(np.log1p(net), 200, 2, 0.0, np.uint64(4))
    neighbours = (1 + net) * (1 + np.roll(net, -1)) - 1
    assert np.abs(pairs[:, None] - neighbours).min(axis=1).max() < 1e-12


def test_longer_blocks_keep_losing_streaks_together():
    net = np.where(np.arange(400) % 40 < 20, -0.01, 0.0105)
    short, long = (stress(net, **PLAN | {"mean_block": b, "paths": 2000}).drawdown_median for b in (1, 20))
    assert long < short * 1.2


def test_a_book_that_lost_everything_once_can_lose_everything_again():
    seen = stress(np.append(np.full(99, 0.001), -1.0), **PLAN)
    assert seen.drawdown_1_in_20 == -1.0
    assert 0.3 < seen.loss_probability < 0.6  # about sixty draws of a hundred bars, in blocks


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_returns_are_refused(count):
    with pytest.raises(DataError, match=f"{count} returns are too few for blocks of 5 bars"):
        stress(np.zeros(count), **PLAN)
