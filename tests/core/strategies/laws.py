"""What every strategy must obey, as assertions that any `Strategy` can be put through."""

from dataclasses import replace

import numpy as np

from core.optimize.search import draw
from core.strategies.registry import strategies

STRATEGIES = sorted(strategies().items())


def some_configs(strategy, count=3, seed=0):
    """The defaults, and a few draws from the searched space."""
    drawn = draw(strategy.space, count, np.random.default_rng(seed))
    return [strategy.config(), *(strategy.config(**params) for params in drawn)]


def assert_looks_at_the_past_only(strategy, panel, rows, eligible, config):
    """What is said of a row must not change when the bars after it are cut off, or turned into nonsense."""
    whole = strategy.signal(panel, rows, eligible, config)
    for cut in (rows[0] + 1, rows[len(rows) // 2] + 1, rows[-1] + 1, len(panel) - 1):
        past = rows < cut
        short = strategy.signal(panel.rows(0, cut), rows[past], eligible[past], config)
        assert np.array_equal(short, whole[past]), f"{strategy.name}: bars from {cut} on change what was said before"
        nonsense = strategy.signal(_nonsense_from(panel, cut), rows[past], eligible[past], config)
        assert np.array_equal(nonsense, whole[past]), f"{strategy.name}: nonsense from bar {cut} on changes what was said"


def _nonsense_from(panel, cut):
    later = (np.arange(len(panel)) >= cut)[:, None]
    names = ("open", "high", "low", "close", "volume", "funding")
    return replace(panel, **{n: np.where(later, -7e5 * getattr(panel, n)[::-1], getattr(panel, n)) for n in names})
