"""Monte Carlo: how deep the drawdowns of one more year could be, from blocks of the returns that happened.

Stationary bootstrap (Politis and Romano 1994): blocks of geometric length, wrapped around the end, so that clustered
volatility stays clustered. Paths are folded as they are drawn and never stored; each has a generator of its own, so the
result does not depend on how the work is split.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.errors import DataError
from core.types import Array


@dataclass(frozen=True, slots=True)
class Stress:
    """What the paths say; drawdowns are negative, so the *worst* tail is the low one.

    `drawdown_1_in_20` is the drawdown that one path in twenty exceeds.
    """

    paths: int
    horizon_bars: int
    mean_block_bars: int
    drawdown_median: float
    drawdown_1_in_20: float
    drawdown_1_in_100: float
    loss_probability: float
    return_median: float


def stress(net: Array, *, paths: int, horizon: int, mean_block: int, seed: int) -> Stress:
    """Resample net returns into `paths` futures of `horizon` bars.

    Parameters
    ----------
    net : (T,) fraction of equity per bar, at least -1 (everything lost); never NaN

    Raises
    ------
    DataError
        When there are fewer returns than two blocks.
    """
    if len(net) < 2 * mean_block:
        raise DataError(
            f"Monte Carlo: {len(net)} returns are too few for blocks of {mean_block} bars; give at least twice that"
        )
    with np.errstate(divide="ignore"):  # the logarithm of ruin is minus infinity, and a path that meets it stays there
        logs = np.log1p(net)
    depth, final = _bootstrap(logs, paths, horizon, 1.0 / mean_block, np.uint64(seed))
    return Stress(
        paths=paths,
        horizon_bars=horizon,
        mean_block_bars=mean_block,
        drawdown_median=float(np.quantile(depth, 0.5)),
        drawdown_1_in_20=worst_quantile(depth, 0.05),
        drawdown_1_in_100=worst_quantile(depth, 0.01),
        loss_probability=float(np.mean(final < 0)),
        return_median=float(np.quantile(final, 0.5)),
    )


def worst_quantile(drawdowns: Array, share: float) -> float:
    """Return the drawdown that only `share` of the paths exceed; drawdowns are negative, so it is the low quantile."""
    return float(np.quantile(drawdowns, share))


@njit(cache=True)
def _bootstrap(logs: Array, paths: int, horizon: int, leave: float, seed: np.uint64) -> tuple[Array, Array]:
    """Return (deepest drawdown, total return) of each path, as fractions."""
    depth, final = np.zeros(paths), np.zeros(paths)
    for p in range(paths):
        depth[p], final[p] = _one_path(logs, horizon, leave, _mixed(seed + np.uint64(p) * np.uint64(0x9E3779B97F4A7C15)))
    return depth, final


@njit(cache=True)
def _one_path(logs: Array, horizon: int, leave: float, state: np.uint64) -> tuple[float, float]:
    level, peak, depth, at = 0.0, 0.0, 0.0, -1
    for _ in range(horizon):
        state = state + np.uint64(0x9E3779B97F4A7C15)
        if at < 0 or _uniform(state) < leave:
            state = state + np.uint64(0x9E3779B97F4A7C15)
            at = int(_uniform(state) * len(logs))
        level += logs[at]
        peak = max(peak, level)
        depth = min(depth, level - peak)
        at = at + 1 if at + 1 < len(logs) else 0
    return np.expm1(depth), np.expm1(level)


@njit(cache=True)
def _mixed(x: np.uint64) -> np.uint64:
    """Scramble a counter into a random number: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def _uniform(state: np.uint64) -> float:
    return float(_mixed(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
