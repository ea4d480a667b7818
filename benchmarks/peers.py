"""`python -m benchmarks.peers --engine vectorbt-rust`: how much longer a peer takes for one evaluation (goals G1-3, G10).

First peer and kernel must agree on what both can express; what the peer leaves out is said. Ours is the full workload, in a
batch of sets that share nothing but the market and its z-scores, and one set alone, each with and without its signals.
"""

import argparse
import sys
from importlib import import_module

import numpy as np

from benchmarks.engines.contest import Contest, agree
from benchmarks.measure import REPEATS, Figure, Side, figure, report, show, take_turns
from benchmarks.search import Search
from benchmarks.sets import one_set, varied_sets
from benchmarks.workload import Workload, make_workload
from core.types import Array

ENGINES = {
    "vectorbt-rust": ("vectorbt_engine", "rust"),
    "vectorbt-numba": ("vectorbt_engine", "numba"),
    "numpy": ("numpy_engine", "contest"),
    "backtesting": ("backtesting_engine", "contest"),
    "bt": ("bt_engine", "contest"),
    "nautilus": ("apart_engine", "nautilus"),
    "freqtrade": ("apart_engine", "freqtrade"),
}
"""Module and function of each; the last two need environments of their own, see docs/performance.md."""

LONE_CALLS = 8


def main(arguments: list[str]) -> None:
    """Agree, measure turn by turn, print."""
    options = _options(arguments)
    work = make_workload(options.T, options.N)
    module, bring = ENGINES[options.engine]
    contest: Contest = getattr(import_module(f"benchmarks.engines.{module}"), bring)(work)
    print(f"agreed: {contest.agreed}\nthe peer leaves out: {contest.left_out}")
    sides = [*our_sides(work, options.batch, signals=True), *contest.sides]
    sides += [*our_sides(work, options.batch, signals=False), *contest.bare] if contest.bare else []
    seconds = take_turns(sides, options.repeats)
    show(f"{options.T:,} bars x {options.N} symbols, one evaluation", sides, seconds)
    report(
        [*_figures(sides, seconds, 0, len(contest.sides)), *_figures(sides, seconds, 2 + len(contest.sides), len(contest.bare))]
    )


def our_sides(work: Workload, batch: int, *, signals: bool) -> list[Side]:
    """Return the fast build in a batch and alone, after comparing it with the strict one."""
    sets, label = varied_sets(batch), "" if signals else " without signals"
    first, last, search, raw = one_set(sets, 0), one_set(sets, batch - 1), Search(work), work.raw(sets)
    strict = work.outcome(last)
    agree("the strict build", search.evaluate(sets)[-1, :2], np.array([strict.equity[0] - 1.0, -strict.drawdown[0]]), 1e-6)

    def turn() -> None:
        search.evaluate(sets) if signals else search.given(raw, sets)

    def lone_turn() -> None:
        for _ in range(LONE_CALLS):
            search.evaluate(first) if signals else search.given(raw[:1], first)

    return [Side(f"ours{label}, {batch} sets", turn, batch), Side(f"ours{label}, alone", lone_turn, LONE_CALLS)]


def _figures(sides: list[Side], seconds: Array, first: int, peers: int) -> list[Figure]:
    """Compare `peers` sides with the two of ours that stand before them at `first`."""
    pairs = [(first + 2 + i, first + j) for i in range(peers) for j in (0, 1)]
    return [figure(f"{sides[peer].name} / {sides[own].name}", seconds[peer] / seconds[own], "x") for peer, own in pairs]


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.peers", description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--T", type=int, default=17_520)
    parser.add_argument("--N", type=int, default=50)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
