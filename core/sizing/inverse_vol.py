"""Inverse-volatility sizing: every name held carries the same risk."""

import numpy as np

from core.types import Array


def inverse_vol_weights(score: Array, vol: Array, *, vol_floor: float) -> Array:
    """Scale scores by the reciprocal of volatility and normalise to unit gross.

    Parameters
    ----------
    score : (D, N) dimensionless
        Direction and strength; 0 and NaN receive no weight.
    vol : (D, N) annualised fraction (0.6 = 60 % a year)
        NaN (no history yet) receives no weight.
    vol_floor : annualised fraction
        Below this counts as this, so that a dead market cannot take the book.

    Returns
    -------
    (D, N) fraction of equity
        Each row sums to 1 in absolute value, or is all zero when nothing is held.

    Examples
    --------
    >>> inverse_vol_weights(np.array([[1.0, -1.0]]), np.array([[0.2, 0.6]]), vol_floor=0.05)
    array([[ 0.75, -0.25]])
    """
    raw = np.nan_to_num(score / np.maximum(vol, vol_floor), nan=0.0)
    gross = np.add.accumulate(np.abs(raw), axis=1)[:, -1:]  # in order: an empty column must not change the last bit
    return raw / np.where(gross > 0, gross, 1.0)
