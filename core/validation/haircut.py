"""What is left of a Sharpe ratio, or of a p-value, when it was the best of many (Harvey and Liu 2015).

Sharpe ratios are per observation. All p-values are two-sided.
"""

from math import sqrt

import numpy as np

from core.types import Array
from core.validation.beta import t_of, two_sided_p


def sharpe_p(sharpe: float, count: int) -> float:
    """P-value of a Sharpe ratio of `count` observations: Student's t = SR sqrt(n), n - 1 degrees of freedom."""
    return two_sided_p(sharpe * sqrt(count), count - 1)


def haircut_sharpe(sharpe: float, count: int, p: float) -> float:
    """Return the Sharpe ratio that alone would have the adjusted p-value `p`: never larger, 0 for p of 1, of the same sign."""
    left = min(t_of(p, count - 1) / sqrt(count), abs(sharpe))
    return -left if sharpe < 0.0 < left else left


def bonferroni_sharpe(sharpe: float, count: int, tests: float) -> float:
    """Return the Sharpe ratio after Bonferroni's haircut for the best of `tests`; no assumption on their dependence."""
    return haircut_sharpe(sharpe, count, min(tests * sharpe_p(sharpe, count), 1.0))


def bonferroni(p: Array) -> Array:
    """Adjust p-values, (..., M), for M tests: M p, at most 1."""
    return np.minimum(p * p.shape[-1], 1.0)


def holm(p: Array) -> Array:
    """Adjust p-values, (..., M), by Holm 1979: the largest (M - j + 1) p_(j) up to one's own rank; at most Bonferroni's."""
    order, ranked = _ranked(p)
    tests = p.shape[-1]
    stepped = np.maximum.accumulate(ranked * np.arange(tests, 0, -1), axis=-1)
    return _unranked(np.minimum(stepped, 1.0), order)


def bhy(p: Array) -> Array:
    """Adjust p-values, (..., M), by Benjamini, Hochberg and Yekutieli 2001: a false discovery rate under any dependence.

    The smallest M c(M) p_(i) / i from one's own rank up, c(M) = 1 + 1/2 + ... + 1/M; at most 1.
    """
    order, ranked = _ranked(p)
    rank = np.arange(1, p.shape[-1] + 1)
    scaled = ranked * (p.shape[-1] * (1.0 / rank).sum()) / rank
    stepped = np.minimum.accumulate(scaled[..., ::-1], axis=-1)[..., ::-1]
    return _unranked(np.minimum(stepped, 1.0), order)


def _ranked(p: Array) -> tuple[np.ndarray, Array]:
    order = np.argsort(p, axis=-1, kind="stable")
    return order, np.take_along_axis(p, order, axis=-1)


def _unranked(ranked: Array, order: np.ndarray) -> Array:
    out = np.empty_like(ranked)
    np.put_along_axis(out, order, ranked, axis=-1)
    return out
