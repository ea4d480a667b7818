"""Cross-sectional momentum: hold what rose most against what fell most.

The score of a symbol is the mean, over several look-backs, of the z-score of its past log return across the universe.
Evidence and its limits: Liu, Tsyvinski and Wu (2022) find it in 2014-18; most re-tests after publication do not.
"""

from typing import Annotated

import numpy as np
from numba import njit
from pydantic import Field

from core.config import Bars, Config
from core.market.panel import Panel
from core.strategies.strategy import FloatRange, IntRange, Strategy
from core.types import Array, Ints, Mask


class XsmomConfig(Config):
    """Parameters of cross-sectional momentum."""

    lookback: Bars = 336
    """Longest look-back; each further one is half as long."""
    horizons: Annotated[int, Field(ge=1, le=6)] = 3
    """How many look-backs are averaged."""
    skip: Annotated[int, Field(ge=0, le=1000)] = 1
    """Most recent bars left out, because the last move tends to reverse."""
    top: Annotated[int, Field(ge=1, le=500)] = 5
    """Most names held on each side."""
    threshold: Annotated[float, Field(ge=0.0, le=3.0)] = 0.3
    """A name is held only when its score is beyond this many standard deviations."""


def signal(panel: Panel, rows: Ints, eligible: Mask, config: XsmomConfig) -> Array:
    """+1 for the top names, -1 for the bottom names, 0 for the rest. See `Signal`."""
    scores = _scores(panel.close, rows, eligible, config)
    long = _best(scores, config.top) & (scores > config.threshold)
    short = _best(-scores, config.top) & (scores < -config.threshold)
    return long.astype(float) - short


def _scores(close: Array, rows: Ints, eligible: Mask, config: XsmomConfig) -> Array:
    """(D, N) mean z-score over the look-backs; NaN where a symbol has no price at either end."""
    lookbacks = [max(1, config.lookback >> j) for j in range(config.horizons)]
    z = [_zscore(_past_return(close, rows, config.skip, lookback), eligible) for lookback in lookbacks]
    return np.mean(z, axis=0)


def _past_return(close: Array, rows: Ints, skip: int, lookback: int) -> Array:
    """(D, N) log return over `lookback` bars that ended `skip` bars ago; NaN when history is too short."""
    end, start = rows - skip, rows - skip - lookback
    out = np.full((len(rows), close.shape[1]), np.nan)
    known = start >= 0
    out[known] = np.log(close[end[known]] / close[start[known]])
    return out


@njit(cache=True)
def _zscore(values: Array, eligible: Mask) -> Array:
    """(D, N) distance from the row's mean in population standard deviations, within [-3, 3]; NaN if not eligible.

    Summed in order over who is in, so that a column for a symbol that never trades changes not even the last bit.
    """
    out = np.full(values.shape, np.nan)
    for d in range(values.shape[0]):
        inside = np.flatnonzero(eligible[d] & np.isfinite(values[d]))
        mean, square = 0.0, 0.0
        for i in inside:
            mean += values[d, i] / len(inside)
        for i in inside:
            square += (values[d, i] - mean) ** 2 / len(inside)
        for i in inside:
            z = (values[d, i] - mean) / np.sqrt(square) if square > 0.0 else 0.0
            out[d, i] = min(max(z, -3.0), 3.0)
    return out


def _best(scores: Array, top: int) -> Mask:
    """(D, N) the `top` highest scores of each row; ties go to the symbol that comes first in the alphabet."""
    ranked = np.argsort(np.where(np.isfinite(scores), -scores, np.inf), axis=1, kind="stable")
    out = np.zeros(scores.shape, dtype=np.bool_)
    np.put_along_axis(out, ranked[:, :top], values=True, axis=1)
    return out & np.isfinite(scores)


STRATEGY = Strategy(
    name="xsmom",
    config=XsmomConfig,
    signal=signal,
    space={
        "lookback": IntRange(96, 1440, log=True),
        "skip": IntRange(0, 24),
        "top": IntRange(3, 8),
        "threshold": FloatRange(0.0, 1.0),
    },
    history=lambda config: config.lookback + config.skip,
)
