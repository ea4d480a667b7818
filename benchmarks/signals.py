"""The workload's signal in NumPy and in pandas: what a user of another engine would write.

At a decision bar t, from rows up to t: momentum z-scores over four look-backs that skip the last three bars, the best and the
worst eight names beyond a threshold, inverse volatility, absolute weights summing to 1.
"""

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.data import HALF_LIFE, Bars, Features
from core.types import Array, Ints

if TYPE_CHECKING:
    import pandas as pd

LOOKBACKS = (24, 72, 168, 336)
WEIGHTS = (0.2, 0.3, 0.3, 0.2)
SKIP = 3
TOP = 8
THRESHOLD = 0.3
FIRST = 400
EVERY = 8
VOL_FLOOR = 1e-5
"""Per bar."""


def decision_rows(count: int, every: int = EVERY) -> Ints:
    """Return the bars at whose close the book is decided anew."""
    return np.arange(FIRST, count, every)


def numpy_weights(features: Features, rows: Ints) -> Array:
    """(D, N) raw weights; log closes and volatility are given, as they are to our kernel."""
    score = numpy_scores(features.log_close, rows, WEIGHTS)
    held = picked(score, TOP, THRESHOLD) / np.maximum(features.vol[rows], VOL_FLOOR)
    gross = np.abs(held).sum(axis=1, keepdims=True)
    return held / np.where(gross > 0.0, gross, 1.0)


def numpy_scores(log_close: Array, rows: Ints, weights: tuple[float, ...] | Array) -> Array:
    """(D, N) the sum of weighted z-scores, each within [-3, 3]."""
    recent = log_close[rows - SKIP]
    score = np.zeros(recent.shape)
    for weight, lookback in zip(weights, LOOKBACKS, strict=True):
        gain = recent - log_close[rows - SKIP - lookback]
        gain -= gain.mean(axis=1, keepdims=True)
        score += weight * np.clip(gain / gain.std(axis=1, keepdims=True), -3.0, 3.0)
    return score


def picked(score: Array, top: int, threshold: float) -> Array:
    """(D, N) +1 for the best names above the threshold, -1 for the worst below its negative, 0 for the rest."""
    order = np.argsort(score, axis=1, kind="stable")
    best, worst = np.zeros(score.shape, dtype=np.bool_), np.zeros(score.shape, dtype=np.bool_)
    np.put_along_axis(best, order[:, -top:], values=True, axis=1)
    np.put_along_axis(worst, order[:, :top], values=True, axis=1)
    return (best & (score > threshold)).astype(float) - (worst & (score < -threshold))


def pandas_weights(bars: Bars, rows: Ints) -> "pd.DataFrame":
    """(T, N) raw weights as most people write them: whole frames, ranks, NaN where nothing is decided."""
    import pandas as pd  # noqa: PLC0415 - the other engines do not need it

    log_close = np.log(pd.DataFrame(bars.close))
    score = pd.DataFrame(0.0, log_close.index, log_close.columns)
    for weight, lookback in zip(WEIGHTS, LOOKBACKS, strict=True):
        gain = log_close.shift(SKIP) - log_close.shift(SKIP + lookback)
        z = gain.sub(gain.mean(axis=1), axis=0).div(gain.std(axis=1, ddof=0), axis=0)
        score += weight * z.clip(-3.0, 3.0)
    rank = score.rank(axis=1, method="first")
    count = score.shape[1]
    side = ((rank > count - TOP) & (score > THRESHOLD)).astype(float) - ((rank <= TOP) & (score < -THRESHOLD))
    vol = log_close.diff().ewm(halflife=HALF_LIFE, adjust=False).std()
    raw = side / vol.clip(lower=VOL_FLOOR)
    gross = raw.abs().sum(axis=1)
    weights = raw.div(gross.where(gross > 0.0, 1.0), axis=0)
    decided = np.zeros(len(weights), dtype=np.bool_)
    decided[rows] = True
    return weights.where(pd.Series(decided), np.nan)
