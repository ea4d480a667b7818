"""What a search may visit: spaces that contradict their config are refused, and every searched parameter moves the result."""

from dataclasses import replace
from functools import cache
from math import inf, nan
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from core.config import Config
from core.errors import ConfigError
from core.optimize.search import draw
from core.portfolio import prepare, run
from core.strategies.registry import strategies, strategy
from core.strategies.strategy import FloatRange, IntRange, checked_space
from tests.core.panels import small_release, walk

SEARCHED = [(s.name, name) for s in strategies().values() for name in s.space]


class SomeConfig(Config):
    """A whole number, a number, and a yes or no."""

    top: Annotated[int, Field(ge=1, le=500)] = 5
    threshold: Annotated[float, Field(ge=0.0, le=3.0)] = 0.3
    short: bool = True


@cache
def market(seed):
    panel = walk(seed, bars=2200, width=10, timeframe="1h")
    release = small_release(
        panel, rebalance=24, book_start_row=1500, universe={"top": 10, "min_listed_days": 4, "liquidity_days": 3}
    )
    return prepare(panel, release), release


def net(seed, name, params):
    """What a book with one parameter set earns, bar by bar."""
    prepared, release = market(seed)
    book = release.model_validate(release.model_dump() | {"sleeves": [{"strategy": name, "params": params}]})
    return run(prepared, book).net


def changes_the_result(name, *ends):
    return any(not np.array_equal(*(net(seed, name, end) for end in ends)) for seed in (1, 2, 3))


@pytest.mark.parametrize(("name", "searched"), SEARCHED)
def test_every_searched_parameter_changes_what_the_backtest_earns_on_some_market(name, searched):
    bounds = strategy(name).space[searched]
    assert changes_the_result(name, {searched: bounds.low}, {searched: bounds.high}), f"{searched} is searched and does nothing"


def test_a_parameter_that_changes_nothing_would_be_caught():
    assert not changes_the_result("xsmom", {"lookback": 96, "top": 10}, {"lookback": 96, "top": 20})  # ten names in all


@pytest.mark.parametrize(
    ("space", "complaint"),
    [
        ({}, "wrong: the search space is empty"),
        ({"top": IntRange(8, 3)}, r"search space of top is IntRange\(low=8, high=3, log=False\): low must be below high"),
        ({"top": IntRange(3, 3)}, "low=3, high=3.*nothing to choose"),
        ({"threshold": FloatRange(1.0, 0.0)}, r"search space of threshold .*low=1.0, high=0.0\): low must be below high"),
        ({"threshold": FloatRange(0.0, inf)}, "search space of threshold .*inf.*: both ends must be finite"),
        ({"threshold": FloatRange(nan, 1.0)}, "both ends must be finite"),
        ({"top": IntRange(0, 8, log=True)}, "search space of top .*low=0.* a log scale starts at 1"),
        ({"tops": IntRange(3, 8)}, r"unknown parameter tops: did you mean top\?"),
        (
            {"top": IntRange(3, 600)},
            "wrong: search space reaches what the config refuses: top = 600: .*equal to 500",
        ),
        ({"top": IntRange(0, 8)}, "top = 0: .*greater than or equal to 1"),
        ({"threshold": FloatRange(-0.5, 1.0)}, "threshold = -0.5: .*greater than or equal to 0"),
        ({"top": FloatRange(3.0, 8.0)}, "top is FloatRange.*, but top is a whole number: give an IntRange"),
        ({"top": FloatRange(3.5, 8.0)}, "top = 3.5"),
        ({"short": FloatRange(0.0, 1.0), "top": IntRange(1, 9)}, "short is FloatRange.*, but short is a whole number"),
        ({"short": IntRange(0, 2)}, "short = 2"),
    ],
)
def test_a_space_that_contradicts_its_config_is_refused_with_the_numbers(space, complaint):
    with pytest.raises(ConfigError, match=complaint):
        checked_space(SomeConfig, space, subject="wrong")


def test_a_space_may_not_reach_what_a_rule_about_two_parameters_refuses():
    config = strategy("sma_cross").config
    crossing = {"fast": IntRange(24, 240), "slow": IntRange(200, 1440)}
    with pytest.raises(ConfigError, match="fast = 240 must be smaller than slow = 200"):
        checked_space(config, crossing, subject="sma_cross")


def test_a_strategy_with_such_a_space_cannot_be_made():
    with pytest.raises(ConfigError, match="xsmom: search space reaches what the config refuses: top = 600"):
        replace(strategy("xsmom"), space={"top": IntRange(3, 600)})


def test_a_yes_or_no_can_be_searched_as_zero_and_one():
    space = {"short": IntRange(0, 1)}
    assert checked_space(SomeConfig, space, subject="fine") == space
    assert [SomeConfig(**params).short for params in draw(space, 20, np.random.default_rng(0))].count(True) in range(1, 20)


ends = st.integers(-2, 510)


@settings(max_examples=100)
@given(low=ends, high=ends, bottom=st.floats(-1, 4), top=st.floats(-1, 4), seed=st.integers(0, 99))
def test_what_is_drawn_from_a_space_that_was_let_through_is_always_a_config(low, high, bottom, top, seed):
    space = {"top": IntRange(low, high), "threshold": FloatRange(bottom, top)}
    try:
        checked_space(SomeConfig, space, subject="any")
    except ConfigError:
        inside = 1 <= low < high <= 500 and 0.0 <= bottom < top <= 3.0
        assert not inside
        return
    try:
        for params in draw(space, 20, np.random.default_rng(seed)):
            SomeConfig(**params)
    except ValidationError as error:
        pytest.fail(str(error))
