"""What a page draws of a Monte Carlo: where the paths are on their way, and how their ends are spread.

The cone walks the very paths of `core.validation.montecarlo.stationary` (same seed, same path), so its last column and the
stress's figures are one story; it stops at some fifty bars of the horizon, and nothing in between is kept.
"""

import numpy as np
from numba import njit

from core.types import Array, Ints
from core.validation.drawdown_monoid import EMPTY, spans
from core.validation.montecarlo import Plan, along, generator, log_returns, next_block, stationary
from core.validation.stressed import SHARES, Cone, Histogram, Picture

CONE_PATHS = 1_000
"""Enough for the 5 % and 95 % quantiles of a picture: fifty paths lie beyond each."""

BINS = 40
BEYOND = 0.001
"""Share of the values on either side that go into a histogram's outer bins, so that one wild path does not set the scale."""


def picture(net: Array, *, paths: int, horizon: int, mean_block: int, seed: int) -> Picture:
    """Draw the paths of the stress with the same arguments.

    Raises
    ------
    DataError
        When there are fewer returns than two blocks.
    """
    depth, final = stationary(log_returns(net, mean_block), Plan(paths, horizon, mean_block), np.uint64(seed))
    few = Plan(min(paths, CONE_PATHS), horizon, mean_block)
    return Picture(histogram(depth), histogram(final), cone(net, few, seed=seed))


def cone(net: Array, plan: Plan, *, seed: int, points: int = 50) -> Cone:
    """Return quantiles of equity and of the deepest drawdown so far at the start and at `points` bars, evenly spaced.

    Parameters
    ----------
    net : (T,) fraction of equity per bar, at least -1; never NaN
    """
    stops = np.unique(np.linspace(0, plan.horizon, points + 1).round().astype(np.int64))
    equity, depth = waypoints(log_returns(net, plan.block), plan, stops, np.uint64(seed))
    rows = (tuple(map(tuple, np.quantile(values, SHARES, axis=0).tolist())) for values in (equity, depth))
    return Cone(tuple(stops.tolist()), *rows)


def histogram(values: Array, *, bins: int = BINS) -> Histogram:
    """Count finite values, at least one, in bins of one width; the outer ones hold all that is beyond them."""
    low, high = np.quantile(values, [BEYOND, 1.0 - BEYOND])
    counts, edges = np.histogram(np.clip(values, low, high), bins=bins)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))


@njit(cache=True)
def waypoints(logs: Array, plan: Plan, stops: Ints, seed: np.uint64) -> tuple[Array, Array]:
    """Equity and deepest drawdown so far of each path at some bars, each (paths, stops).

    Parameters
    ----------
    logs : (T,) log returns, finite or -inf for ruin; T below 2^32
    stops : bars gone by, ascending, from 0 to the horizon
    """
    table, per_log = spans(logs), 1.0 / np.log1p(-1.0 / plan.block)
    equity, depth = np.ones((plan.paths, len(stops))), np.zeros((plan.paths, len(stops)))
    for p in range(plan.paths):
        state, path, start, left, gone = generator(seed, p), EMPTY, 0, 0, 0
        for k in range(len(stops)):
            while gone < stops[k]:
                if left == 0:
                    state, start, left = next_block(state, len(logs), per_log)
                piece = min(left, stops[k] - gone)
                path = along(path, table, start, piece)
                start, left, gone = (start + piece) % len(logs), left - piece, gone + piece
            equity[p, k], depth[p, k] = np.exp(path[0]), np.expm1(-path[3])
    return equity, depth
