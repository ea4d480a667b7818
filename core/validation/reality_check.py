"""Is the best of many better than cash, given that it is the best: Hansen's SPA (2005) and Romano and Wolf's StepM (2005).

Everything is measured in each stream's own standard error; an unstudentised test is ruled by the wildest stream (arch 8.0.0
ignores its `studentize`). Valid for a **fixed** set of streams only: trials that an optimiser chose from the same data
pass five times as often as they should (statistics note, 3.6).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.errors import DataError
from core.types import Array, Mask

DRAWS = 2000
FEWEST = 20
"""Days below which nothing is tested."""
_BATCH = 250  # draws at a time: their counts of days fit a few megabytes


@dataclass(frozen=True, slots=True)
class Resampled:
    """Means of K streams and how they vary under a stationary bootstrap of whole days.

    `mean` (K,) per day; `error` (K,) standard error of the mean, 0 for a stream that never changes; `draws` (B, K) means of
    resampled days minus `mean`; `days` how many there were.
    """

    mean: Array
    error: Array
    draws: Array
    days: int


class SpaP(NamedTuple):
    """P-values of "none of these beats cash"; lower <= consistent <= upper, and `upper` is White's reality check."""

    lower: float
    consistent: float
    upper: float


def resample(streams: Array, *, block: float, rng: np.random.Generator, draws: int = DRAWS) -> Resampled:
    """Bootstrap the means of (K, n) streams, all with the same days.

    Parameters
    ----------
    streams : daily returns in excess of the benchmark's; never NaN
    block : mean length of a block, in days, at least 1

    Raises
    ------
    DataError
        When there is no stream, or fewer than 20 days.
    """
    count, days = streams.shape
    if not count or days < FEWEST:
        raise DataError(f"reality check: {count} streams of {days} days; at least 1 stream of {FEWEST} days is needed")
    mean = streams.mean(axis=1)
    gaps = streams - mean[:, None]
    batches = [min(_BATCH, draws - done) for done in range(0, draws, _BATCH)]
    means = np.vstack([stationary_counts(days, size, block, rng) @ gaps.T for size in batches]) / days
    return Resampled(mean, standard_error(gaps, block), means, days)


def stationary_counts(days: int, draws: int, block: float, rng: np.random.Generator) -> Array:
    """Return how often each resample holds each day, (draws, days): blocks of geometric length, wrapped around."""
    fresh = rng.random((draws, days)) < 1.0 / block
    fresh[:, 0] = True
    at = np.arange(days)
    began = np.maximum.accumulate(np.where(fresh, at, 0), axis=1)
    start = np.take_along_axis(rng.integers(days, size=(draws, days)), began, axis=1)
    cell = (start + at - began) % days + days * np.arange(draws)[:, None]
    return np.bincount(cell.ravel(), minlength=draws * days).reshape(draws, days).astype(np.float64)


def standard_error(gaps: Array, block: float) -> Array:
    """Return the exact standard error, (K,), of a stationary bootstrap's mean of (K, n) values without mean.

    sum κ(i) C(i) / n with κ(i) = (1 - i/n) q^i + (i/n) q^(n - i), q = 1 - 1/block (Politis and Romano 1994), written with
    circular autocovariances, which the transform gives all at once.
    """
    days = gaps.shape[1]
    power = np.abs(np.fft.rfft(gaps, axis=1)) ** 2
    circular = np.fft.irfft(power, days, axis=1) / days
    lag = np.arange(days)
    weight = 2.0 * (1.0 - lag / days) * (1.0 - 1.0 / block) ** lag
    weight[0] = 1.0
    variance = np.maximum(circular @ weight, 0.0) / days
    changes = np.abs(gaps).max(axis=1) > 1e-15
    return np.where(changes, np.sqrt(variance), 0.0)


def spa(resampled: Resampled) -> SpaP:
    """Test that no stream's mean is above 0.

    The statistic is max(0, max_k mean / error). Streams so bad that they cannot be the best are left where they are
    (consistent: below -sqrt(2 ln ln n) errors; lower: all below 0) instead of being moved up to 0 (upper).
    """
    t = _over_errors(resampled, resampled.mean)
    seen = max(float(t.max()), 0.0)
    hopeless = t < -np.sqrt(2.0 * np.log(np.log(resampled.days)))
    drops = (t < 0.0, hopeless, np.zeros_like(hopeless))
    return SpaP(*(_p(seen, np.maximum((_null(resampled, t, drop)).max(axis=1), 0.0)) for drop in drops))


def step_m(resampled: Resampled, *, alpha: float) -> Mask:
    """Return which streams, (K,), beat cash with a chance of at most `alpha` that any of them does not.

    Reject what exceeds the largest of all, then repeat with the largest of those left, until none is.
    """
    t = _over_errors(resampled, resampled.mean)
    null = _null(resampled, t, np.zeros(len(t), dtype=np.bool_))
    rejected = np.zeros(len(t), dtype=np.bool_)
    while not rejected.all():
        limit = np.quantile(null[:, ~rejected].max(axis=1), 1.0 - alpha, method="higher")
        more = ~rejected & (t > max(float(limit), 0.0))
        if not more.any():
            break
        rejected |= more
    return rejected


def mean_best(resampled: Resampled) -> float:
    """Return the expected largest standardised mean, in standard errors, of such a crowd without skill."""
    return float(_over_errors(resampled, resampled.draws).max(axis=1).mean())


def _null(resampled: Resampled, t: Array, stay: Mask) -> Array:
    """(B, K) studentised draws around 0, or around their own t where they stay."""
    return _over_errors(resampled, resampled.draws) + np.where(stay, t, 0.0)


def _over_errors(resampled: Resampled, values: Array) -> Array:
    """Values over standard errors; 0 for a stream that never changes, which nothing can be learnt from."""
    return np.divide(values, resampled.error, out=np.zeros_like(values), where=resampled.error > 0.0)


def _p(seen: float, null: Array) -> float:
    """Share of draws at least as large, the sample counted in: never 0, which so many draws could not know."""
    return float((1 + np.count_nonzero(null >= seen)) / (1 + len(null)))
