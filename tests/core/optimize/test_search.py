import math

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.optimize.search import SearchPlan, Trial, draw, search, top_fifth
from core.strategies.strategy import FloatRange, IntRange

SPACE = {"lookback": IntRange(24, 1440, log=True), "top": IntRange(3, 8), "threshold": FloatRange(0.0, 1.0)}

optuna.logging.set_verbosity(optuna.logging.WARNING)


def hill(params):
    """Highest at lookback 200, top 5, threshold 0.3."""
    return -((math.log(params["lookback"] / 200)) ** 2) - (params["top"] - 5) ** 2 - (params["threshold"] - 0.3) ** 2


def inside(params, space=SPACE):
    return set(params) == set(space) and all(bounds.low <= params[name] <= bounds.high for name, bounds in space.items())


def numbered(*values):
    """Trials with one parameter each, all distinct."""
    return tuple(Trial(n, {"x": n}, value) for n, value in enumerate(values))


def test_the_same_seed_gives_the_same_trials_and_another_seed_others():
    assert search(SPACE, hill, trials=15, seed=1) == search(SPACE, hill, trials=15, seed=1)
    assert search(SPACE, hill, trials=15, seed=1) != search(SPACE, hill, trials=15, seed=2)


def test_trials_never_leave_the_space_and_are_scored_as_they_are():
    trials = search(SPACE, hill, trials=40, seed=3)
    assert [trial.number for trial in trials] == list(range(40))
    assert all(inside(trial.params) for trial in trials)
    assert all(trial.value == hill(trial.params) for trial in trials)


def test_a_search_that_learns_finds_the_top_of_a_hill():
    guided = [t.value for t in search(SPACE, hill, trials=60, seed=4)]
    assert np.mean(guided[-20:]) > np.mean(guided[:15])
    assert max(guided) > -0.2


def test_only_the_scores_of_earlier_trials_steer_the_next():
    def later_changes(params, seen=[]):  # noqa: B006
        seen.append(params)
        return hill(params) if len(seen) <= 25 else -hill(params)

    one, other = search(SPACE, hill, trials=30, seed=5), search(SPACE, later_changes, trials=30, seed=5)
    assert [t.params for t in one[:26]] == [t.params for t in other[:26]]
    assert [t.params for t in one] != [t.params for t in other]


def test_every_trial_is_told_as_it_ends():
    told = []
    assert search(SPACE, hill, trials=5, seed=0, told=told.append) == tuple(told)


def test_an_empty_space_is_refused():
    with pytest.raises(ConfigError, match="the search space is empty"):
        search({}, hill, trials=1, seed=0)


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (2, 1), (5, 1), (8, 2), (10, 2), (13, 3), (100, 20)])
def test_a_fifth_is_kept_and_at_least_one(count, kept):
    assert len(top_fifth(numbered(*range(count)))) == kept


def test_the_best_come_first_and_a_tie_goes_to_the_earlier():
    assert top_fifth(numbered(1, 9, 3, 9, 2, 0, 0, 0, 0, 0)) == ({"x": 1}, {"x": 3})


def test_the_same_parameters_count_once():
    trials = tuple(Trial(n, {"x": n // 5}, float(n // 5)) for n in range(50))  # ten distinct sets, five times each
    assert top_fifth(trials) == ({"x": 9}, {"x": 8})


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60))
def test_nothing_left_out_is_better_than_anything_kept(values):
    kept = {params["x"] for params in top_fifth(numbered(*values))}
    assert min(values[n] for n in kept) >= max((v for n, v in enumerate(values) if n not in kept), default=-math.inf)


@given(st.integers(0, 10_000))
def test_draws_stay_inside_the_space_and_repeat_with_their_seed(seed):
    one, other = (draw(SPACE, 20, np.random.default_rng(seed)) for _ in range(2))
    assert one == other
    assert all(inside(params) for params in one)
    assert all(type(params[name]) is int for params in one for name in ("lookback", "top"))


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_draws_reach_the_whole_range(seed):
    drawn = draw(SPACE, 2000, np.random.default_rng(seed))
    assert {params["top"] for params in drawn} == {3, 4, 5, 6, 7, 8}
    looks = np.array([params["lookback"] for params in drawn])
    assert np.mean(looks < math.sqrt(24 * 1441)) == pytest.approx(0.5, abs=0.06)  # the middle of a log scale
    assert np.mean([params["threshold"] for params in drawn]) == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize("values", [{"trials": 0}, {"folds": 0}, {"seed": -1}, {"trails": 5}])
def test_a_plan_that_makes_no_sense_is_refused(values):
    with pytest.raises(ConfigError, match=f"plan: .*{next(iter(values))}"):
        SearchPlan.read(values, subject="plan")
