"""NumPy, twice: the whole workload as a loop over time for one set and for 128 at once, and a one-liner without feedback."""

import numpy as np

from benchmarks.engines.contest import Contest, agree
from benchmarks.measure import Side
from benchmarks.numpy_loop import Outcome, Sets, run_loop
from benchmarks.sets import CAP, FEE, default_sets, random_sets
from benchmarks.signals import numpy_weights
from benchmarks.workload import Workload
from core.types import Array

MANY = 128


def contest(work: Workload) -> Contest:
    """Bring the loop over one set and over many, after checking random sets against the strict kernel."""
    agreed = check(work, random_sets(24, every=work.every))
    sides = (
        Side("NumPy time loop, 1 set", lambda: run_loop(work.bars, work.features, default_sets(1))),
        Side(f"NumPy time loop, {MANY} sets", lambda: run_loop(work.bars, work.features, default_sets(MANY)), MANY),
        Side("NumPy, vectorised, no feedback", lambda: vectorised(work)),
    )
    return Contest(sides, agreed, "nothing (the vectorised one: stops, band and all feedback)")


def check(work: Workload, sets: Sets) -> str:
    """Compare every figure of every set with the strict kernel's."""
    theirs = run_loop(work.bars, work.features, sets)
    ours = work.outcome(sets)
    agree("the NumPy loop (number of stops)", ours.stops, theirs.stops, 0.0)
    worst = max(agree(f"the NumPy loop ({name})", *pair, 1e-7) for name, pair in _scaled(ours, theirs).items())
    return (
        f"NumPy time loop: {len(sets.top)} random sets, stops equal, all other figures within {worst:.0e} of the strict kernel"
    )


def _scaled(ours: Outcome, theirs: Outcome) -> dict[str, tuple[Array, Array]]:
    """Relate sums to their size, the mean return to its deviation; equity and drawdown are fractions as they are."""
    units = theirs._asdict() | {"equity": 1.0, "drawdown": 1.0, "mean": np.sqrt(theirs.variance), "stops": 1.0}
    return {name: (value / units[name], getattr(theirs, name) / units[name]) for name, value in ours._asdict().items()}


def vectorised(work: Workload) -> tuple[float, float]:
    """Weights held from the row after the decision; return and drawdown from a cumulative product."""
    weights = np.clip(numpy_weights(work.features, work.rows), -CAP, CAP)
    held = np.zeros(work.bars.close.shape)
    held[work.rows[0] + 1 :] = np.repeat(weights, work.every, axis=0)[: len(held) - work.rows[0] - 1]
    returns = work.bars.close / work.bars.open - 1.0
    turnover = np.abs(np.diff(weights, axis=0, prepend=0.0)).sum(axis=1)
    net = (held * (returns - work.bars.funding)).sum(axis=1)
    net[work.rows] -= FEE * turnover
    equity = np.cumprod(1.0 + net)
    return equity[-1] - 1.0, (equity / np.maximum.accumulate(equity) - 1.0).min()
