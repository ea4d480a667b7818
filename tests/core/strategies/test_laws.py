"""The laws of `Signal`, for every strategy in the folder: a new one is found, drawn configs for, and judged by itself."""

from dataclasses import replace
from functools import cache
from typing import get_args

import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import given, settings
from hypothesis import strategies as st

from core.market.features import decision_rows
from core.strategies.registry import strategies
from core.strategies.strategy import FloatRange, IntRange
from tests.core.panels import holey, walk
from tests.core.strategies import laws
from tests.core.strategies.laws import LAWS, STRATEGIES, any_config, some_configs

every_strategy = pytest.mark.parametrize("strategy", [s for _, s in STRATEGIES], ids=[name for name, _ in STRATEGIES])
every_law = pytest.mark.parametrize("law", LAWS, ids=[law.__name__.removeprefix("assert_") for law in LAWS])


@cache
def market(seed, *, bars=1700, width=20, make=holey, every=24):
    """A panel, its decision rows, and who may be held, at random."""
    panel = make(seed, bars=bars, width=width, timeframe="1h")
    rows = decision_rows(panel.close_time, panel.bar_ms, every)
    allowed = np.random.default_rng([seed, 3]).random((len(rows), width)) < 0.8
    return panel, rows, allowed & np.isfinite(panel.close[rows])


@every_law
@every_strategy
@pytest.mark.parametrize("seed", [1, 2])
def test_a_strategy_obeys_within_its_searched_space(strategy, law, seed):
    for config in some_configs(strategy, seed=seed):
        law(strategy, *market(seed), config)


@every_law
@every_strategy
@settings(max_examples=40)
@given(data=st.data())
def test_a_strategy_obeys_anywhere_within_the_bounds_of_its_config(strategy, law, data):
    law(strategy, *market(3, bars=400, width=6, every=6), data.draw(any_config(strategy)))


@every_strategy
def test_a_strategy_says_something(strategy):
    for config in some_configs(strategy):
        assert strategy.signal(*market(12, make=walk), config).any()


@every_strategy
def test_every_searched_parameter_changes_what_is_said_on_some_panel(strategy):
    for name, bounds in strategy.space.items():
        low, high = (strategy.config(**{name: value}) for value in (bounds.low, bounds.high))
        markets = (market(seed, make=walk) for seed in (11, 13, 14))
        changes = (not np.array_equal(strategy.signal(*seen, low), strategy.signal(*seen, high)) for seen in markets)
        assert any(changes), f"{strategy.name}: {name} is searched and does nothing"


@every_strategy
def test_the_corners_of_the_space_are_valid_parameters(strategy):
    corners = [{}]
    for name, bounds in strategy.space.items():
        corners = [{**corner, name: value} for corner in corners for value in (bounds.low, bounds.high)]
    for corner in corners:
        assert strategy.config(**corner).model_dump() == strategy.config().model_dump() | corner


@every_strategy
def test_a_space_names_parameters_of_the_config_with_room_to_search(strategy):
    for name, bounds in strategy.space.items():
        assert name in strategy.config.model_fields
        assert isinstance(bounds, IntRange | FloatRange)
        assert bounds.low < bounds.high


@every_strategy
def test_every_number_in_a_config_has_bounds_and_every_parameter_an_explanation(strategy):
    for name, field in strategy.config.model_fields.items():
        assert field.description, f"{strategy.name}: {name} says nothing of itself; put a docstring below it"
        if {int, float} & {field.annotation, *get_args(field.annotation)}:
            kinds = {type(bound) for bound in field.metadata}
            assert kinds & {Ge, Gt}, f"{strategy.name}: {name} has no lower bound"
            assert kinds & {Le, Lt}, f"{strategy.name}: {name} has no upper bound"


@pytest.mark.parametrize("bars_ahead", [1, 24])
def test_a_strategy_that_peeks_is_caught(bars_ahead):
    def peeking(panel, rows, _eligible, _config):
        return np.nan_to_num(np.sign(panel.close[np.minimum(rows + bars_ahead, len(panel) - 1)] - panel.close[rows]))

    assert_caught(laws.assert_looks_at_the_past_only, peeking, market(1))


def test_a_strategy_that_knows_the_mean_of_the_whole_panel_is_caught():
    def knowing(panel, rows, _eligible, _config):
        return np.nan_to_num(np.sign(panel.close[rows] - np.nanmean(panel.close, axis=0)))

    assert_caught(laws.assert_looks_at_the_past_only, knowing, market(1, make=walk))


def test_a_strategy_that_ranks_by_price_is_caught():
    def dear(panel, rows, eligible, _config):
        return np.where(eligible, panel.close[rows] > 100.0, 0.0)

    assert_caught(laws.assert_does_not_care_for_the_unit_of_a_price, dear, market(1))


def test_a_strategy_that_takes_the_first_of_the_alphabet_is_caught():
    def first(panel, rows, eligible, _config):
        return eligible * (np.arange(eligible.shape[1]) == 0)

    assert_caught(laws.assert_does_not_care_for_the_order_of_symbols, first, market(1))


def test_a_strategy_that_divides_by_how_many_columns_there_are_is_caught():
    def shared(panel, rows, eligible, _config):
        return eligible / eligible.shape[1]

    assert_caught(laws.assert_does_not_see_a_symbol_that_never_trades, shared, market(1))


def test_a_strategy_that_fills_holes_in_its_panel_is_caught():
    def filling(panel, rows, eligible, _config):
        panel.close[np.isnan(panel.close)] = 0.0
        return eligible * 1.0

    fresh = market.__wrapped__(1)
    assert_caught(laws.assert_leaves_its_input_alone, filling, fresh)


def test_a_strategy_that_asks_for_too_little_history_is_caught():
    def long(panel, rows, eligible, _config):
        return eligible * np.nan_to_num(np.sign(panel.close[rows] - panel.close[np.maximum(rows - 500, 0)]))

    assert_caught(laws.assert_the_history_it_asks_for_is_enough, long, market(1))


def test_a_strategy_that_says_nan_or_holds_who_may_not_be_held_is_caught():
    for wrong in (np.nan, 1.0):
        assert_caught(
            laws.assert_is_never_nan_and_flat_for_whoever_may_not_be_held,
            lambda panel, rows, eligible, _config, wrong=wrong: np.where(eligible, 1.0, wrong),
            market(1),
        )


def assert_caught(law, signal, seen):
    """A signal in the clothes of xsmom breaks the law."""
    wrong = replace(strategies()["xsmom"], name="wrong", signal=signal)
    with pytest.raises(AssertionError):
        law(wrong, *seen, wrong.config())
