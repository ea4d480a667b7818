"""The laws of `Signal`, for every strategy in the folder."""

from dataclasses import replace

import numpy as np
import pytest

from core.market.features import decision_rows
from core.strategies.registry import strategies
from core.strategies.strategy import FloatRange, IntRange
from tests.core.panels import holey, walk
from tests.core.strategies.laws import STRATEGIES, assert_looks_at_the_past_only, some_configs

every_strategy = pytest.mark.parametrize("strategy", [s for _, s in STRATEGIES], ids=[name for name, _ in STRATEGIES])


def market(seed, *, bars=1700, width=20, make=holey, every=24):
    """A panel, its decision rows, and who may be held, at random."""
    panel = make(seed, bars=bars, width=width, timeframe="1h")
    rows = decision_rows(panel.close_time, panel.bar_ms, every)
    allowed = np.random.default_rng([seed, 3]).random((len(rows), width)) < 0.8
    return panel, rows, allowed & np.isfinite(panel.close[rows])


@every_strategy
@pytest.mark.parametrize("seed", [1, 2])
def test_a_signal_looks_at_the_past_only(strategy, seed):
    for config in some_configs(strategy, seed=seed):
        assert_looks_at_the_past_only(strategy, *market(seed), config)


@pytest.mark.parametrize("bars_ahead", [1, 24])
def test_a_strategy_that_peeks_is_caught(bars_ahead):
    def peeking(panel, rows, _eligible, _config):
        return np.nan_to_num(np.sign(panel.close[np.minimum(rows + bars_ahead, len(panel) - 1)] - panel.close[rows]))

    peeker = replace(strategies()["xsmom"], name="peeker", signal=peeking)
    with pytest.raises(AssertionError, match="peeker"):
        assert_looks_at_the_past_only(peeker, *market(1), peeker.config())


def test_a_strategy_that_knows_the_mean_of_the_whole_panel_is_caught():
    def knowing(panel, rows, _eligible, _config):
        return np.nan_to_num(np.sign(panel.close[rows] - np.nanmean(panel.close, axis=0)))

    knower = replace(strategies()["xsmom"], name="knower", signal=knowing)
    with pytest.raises(AssertionError, match="knower"):
        assert_looks_at_the_past_only(knower, *market(1, make=walk), knower.config())


@every_strategy
@pytest.mark.parametrize("seed", [3, 4])
def test_the_order_of_the_symbols_does_not_matter(strategy, seed):
    panel, rows, allowed = market(seed)
    order = np.random.default_rng(seed).permutation(len(panel.symbols)).tolist()
    for config in some_configs(strategy, seed=seed):
        straight = strategy.signal(panel, rows, allowed, config)
        shuffled = strategy.signal(panel.columns(order), rows, allowed[:, order], config)
        assert np.array_equal(shuffled, straight[:, order])


@every_strategy
@pytest.mark.parametrize("seed", [5, 6])
def test_the_unit_of_a_price_does_not_matter(strategy, seed):
    panel, rows, allowed = market(seed)
    unit = 2.0 ** np.random.default_rng(seed).integers(-20, 20, len(panel.symbols))  # powers of two: exact in floating point
    scaled = replace(panel, **{name: getattr(panel, name) * unit for name in ("open", "high", "low", "close")})
    for config in some_configs(strategy, seed=seed):
        straight = strategy.signal(panel, rows, allowed, config)
        np.testing.assert_allclose(strategy.signal(scaled, rows, allowed, config), straight, atol=1e-9)


@every_strategy
@pytest.mark.parametrize("seed", [7, 8])
def test_a_signal_is_never_nan_and_flat_for_whoever_may_not_be_held(strategy, seed):
    panel, rows, allowed = market(seed)
    for config in some_configs(strategy, seed=seed):
        said = strategy.signal(panel, rows, allowed, config)
        assert said.shape == allowed.shape
        assert np.isfinite(said).all()
        assert not said[~allowed].any()


@every_strategy
def test_a_strategy_says_something(strategy):
    for config in some_configs(strategy):
        assert strategy.signal(*market(12, make=walk), config).any()


@every_strategy
def test_a_symbol_that_never_trades_changes_not_even_the_last_bit(strategy):
    panel, rows, allowed = market(9)
    width = len(panel.symbols)
    wider = panel.columns([*range(width), 0])
    for name in ("open", "high", "low", "close", "volume"):
        getattr(wider, name)[:, width] = np.nan
    nobody = np.zeros((len(rows), 1), dtype=bool)
    for config in some_configs(strategy):
        said = strategy.signal(wider, rows, np.hstack([allowed, nobody]), config)
        assert np.array_equal(said[:, :width], strategy.signal(panel, rows, allowed, config))


@every_strategy
def test_the_history_a_strategy_asks_for_is_enough(strategy):
    panel, rows, allowed = market(10)
    for config in some_configs(strategy):
        after = rows >= strategy.history(config)
        start = rows[after][0] - strategy.history(config)
        short = strategy.signal(panel.rows(start, len(panel)), rows[after] - start, allowed[after], config)
        assert np.array_equal(short, strategy.signal(panel, rows, allowed, config)[after])


@every_strategy
def test_every_searched_parameter_changes_what_is_said(strategy):
    panel, rows, allowed = market(11, make=walk)
    for name, bounds in strategy.space.items():
        low, high = (strategy.signal(panel, rows, allowed, strategy.config(**{name: v})) for v in (bounds.low, bounds.high))
        assert not np.array_equal(low, high), f"{strategy.name}: {name} is searched and does nothing"


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
