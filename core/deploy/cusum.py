"""Profit as a slow sequential test of whether a release still earns what it claimed.

A CUSUM of the log-likelihood ratio of "Sharpe 0" against "the Sharpe claimed" (Page 1954). Its boundaries are set so that a
release which earns its claim is accused once in twenty years: statistics note, section 8, whose table
tests/core/deploy/test_cusum.py rebuilds. At a claim of 2 an edge that is gone is noticed within a year half of the time, so
this is the slow leg of the watch; the fast ones are in core/deploy/degradation.py.
"""

import numpy as np

from core.backtest.metrics import DAYS_PER_YEAR
from core.types import Array

CLAIMS = (1.5, 2.0, 3.0)
"""Sharpe ratios, annual, for which the boundary was calibrated; a claim outside them counts as the nearest."""
BOUNDARIES = (2.61, 3.28, 4.32)
"""Where the statistic ends in an alarm, at those claims."""
WORST = -5.0
"""Deviations that a day's loss counts for at most: one gap is not proof of anything."""
MEMORY = 0.97
"""Weight of the past in the variance that scales a day, from one day to the next."""
CALMEST = 0.25
"""Share of the predicted deviation below which none is believed: after a flat month the first trade is no catastrophe."""


def claimed(sharpe: float) -> float:
    """Return the claim that a release with this out-of-sample Sharpe is held to."""
    return float(np.clip(sharpe, CLAIMS[0], CLAIMS[-1]))


def boundary(claim: float) -> float:
    """Return where the statistic ends in an alarm, linear between the calibrated claims."""
    return float(np.interp(claim, CLAIMS, BOUNDARIES))


def standardised(net: Array, vol: float) -> Array:
    """Divide each day by the deviation known before it; floor the result at `WORST`.

    Parameters
    ----------
    net : (n, ...) daily returns, never NaN
    vol : deviation of a day that the release predicted, positive: what the first day is scaled by
    """
    z, variance = np.empty_like(net), np.full(net.shape[1:], vol**2)
    for day, earned in enumerate(net):
        z[day] = earned / np.sqrt(variance)
        variance = np.maximum(MEMORY * variance + (1.0 - MEMORY) * earned**2, (CALMEST * vol) ** 2)
    return np.maximum(z, WORST)


def cusum(z: Array, claim: float) -> Array:
    """Return S_n = max(0, S_(n-1) + d (d / 2 - z_n)) with d = claim / sqrt(365), starting from 0.

    Parameters
    ----------
    z : (n, ...) standardised daily returns
    claim : annual Sharpe, from `claimed`

    Returns
    -------
    (n, ...)
        0 while the release earns its claim; an alarm where it reaches `boundary`.
    """
    drift, path, last = claim / np.sqrt(DAYS_PER_YEAR), np.empty_like(z), np.zeros(z.shape[1:])
    for day, earned in enumerate(z):
        last = np.maximum(0.0, last + drift * (drift / 2.0 - earned))
        path[day] = last
    return path
