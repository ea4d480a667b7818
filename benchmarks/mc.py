"""`python -m benchmarks.mc`: Monte Carlo drawdowns by the monoid against arch and NumPy (goal G5).

One turn of ours is all of it: both tables, 10,000 paths. The peers' turns draw fewer paths and are counted per path, which
flatters them: what they share between paths is small. First all are given the same block starts and must agree on every path.
"""

import argparse
import sys

import numpy as np
from arch.bootstrap import CircularBlockBootstrap

from benchmarks.data import make_bars
from benchmarks.measure import Side, figure, report, show, take_turns
from core.types import Array, Ints
from core.validation.drawdown_monoid import EMPTY, join, row, windows
from core.validation.montecarlo import Plan, circular, stationary

FEW = 200
"""Paths in one turn of a peer."""


def main(arguments: list[str]) -> None:
    """Check that all agree, then measure."""
    options = _options(arguments)
    net = _market_returns(options.bars)
    logs, plan = np.log1p(net), Plan(options.paths, options.bars, options.block)
    check_agreement(net, plan)
    sides = [
        Side("drawdown monoid, circular blocks", lambda: circular(logs, plan, np.uint64(1)), plan.paths),
        Side("drawdown monoid, geometric blocks", lambda: stationary(logs, plan, np.uint64(1)), plan.paths),
        Side("arch CircularBlockBootstrap", lambda: arch_drawdowns(net, plan.block, FEW), FEW),
        Side("NumPy, 50 paths at a time", lambda: numpy_futures(net, plan, FEW), FEW),
    ]
    seconds = take_turns(sides, options.repeats)
    show(f"{plan.paths:,} paths x {plan.horizon:,} bars, blocks of {plan.block}; ms per path", sides, seconds)
    report(
        [
            figure("mc-circular-vs-arch", seconds[2] / seconds[0], "x"),
            figure("mc-circular-vs-numpy", seconds[3] / seconds[0], "x"),
            figure("mc-stationary-vs-arch", seconds[2] / seconds[1], "x"),
            figure("mc-circular-step", seconds[0] / plan.horizon * 1e9, "ns"),
            figure("mc-stationary-step", seconds[1] / plan.horizon * 1e9, "ns"),
        ]
    )


def check_agreement(net: Array, plan: Plan) -> None:
    """Stop unless the monoid and NumPy give the same drawdowns and returns for the same block starts."""
    logs, rng = np.log1p(net), np.random.default_rng(3)
    starts = rng.integers(0, len(net), (20, -(-plan.horizon // plan.block)))
    ours, theirs = monoid_futures(logs, plan, starts), stepped_futures(net, plan, starts)
    gap = float(np.abs(ours - theirs).max())
    if gap > 1e-12:
        sys.exit(
            f"benchmarks.mc: the monoid and NumPy differ by {gap:.1e} on the same blocks, more than 1e-12: nothing to compare"
        )
    print(f"agreed on {len(starts)} paths with the same blocks: largest difference {gap:.1e}")


def monoid_futures(logs: Array, plan: Plan, starts: Ints) -> Array:
    """(paths, 2) drawdown and return, from the two tables that the kernel uses."""
    full = windows(logs, plan.block)
    last = windows(logs, plan.horizon - plan.block * (starts.shape[1] - 1))
    out = []
    for blocks in starts:
        path = EMPTY
        for start in blocks[:-1]:
            path = join(path, row(full, start))
        path = join(path, row(last, blocks[-1]))
        out.append((np.expm1(-path[3]), np.expm1(path[0])))
    return np.array(out)


def stepped_futures(net: Array, plan: Plan, starts: Ints) -> Array:
    """(paths, 2) drawdown and return, every bar laid out."""
    bars = (starts[:, :, None] + np.arange(plan.block)) % len(net)
    level = np.cumsum(np.log1p(net)[bars.reshape(len(starts), -1)[:, : plan.horizon]], axis=1)
    peak = np.maximum(np.maximum.accumulate(level, axis=1), 0.0)
    return np.column_stack([np.expm1((level - peak).min(axis=1)), np.expm1(level[:, -1])])


def numpy_futures(net: Array, plan: Plan, paths: int) -> None:
    """Draw and step paths fifty at a time, which is NumPy's best."""
    rng = np.random.default_rng(1)
    for _ in range(0, paths, 50):
        stepped_futures(net, plan, rng.integers(0, len(net), (50, -(-plan.horizon // plan.block))))


def arch_drawdowns(net: Array, block: int, paths: int) -> None:
    """Let arch resample as many bars as there are, and step each path."""
    CircularBlockBootstrap(block, np.log1p(net), seed=1).apply(_drawdown_and_return, paths)


def _drawdown_and_return(logs: Array) -> Array:
    level = np.cumsum(logs)
    peak = np.maximum(np.maximum.accumulate(level), 0.0)
    return np.array([np.expm1((level - peak).min()), np.expm1(level[-1])])


def _market_returns(count: int) -> Array:
    """(T,) net returns of an equal-weight book of the benchmark's symbols."""
    bars = make_bars(count)
    return (bars.close / bars.open - 1.0).mean(axis=1)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.mc", description=__doc__)
    parser.add_argument("--paths", type=int, default=10_000)
    parser.add_argument("--bars", type=int, default=17_520)
    parser.add_argument("--block", type=int, default=168)
    parser.add_argument("--repeats", type=int, default=9)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
