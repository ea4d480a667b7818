"""Time-series momentum's own sizing (Moskowitz, Ooi and Pedersen 2012): each symbol at the same volatility, then the mean."""

from math import log

import numpy as np

from core.types import Array


def equal_risk_weights(score: Array, vol: Array, *, target: float) -> Array:
    """Return sign(score) x target / vol, averaged over the symbols that have both, (..., N) fraction of equity.

    Parameters
    ----------
    score : (..., N) NaN receives no weight and is not counted
    vol : (..., N) annualised fraction, positive; NaN receives no weight and is not counted
    target : annualised fraction; the paper takes 0.4
    """
    each = np.sign(score) * target / vol
    known = np.isfinite(each)
    count = np.maximum(known.sum(axis=-1, keepdims=True), 1)
    weights: Array = np.where(known, each, 0.0) / count
    return weights


def half_life_of(centre_of_mass: float) -> float:
    """Return the half-life of an exponential average whose weights have this centre of mass; the paper takes 60 days.

    Decay d = c / (1 + c), half-life ln(1/2) / ln(d). Give it to `core.market.features.ewma_variance`.
    """
    return log(0.5) / log(centre_of_mass / (1.0 + centre_of_mass))
