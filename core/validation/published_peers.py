"""The tests behind a Sharpe ratio when only their number is known: peers drawn from Harvey, Liu and Zhu's model (2016).

For a claim from a paper or a vendor, whose other trials nobody can see. Our own trials are in the ledger: adjust those.
"""

from math import erfc, sqrt

import numpy as np

from core.types import Array
from core.validation.haircut import bhy, holm

_CORRELATION = (0.0, 0.2, 0.4, 0.6, 0.8)
_WITHOUT_EDGE = (0.39660, 0.44589, 0.48604, 0.59902, 0.83901)
_MEAN_EDGE = (0.0054995, 0.0055508, 0.0055413, 0.0055512, 0.0055956)
"""Of HLZ 2016, as in the program of Harvey and Liu: share of strategies without a mean, and the others' mean a month."""
_MONTHS = 240
_MONTHLY_VOLATILITY = 0.15 / sqrt(12.0)

_two_sided = np.vectorize(lambda t: erfc(abs(t) / sqrt(2.0)), otypes=[float])


def peer_p_values(tests: int, correlation: float, draws: int, rng: np.random.Generator) -> Array:
    """Draw p-values of `tests` equally correlated strategies, (draws, tests), as published research is made of.

    Parameters
    ----------
    correlation : between the strategies' returns, 0 to 0.8
    """
    none = float(np.interp(correlation, _CORRELATION, _WITHOUT_EDGE))
    size = float(np.interp(correlation, _CORRELATION, _MEAN_EDGE))
    edge = np.where(rng.random((draws, tests)) > none, rng.exponential(size, (draws, tests)), 0.0)
    common, own = rng.standard_normal((draws, 1)), rng.standard_normal((draws, tests))
    noise = sqrt(correlation) * common + sqrt(1.0 - correlation) * own
    p: Array = _two_sided(edge * sqrt(_MONTHS) / _MONTHLY_VOLATILITY + noise)
    return p


def adjusted_among(p: float, peers: Array) -> tuple[float, float]:
    """Return the median over draws of Holm's and of BHY's adjustment of `p` among its (draws, tests) peers."""
    together = np.column_stack([np.full(len(peers), p), peers])
    return float(np.median(holm(together)[:, 0])), float(np.median(bhy(together)[:, 0]))
