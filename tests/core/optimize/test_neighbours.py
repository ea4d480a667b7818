import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.optimize.neighbours import neighbours
from core.optimize.search import draw
from core.strategies.strategy import FloatRange, IntRange

SPACE = {"lookback": IntRange(10, 1000, log=True), "top": IntRange(3, 8), "threshold": FloatRange(0.0, 1.0)}


def around(seed, count=20):
    centre = draw(SPACE, 1, np.random.default_rng(seed))[0]
    return centre, neighbours(SPACE, centre, count, np.random.default_rng(seed))


@given(st.integers(0, 1000))
def test_neighbours_stay_within_the_space(seed):
    _, sets = around(seed)
    for params in sets:
        for name, bounds in SPACE.items():
            assert bounds.low <= params[name] <= bounds.high
            assert isinstance(params[name], float if isinstance(bounds, FloatRange) else int)


def test_the_set_itself_comes_first_and_what_is_not_searched_is_kept():
    centre, sets = around(1)
    assert sets[0] == centre
    kept = neighbours(SPACE, {**centre, "skip": 4}, 3, np.random.default_rng(0))
    assert {params["skip"] for params in kept} == {4}
    assert neighbours(SPACE, centre, 0, np.random.default_rng(0)) == (centre,)


def test_the_same_seed_gives_the_same_neighbours_and_they_differ_from_each_other():
    assert around(2) == around(2)
    _, sets = around(2)
    assert len({tuple(params.values()) for params in sets}) > 15


def test_steps_are_a_tenth_of_the_range():
    centre = {"lookback": 100, "top": 5, "threshold": 0.5}
    moved = np.array([p["threshold"] for p in neighbours(SPACE, centre, 2000, np.random.default_rng(3))[1:]])
    assert abs(moved.std() - 0.1) < 0.01
    logs = np.log([p["lookback"] for p in neighbours(SPACE, centre, 2000, np.random.default_rng(3))[1:]])
    assert abs(logs.std() - 0.1 * np.log(100)) < 0.05
