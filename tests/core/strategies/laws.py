"""What every strategy must obey, as assertions that any `Strategy` can be put through, and the configs to do it with."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from hypothesis import strategies as st
from pydantic import ValidationError

from core.optimize.search import draw
from core.strategies.registry import strategies
from core.strategies.strategy import IntRange

STRATEGIES = sorted(strategies().items())
PRICES = ("open", "high", "low", "close")


def some_configs(strategy, count=3, seed=0):
    """The defaults, and a few draws from the searched space."""
    drawn = draw(strategy.space, count, np.random.default_rng(seed))
    return [strategy.config(), *(strategy.config(**params) for params in drawn)]


def any_config(strategy):
    """Anything the config takes: each parameter its default, within its searched range, or anywhere within its bounds."""
    fields = strategy.config.model_fields
    drawn = st.fixed_dictionaries({name: _values(field, strategy.space.get(name)) for name, field in fields.items()})
    return drawn.map(lambda params: _config(strategy, params)).filter(lambda config: config is not None)


def _values(field, searched):
    allowed = st.from_type(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation)
    usual = st.just(field.get_default(call_default_factory=True))
    if searched is None:
        return usual | allowed
    kind = st.integers if isinstance(searched, IntRange) else st.floats
    return usual | kind(searched.low, searched.high) | allowed


def _config(strategy, params):
    """The config, or None where its own rules about several parameters refuse it."""
    try:
        return strategy.config(**params)
    except ValidationError:
        return None


def assert_looks_at_the_past_only(strategy, panel, rows, eligible, config):
    """What is said of a row must not change when the bars after it are cut off, or turned into nonsense."""
    whole = strategy.signal(panel, rows, eligible, config)
    for cut in (rows[0] + 1, rows[len(rows) // 2] + 1, rows[-1] + 1, len(panel) - 1):
        past = rows < cut
        short = strategy.signal(panel.rows(0, cut), rows[past], eligible[past], config)
        assert np.array_equal(short, whole[past]), f"{strategy.name}: bars from {cut} on change what was said before"
        nonsense = strategy.signal(_nonsense_from(panel, cut), rows[past], eligible[past], config)
        assert np.array_equal(nonsense, whole[past]), f"{strategy.name}: nonsense from bar {cut} on changes what was said"


def assert_does_not_care_for_the_order_of_symbols(strategy, panel, rows, eligible, config):
    """A symbol is judged by its bars, not by its place."""
    order = np.random.default_rng(len(panel)).permutation(len(panel.symbols)).tolist()
    straight = strategy.signal(panel, rows, eligible, config)
    shuffled = strategy.signal(panel.columns(order), rows, eligible[:, order], config)
    assert np.array_equal(shuffled, straight[:, order]), f"{strategy.name}: the order of the symbols matters"


def assert_does_not_care_for_the_unit_of_a_price(strategy, panel, rows, eligible, config):
    """One coin, or a thousand of them: powers of two, because they are exact in floating point.

    Their logarithms are not, so rounding may settle a tie, or a score of exactly its threshold, the other way.
    """
    unit = 2.0 ** np.random.default_rng(len(panel)).integers(-20, 20, len(panel.symbols))
    scaled = replace(panel, **{name: getattr(panel, name) * unit for name in PRICES}, volume=panel.volume / unit)
    said = strategy.signal(scaled, rows, eligible, config)
    differs = np.abs(said - strategy.signal(panel, rows, eligible, config)) > 1e-9
    assert differs.mean() <= 0.01, f"{strategy.name}: the unit of a price matters in {differs.mean():.1%} of what is said"


def assert_is_never_nan_and_flat_for_whoever_may_not_be_held(strategy, panel, rows, eligible, config):
    """(D, N) finite numbers, 0 where not eligible."""
    said = strategy.signal(panel, rows, eligible, config)
    assert said.shape == eligible.shape
    assert np.isfinite(said).all(), f"{strategy.name}: says NaN or infinity"
    assert not said[~eligible].any(), f"{strategy.name}: holds who may not be held"


def assert_does_not_see_a_symbol_that_never_trades(strategy, panel, rows, eligible, config):
    """Not even in the last bit."""
    width = len(panel.symbols)
    wider = panel.columns([*range(width), 0])
    for name in (*PRICES, "volume"):
        getattr(wider, name)[:, width] = np.nan
    nobody = np.zeros((len(rows), 1), dtype=bool)
    said = strategy.signal(wider, rows, np.hstack([eligible, nobody]), config)
    assert np.array_equal(said[:, :width], strategy.signal(panel, rows, eligible, config)), strategy.name


def assert_the_history_it_asks_for_is_enough(strategy, panel, rows, eligible, config):
    """With exactly `history` bars before a decision, the decision is the same; more history than there is shows nothing."""
    history = strategy.history(config)
    after = rows >= history
    if after.any():
        start = rows[after][0] - history
        short = strategy.signal(panel.rows(start, len(panel)), rows[after] - start, eligible[after], config)
        whole = strategy.signal(panel, rows, eligible, config)[after]
        assert np.array_equal(short, whole), f"{strategy.name}: {history} bars of history are not enough"


def assert_leaves_its_input_alone(strategy, panel, rows, eligible, config):
    """Pure: the arrays it was given are as they were, and a second call says the same."""
    given = {name: getattr(panel, name) for name in ("open_time", *PRICES, "volume", "funding")}
    given |= {"rows": rows, "eligible": eligible}
    kept = {name: array.copy() for name, array in given.items()}
    first, second = (strategy.signal(panel, rows, eligible, config) for _ in range(2))
    for name, array in given.items():
        assert array.tobytes() == kept[name].tobytes(), f"{strategy.name}: changes {name}"
    assert np.array_equal(first, second), f"{strategy.name}: says something else when asked again"


LAWS = (
    assert_looks_at_the_past_only,
    assert_does_not_care_for_the_order_of_symbols,
    assert_does_not_care_for_the_unit_of_a_price,
    assert_is_never_nan_and_flat_for_whoever_may_not_be_held,
    assert_does_not_see_a_symbol_that_never_trades,
    assert_the_history_it_asks_for_is_enough,
    assert_leaves_its_input_alone,
)
"""Each takes (strategy, panel, rows, eligible, config), and holds for every market and every config."""


def _nonsense_from(panel, cut):
    """Bars that could have been, and were not: the panel backwards, dearer by far; prices stay positive, as the store's are."""
    later = (np.arange(len(panel)) >= cut)[:, None]
    names = (*PRICES, "volume", "funding")
    return replace(panel, **{n: np.where(later, 7e5 * getattr(panel, n)[::-1], getattr(panel, n)) for n in names})
