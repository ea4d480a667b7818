"""Caps: the last word on how large anything may be. They only ever shrink."""

import numpy as np
from numba import njit
from pydantic import Field

from core.config import Config, Fraction
from core.types import Array


class CapsConfig(Config):
    """Limits on target weights, as fractions of equity."""

    symbol: Fraction = 0.25
    """Largest weight of one symbol, long or short."""
    gross: float = Field(default=1.5, ge=0.0, le=10.0)
    """Largest sum of absolute weights."""


@njit(cache=True)
def cap_weights(weights: Array, symbol: float, gross: float) -> Array:
    """Clip each weight, then scale all down together if the sum is still too large.

    Parameters
    ----------
    weights : (N,) fraction of equity
        NaN (leave alone) stays NaN and does not count.
    symbol, gross : fraction of equity

    Returns
    -------
    (N,) fraction of equity: no sign is flipped, no weight is raised, both caps hold, and doing it twice is doing it once
    """
    out = np.minimum(np.maximum(weights, -symbol), symbol)
    total = np.nansum(np.abs(out))
    return out * (gross / total) if total > gross else out
