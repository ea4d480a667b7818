"""How long the blocks of a bootstrap should be, chosen by the data (Politis and White 2004, corrected with Patton 2009).

b = (2 G^2 / D)^(1/3) n^(1/3), with G = sum λ(k/M) |k| R(k), g(0) = sum λ(k/M) R(k) over |k| <= M, D = 2 g(0)^2 for the
stationary bootstrap and 4/3 g(0)^2 for the circular one; λ is flat to 1/2 and falls in a line to 0 at 1, M is twice the lag
from which on correlations are noise.

arch 8.0.0 (and so what copies it) takes that lag one later than the published rule; on an AR(1) of .3 that is 7.0 for 5.1.
"""

from math import ceil, log10, sqrt
from typing import NamedTuple

import numpy as np

from core.backtest.metrics import deviation
from core.backtest.serial import autocorrelations
from core.types import Array

RUN = 5
"""Correlations in a row that must be noise: max(5, sqrt(log10 n)), which is 5 for any n."""


class BlockLength(NamedTuple):
    """Mean length for the stationary bootstrap and length for the circular one, in observations; may be below 1."""

    stationary: float
    circular: float


def block_length(values: Array) -> BlockLength:
    """Return the lengths for (n,) finite values; 0 when they do not vary. At most min(3 sqrt(n), n / 3), rounded up."""
    if deviation(values, ddof=0) == 0.0:
        return BlockLength(0.0, 0.0)
    return length_at(values, max(cutoff_lag(values), 1))


def cutoff_lag(values: Array) -> int:
    """Return the smallest lag after which `RUN` autocorrelations are within 2 sqrt(log10 n / n) of 0.

    Without such a run, half the largest lag that is looked at: sqrt(n) + RUN.
    """
    count, most = len(values), _most(len(values))
    noise = np.abs(autocorrelations(values, min(most, count - 1))) < 2.0 * sqrt(log10(count) / count)
    runs = [m for m in range(len(noise) - RUN + 1) if noise[m : m + RUN].all()]
    return runs[0] if runs else ceil(most / 2)


def length_at(values: Array, lag: int) -> BlockLength:
    """Return the lengths when correlations beyond `lag` are taken for noise; `lag` is 1 or more."""
    count = len(values)
    window = min(2 * lag, _most(count), count - 1)
    most = ceil(min(3.0 * sqrt(count), count / 3.0))
    stationary, circular = length_from(autocorrelations(values, window) * flat_top(window), count)
    return BlockLength(min(stationary, most), min(circular, most))


def flat_top(window: int) -> Array:
    """Return λ(k / M) for k = 1 .. M: 1 to one half, then 2 (1 - k / M)."""
    weights: Array = np.minimum(2.0 * (1.0 - np.arange(1, window + 1) / window), 1.0)
    return weights


def length_from(weighted: Array, count: int) -> BlockLength:
    """Return the lengths for λ(k / M) rho(k), k = 1 .. M, and `count` observations; the scale of R cancels."""
    lag = np.arange(1, len(weighted) + 1)
    slope, density = 2.0 * float(lag @ weighted), 1.0 + 2.0 * float(weighted.sum())
    if density == 0.0:
        return BlockLength(float(count), float(count))
    cubed = (slope / density) ** 2 * count
    return BlockLength(cubed ** (1.0 / 3.0), (1.5 * cubed) ** (1.0 / 3.0))


def holding_block(returns: Array, floor: float) -> int:
    """Return the block for resampling returns: the longest of that of the returns, of their sizes, and one holding period.

    Sizes |r| stay correlated for longer than returns: blocks shorter than a storm would break it up.

    Parameters
    ----------
    returns : (n,) per bar or per day, never NaN
    floor : bars or days that a position is held
    """
    longest = max(*block_length(returns), *block_length(np.abs(returns)))
    return max(ceil(longest), ceil(floor), 1)


def _most(count: int) -> int:
    return ceil(sqrt(count)) + RUN
