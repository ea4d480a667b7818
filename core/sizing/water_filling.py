"""Caps that keep the sum: what a capped weight loses goes to the uncapped ones, in proportion.

For strategies whose weights must add up; the portfolio's own caps (core/sizing/caps.py) only ever shrink.
"""

import numpy as np

from core.types import Array


def fill_to_cap(weights: Array, cap: float) -> Array:
    """Return weights, (N,), none above `cap`, with the same sum; where N caps are less than that sum the rest is cash.

    Order is kept, and doing it twice is doing it once. Clipping and scaling up again once would break the cap.

    Parameters
    ----------
    weights : (N,) at least 0; never NaN
    """
    full = weights > cap
    while (free := ~full & (weights > 0.0)).any():
        room = weights.sum() - cap * full.sum()
        out = np.where(full, cap, weights * (room / weights[free].sum())) if full.any() else weights
        if not (out > cap).any():
            return out
        full |= out > cap
    return np.where(full, cap, weights)
