"""Kelly's criterion for a portfolio: what growth-optimal weights are, and how deep a share of them may fall.

For whoever chooses `kelly_fraction` or writes a strategy; the scaler's own factor is in core/sizing/scaler.py. Estimated means
deserve a quarter to a half of what these formulas say.
"""

import numpy as np

from core.types import Array


def kelly_weights(mean: Array, covariance: Array) -> Array:
    """Return the weights, (N,), of largest log growth: the inverse covariance times the mean (Merton 1969).

    Parameters
    ----------
    mean : (N,) expected excess return, per unit of time
    covariance : (N, N) of returns over the same time, positive definite
    """
    return np.linalg.solve(covariance, mean).astype(np.float64)


def growth_rate(weights: Array, mean: Array, covariance: Array) -> float:
    """Return the log growth per unit of time, w'μ - w'Σw/2; at Kelly's weights half the squared Sharpe ratio."""
    return float(weights @ mean - 0.5 * weights @ covariance @ weights)


def fall_probability(level: float, *, fraction: float) -> float:
    """Return the chance that equity ever falls to `level` of its start when `fraction` of Kelly is held.

    level^(2 / fraction - 1), for geometric Brownian motion: half Kelly halves its equity once in eight lives.

    Parameters
    ----------
    level : in (0, 1]
    fraction : in (0, 2)
    """
    return float(level ** (2.0 / fraction - 1.0))
