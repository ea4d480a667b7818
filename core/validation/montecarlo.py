"""Monte Carlo: how deep the drawdowns of one more year could be, from blocks of the returns that happened.

Two bootstraps keep clustered volatility clustered; both wrap blocks around the end of the history:

* `stationary` (Politis and Romano 1994): blocks of geometric length. The gate's: it forgives a block length chosen badly.
* `circular` (Politis and Romano 1992): blocks of one length. Same bias to first order, two thirds of the variance (Patton,
  Politis and White 2009), a dozen times as fast. On returns that trend its tail is shallower: see docs/performance.md.

A path is the sum of its blocks in the drawdown monoid, so it costs a few table rows per block instead of a step per bar, and
is never stored. Each path has a generator of its own, so no result depends on how many are drawn or how the work is split.

What happened on one bar stays together: a book's net return is the sum over its symbols, and where several books or symbols
are resampled side by side, `joint` draws whole rows.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from core.backtest.tails import expected_shortfall
from core.errors import DataError
from core.types import Array, Ints
from core.validation.block_length import holding_block
from core.validation.drawdown_monoid import EMPTY, Span, join, row, spans, stretch, windows
from core.validation.stressed import Stress, TailExcess

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""The step of SplitMix64: 2^64 over the golden ratio."""

CHUNK = 128
"""Paths of whole rows that exist at a time."""


class Plan(NamedTuple):
    """How many paths of how many bars, and the (mean) length of a block in bars."""

    paths: int
    horizon: int
    block: int


Futures = tuple[Array, Array]
"""Deepest drawdown and total return of each path, (paths,), as fractions; drawdowns are at most 0."""

Bootstrap = Callable[[Array, Plan, np.uint64], Futures]
"""From (T,) log returns, a plan and a seed to futures."""


@njit(cache=True)
def stationary(logs: Array, plan: Plan, seed: np.uint64) -> Futures:
    """Draw futures from blocks of geometric length with mean `plan.block`.

    Parameters
    ----------
    logs : (T,) log returns, finite or -inf for ruin; T below 2^32
    """
    table, per_log = spans(logs), 1.0 / np.log1p(-1.0 / plan.block)
    depth, final = np.zeros(plan.paths), np.zeros(plan.paths)
    for p in range(plan.paths):
        state, path, left = generator(seed, p), EMPTY, plan.horizon
        while left > 0:
            state, start, length = next_block(state, len(logs), per_log)
            path = along(path, table, start, min(left, length))
            left -= length
        depth[p], final[p] = np.expm1(-path[3]), np.expm1(path[0])
    return depth, final


@njit(cache=True)
def circular(logs: Array, plan: Plan, seed: np.uint64) -> Futures:
    """Draw futures from blocks of `plan.block` bars, the last one cut at the horizon.

    Parameters
    ----------
    logs : (T,) log returns, finite or -inf for ruin; T from one block to below 2^32
    """
    blocks = (plan.horizon - 1) // plan.block
    full, last = windows(logs, plan.block), windows(logs, plan.horizon - blocks * plan.block)
    depth, final = np.zeros(plan.paths), np.zeros(plan.paths)
    for p in range(plan.paths):
        state, path = generator(seed, p), EMPTY
        for _ in range(blocks):
            state += GOLDEN
            path = join(path, row(full, _start(state, len(logs))))
        path = join(path, row(last, _start(state + GOLDEN, len(logs))))
        depth[p], final[p] = np.expm1(-path[3]), np.expm1(path[0])
    return depth, final


def stress(
    net: Array, *, paths: int, horizon: int, mean_block: int | None = None, seed: int, bootstrap: Bootstrap = stationary
) -> Stress:
    """Resample net returns into `paths` futures of `horizon` bars.

    Parameters
    ----------
    net : (T,) fraction of equity per bar, at least -1 (everything lost); never NaN
    mean_block : bars; by default what the memory of the returns and of their sizes asks for

    Raises
    ------
    DataError
        When there are fewer returns than two blocks.
    """
    block = holding_block(net, floor=1.0) if mean_block is None else mean_block
    depth, final = bootstrap(log_returns(net, block), Plan(paths, horizon, block), np.uint64(seed))
    return Stress(
        paths=paths,
        horizon_bars=horizon,
        mean_block_bars=block,
        drawdown_median=float(np.quantile(depth, 0.5)),
        drawdown_1_in_20=worst_quantile(depth, 0.05),
        drawdown_1_in_100=worst_quantile(depth, 0.01),
        loss_probability=float(np.mean(final < 0)),
        return_median=float(np.quantile(final, 0.5)),
        es_975=expected_shortfall(-final, level=0.975),
        cdar_95=expected_shortfall(-depth, level=0.95),
    )


def worst_quantile(drawdowns: Array, share: float) -> float:
    """Return the drawdown that only `share` of the paths exceed; drawdowns are negative, so it is the low quantile."""
    return float(np.quantile(drawdowns, share))


