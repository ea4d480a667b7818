import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.validation.drawdown_cone import cone, histogram, picture, waypoints
from core.validation.montecarlo import Plan, stationary
from core.validation.stressed import SHARES


def returns(seed, count):
    return 0.0005 + 0.01 * np.random.default_rng(seed).standard_t(5, count)


@settings(max_examples=40)
@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 90), st.integers(1, 25), st.data())
def test_a_path_at_a_stop_is_the_path_that_ends_there(seed, count, horizon, block, data):
    """The monoid's paths of every shorter horizon are the same paths, cut there."""
    logs, plan = np.log1p(returns(seed, count)), Plan(3, horizon, block)
    stops = np.array(sorted(data.draw(st.sets(st.integers(0, horizon), min_size=1, max_size=6))))
    equity, depth = waypoints(logs, plan, stops, np.uint64(seed))
    for k, stop in enumerate(stops.tolist()):
        deepest, final = stationary(logs, plan._replace(horizon=stop), np.uint64(seed))
        assert equity[:, k] - 1 == pytest.approx(final, abs=1e-12)
        assert depth[:, k] == pytest.approx(deepest, abs=1e-12)


def test_a_cone_opens_from_one_and_ends_where_the_paths_end():
    plan = Plan(500, 365, 10)
    seen = cone(returns(1, 700), plan, seed=4)
    depth, final = stationary(np.log1p(returns(1, 700)), plan, np.uint64(4))
    assert (seen.bars[0], seen.bars[-1], len(seen.bars)) == (0, 365, 51)
    assert {row[0] for row in seen.equity} == {1.0}
    assert {row[0] for row in seen.drawdown} == {0.0}
    assert [row[-1] - 1 for row in seen.equity] == pytest.approx(np.quantile(final, SHARES))
    assert [row[-1] for row in seen.drawdown] == pytest.approx(np.quantile(depth, SHARES))
    assert (np.diff(seen.equity, axis=0) >= 0).all()
    assert (np.diff(seen.drawdown, axis=0) >= 0).all()
    assert (np.diff(seen.drawdown, axis=1) <= 0).all()  # the deepest so far never recovers


def test_a_horizon_shorter_than_the_points_stops_at_every_bar():
    assert cone(returns(1, 50), Plan(5, 7, 2), seed=0).bars == tuple(range(8))


def test_ruin_stays_ruin_on_the_way():
    seen = cone(np.append(np.full(9, 0.01), -1.0), Plan(200, 500, 5), seed=1)
    assert [row[-1] for row in seen.equity] == [0.0] * 5
    assert [row[-1] for row in seen.drawdown] == [-1.0] * 5


@given(st.lists(st.floats(-1, 1e6), min_size=1, max_size=200))
def test_a_histogram_counts_every_value(values):
    seen = histogram(np.array(values), bins=7)
    assert sum(seen.counts) == len(values)
    assert len(seen.edges) == len(seen.counts) + 1
    assert list(seen.edges) == sorted(seen.edges)


def test_one_wild_value_does_not_set_the_scale():
    seen = histogram(np.append(np.linspace(0.0, 1.0, 9_999), 1e6))
    assert seen.edges[-1] == pytest.approx(1.0, abs=0.01)
    assert min(seen.counts) > 200


def test_a_picture_shows_every_path_of_the_stress():
    seen = picture(returns(2, 300), paths=1500, horizon=60, mean_block=5, seed=1)
    assert sum(seen.drawdowns.counts) == sum(seen.returns.counts) == 1500
    assert seen.drawdowns.edges[0] >= -1.0
    assert seen.drawdowns.edges[-1] <= 0.0
    assert seen.cone.bars[-1] == 60


def test_too_few_returns_have_no_picture():
    with pytest.raises(DataError, match="9 returns are too few for blocks of 5 bars"):
        picture(np.zeros(9), paths=10, horizon=5, mean_block=5, seed=0)
