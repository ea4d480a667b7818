"""Inverse-volatility sizing: every name held carries the same risk."""

import numpy as np

from core.compiled import lanes, strict, whole
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
    out = np.empty_like(score)
    strict(weigh_rows)(score, vol, vol_floor, out)
    return out


@whole
def weigh_rows(score: Array, vol: Array, vol_floor: float, out: Array) -> None:
    """Fill `out` for `inverse_vol_weights`; sums run in order: an empty column must not change the last bit."""
    for d in range(len(score)):
        gross = 0.0
        for i in range(lanes(score)):
            weight = score[d, i] / (vol[d, i] if vol[d, i] > vol_floor else vol_floor)
            weight = weight if weight == weight and vol[d, i] == vol[d, i] else 0.0  # noqa: PLR0124 - NaN differs from itself
            out[d, i] = weight
            gross += abs(weight)
        for i in range(lanes(score)):
            out[d, i] *= 1.0 / gross if gross > 0.0 else 0.0


@whole
def weigh_sides(side: Array, per_vol: Array, out: Array) -> None:
    """Do what `weigh_rows` does, to the last bit, for sides of +1, -1 and 0 and reciprocal volatilities: without division."""
    for d in range(len(side)):
        gross = 0.0
        for i in range(lanes(side)):
            out[d, i] = side[d, i] * per_vol[d, i]
            gross += abs(out[d, i])
        for i in range(lanes(side)):
            out[d, i] *= 1.0 / gross if gross > 0.0 else 0.0