def log_returns(net: Array, block: int) -> Array:
    """(T,) log returns, -inf for ruin; DataError when there are fewer than two blocks of `block` bars."""
    if len(net) < 2 * block:
        raise DataError(f"Monte Carlo: {len(net)} returns are too few for blocks of {block} bars; give at least twice that")
    with np.errstate(divide="ignore"):  # the logarithm of ruin is minus infinity, and a path that meets it stays there
        return np.log1p(net)


def paired(
    challenger: Array, incumbent: Array, *, mean_block: int, rng: np.random.Generator, paths: int = 2_000, margin: float = 1.1
) -> TailExcess:
    """Ask whether the challenger's expected shortfall is more than `margin` times the incumbent's.

    Both are resampled with the same days, so that what moved both does not count as a difference between them.

    Parameters
    ----------
    challenger, incumbent : (days,) net daily returns of the same days, never NaN
    mean_block : days

    Raises
    ------
    DataError
        When the days are not the same, or fewer than two blocks.
    """
    if len(challenger) != len(incumbent) or len(challenger) < 2 * mean_block:
        raise DataError(
            f"paired bootstrap: {len(challenger)} days of the challenger and {len(incumbent)} of the incumbent; "
            f"give the same days of both, at least {2 * mean_block} (two blocks)"
        )
    both = np.column_stack([challenger, incumbent])
    tails = joint(both, lambda rows: shortfalls(rows, level=0.975), Plan(paths, len(both), mean_block), rng)
    one, other = (expected_shortfall(-returns, level=0.975) for returns in (challenger, incumbent))
    no_heavier = 1 + np.count_nonzero(tails[:, 0] <= margin * tails[:, 1])  # the sample counts as one: p is never 0
    return TailExcess(one, other, margin, excess=one - margin * other, p_value=float(no_heavier / (1 + paths)))


def joint(columns: Array, statistic: Callable[[Array], Array], plan: Plan, rng: np.random.Generator) -> Array:
    """Resample whole rows by stationary blocks and take a statistic of every path.

    Parameters
    ----------
    columns : (T, K) for instance daily returns of K books, or of K symbols
    statistic : from (some paths, horizon, K) to (some paths, ...)

    Returns
    -------
    (paths, ...)
    """
    parts = [min(CHUNK, plan.paths - first) for first in range(0, plan.paths, CHUNK)]
    drawn = (columns[stationary_rows(len(columns), plan._replace(paths=part), rng)] for part in parts)
    return np.concatenate([statistic(rows) for rows in drawn])


def stationary_rows(count: int, plan: Plan, rng: np.random.Generator) -> Ints:
    """(paths, horizon) numbers of the rows that each path takes from `count` of them, wrapped around the end."""
    shape, step = (plan.paths, plan.horizon), np.arange(plan.horizon)
    begins = rng.random(shape) < 1.0 / plan.block
    begun = np.maximum.accumulate(np.where(begins, step, 0), axis=1)  # the first block begins at 0 whatever was drawn
    starts = np.take_along_axis(rng.integers(0, count, shape), begun, axis=1)
    rows: Ints = (starts + step - begun) % count
    return rows


def shortfalls(returns: Array, *, level: float) -> Array:
    """(paths, K) expected shortfall of every path, (paths, n, K), as `core.backtest.tails` defines it."""
    size = (1.0 - level) * returns.shape[1]
    whole = min(int(size), returns.shape[1] - 1)
    worst = np.partition(returns, whole, axis=1)[:, : whole + 1]
    return -(worst[:, :whole].sum(axis=1) + (size - whole) * worst[:, whole]) / size


@njit(cache=True)
def along(path: Span, table: Array, start: int, length: int) -> Span:
    """Follow the history from `start` for `length` bars, around its end as often as needed."""
    while length > 0:
        piece = min(length, table.shape[1] - start)
        path = join(path, stretch(table, start, start + piece - 1))
        start, length = 0, length - piece
    return path


@njit(cache=True)
def next_block(state: np.uint64, count: int, per_log: float) -> tuple[np.uint64, int, int]:
    """Draw a block of geometric length: the generator's next state, the first bar, and the length."""
    state += np.uint64(2) * GOLDEN
    return state, _start(state, count), 1 + int(np.log1p(-_uniform(state - GOLDEN)) * per_log)


@njit(cache=True)
def generator(seed: np.uint64, path: int) -> np.uint64:
    """Return the state from which one path draws."""
    return _mixed(seed + np.uint64(path) * GOLDEN)


@njit(cache=True)
def _start(state: np.uint64, count: int) -> int:
    """Draw a bar: the product of a 32-bit random number and the count; off uniform by less than count / 2^32."""
    return int(np.int64(((_mixed(state) >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32)))


@njit(cache=True)
def _uniform(state: np.uint64) -> float:
    """Draw from [0, 1)."""
    return float(_mixed(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def _mixed(x: np.uint64) -> np.uint64:
    """Scramble a counter into a random number: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
