"""The workload's sets of parameters: the one everybody runs, and random ones as a night's search would try."""

import numpy as np

from benchmarks.numpy_loop import Sets
from benchmarks.signals import EVERY, THRESHOLD, TOP, WEIGHTS

FEE = 0.0008
"""5 bp fee and 3 bp slippage."""

TRAIL = 6.0
CAP = 0.15


def default_sets(count: int, *, every: int = EVERY) -> Sets:
    """Return `count` copies of the default set."""
    one = (TOP, THRESHOLD, every, 0.25, TRAIL, 0.25, 0.08, 0.25, 0.25, 0.5, CAP, FEE)
    return Sets(np.tile(WEIGHTS, (count, 1)), *(np.full(count, float(value)) for value in one))


def varied_sets(count: int, *, every: int = EVERY) -> Sets:
    """Return the default set `count` times, each with weights of its own, so that no two share a signal."""
    sets = default_sets(count, every=every)
    return sets._replace(mix=sets.mix * (1.0 + 1e-3 * np.arange(count))[:, None] ** np.arange(4))


def random_sets(count: int, *, every: int, seed: int = 1) -> Sets:
    """Draw `count` sets from the space of the nightly search; all decide every `every` bars."""
    rng = np.random.default_rng(seed)
    return Sets(
        mix=rng.uniform(0.0, 1.0, (count, 4)),
        top=rng.integers(3, 16, count).astype(float),
        threshold=rng.uniform(0.0, 1.2, count),
        every=np.full(count, float(every)),
        band=rng.uniform(0.0, 0.5, count),
        trail=rng.uniform(3.0, 10.0, count),
        target_vol=rng.uniform(0.1, 0.5, count),
        stepdown_start=rng.uniform(0.03, 0.12, count),
        stepdown_end=rng.uniform(0.13, 0.4, count),
        stepdown_floor=rng.uniform(0.1, 0.8, count),
        kelly=rng.uniform(0.2, 1.0, count),
        cap=rng.uniform(0.05, 0.3, count),
        fee=np.full(count, FEE),
    )


def one_set(sets: Sets, m: int) -> Sets:
    """Return set m alone."""
    return Sets(*(values[m : m + 1] for values in sets))
