"""`python -m benchmarks.roof`: one evaluation against reading its inputs once (goal G4).

The roof is the time to add up the four padded input arrays (price change, high, low, ATR) in any order.
A ratio below 1 means that a set of parameters costs less than passing over the data once: sets share what the cache holds.
"""

import argparse
import sys

import numpy as np
from numba import njit

from benchmarks.measure import REPEATS, Figure, Side, figure, report, show, take_turns
from benchmarks.search import Search
from benchmarks.sets import one_set, varied_sets
from benchmarks.workload import Workload, make_workload
from core.backtest.run import ATR_BEFORE, CHANGE, HIGH, LOW
from core.types import Array

PASSES = 8


@njit(cache=True, fastmath=True)
def add_up(change: Array, high: Array, low: Array, atr: Array) -> float:
    """Read each number once."""
    total = 0.0
    for t in range(change.shape[0]):
        for i in range(change.shape[1]):
            total += change[t, i] + high[t, i] + low[t, i] + atr[t, i]
    return total


def main(arguments: list[str]) -> None:
    """Measure with decisions every 8 bars, and every 24 without stops."""
    options = _options(arguments)
    for every, trail in ((8, 6.0), (24, 0.0)):
        work = make_workload(options.T, options.N, every)
        report(_measure(work, trail, options))


def _measure(work: Workload, trail: float, options: argparse.Namespace) -> list[Figure]:
    sets = varied_sets(options.batch, every=work.every)
    sets = sets._replace(trail=np.full(options.batch, trail))
    label = f"R = {work.every}{'' if trail else ', no stops'}"
    watched = work.tape.watched
    inputs = [work.tape.bars[CHANGE], *(np.ascontiguousarray(watched[..., number]) for number in (HIGH, LOW, ATR_BEFORE))]

    def roof() -> None:
        for _ in range(PASSES):
            add_up(*inputs)

    search, raw = Search(work), work.raw(sets)
    sides = [
        Side("sum of the four inputs", roof, PASSES),
        Side(f"ours without signals, {options.batch} sets", lambda: search.given(raw, sets), options.batch),
        Side(f"ours, {options.batch} sets", lambda: search.evaluate(sets), options.batch),
        Side("ours, alone", lambda: search.evaluate(one_set(sets, 0))),
    ]
    seconds = take_turns(sides, options.repeats)
    show(f"{options.T:,} bars x {options.N} symbols, {label}; one evaluation", sides, seconds)
    return [
        figure(f"{side.name} / roof, {label}", taken / seconds[0], "x")
        for side, taken in zip(sides[1:], seconds[1:], strict=True)
    ]


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.roof", description=__doc__)
    parser.add_argument("--T", type=int, default=17_520)
    parser.add_argument("--N", type=int, default=50)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=2 * REPEATS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
