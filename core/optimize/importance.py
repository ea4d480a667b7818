"""How much each searched parameter moved the score, from the trials of a search.

A polynomial chaos expansion (Sudret 2008, "Global sensitivity analysis using polynomial chaos expansions", Reliability
Engineering & System Safety 93(7), 964-979): the scores are regressed, with a ridge, on Legendre polynomials of each parameter
and on the products of every two. The polynomials are orthonormal over the space, so a parameter's total effect (Sobol's: the
variance that goes when it alone is fixed) is the sum of the squared coefficients it takes part in. No chance is involved.

Why not Optuna's: fANOVA and mean decrease of impurity need scikit-learn, which is not installed, and PED-ANOVA, which asks
what sets the best tenth apart, says little with 100 trials (docs/decisions/0014 has the figures).
"""

from itertools import combinations

import numpy as np

from core.optimize.search import Trial
from core.strategies.strategy import FloatRange, IntRange, Space
from core.types import Array

DEGREE = 4
"""Of the polynomials of one parameter: enough for a peak on either side of a valley."""
RIDGE = 0.1
"""Penalty on the squared coefficients per trial; scores are scaled to unit variance."""
FENCE = 1.5
"""Interquartile ranges below the lower quartile at which a score is cut off (Tukey's fence): a book that never trades scores a
constant far below all others, and a few of them would decide the regression alone."""


def importance(space: Space, trials: tuple[Trial, ...]) -> tuple[tuple[str, float], ...]:
    """Share out the variation of the score among the searched parameters.

    Parameters
    ----------
    trials : those with a score that is not finite are left out

    Returns
    -------
    Name and share, largest first, ties by name; shares are not negative and sum to 1. Where nothing can be told, with fewer
    than two scores or all of them equal, the shares are equal.
    """
    scored = [trial for trial in trials if np.isfinite(trial.value)]
    effects = _total_effects(space, scored) if len(scored) > 1 else np.zeros(len(space))
    total = effects.sum()
    shares = effects / total if total > 0.0 else np.full(len(space), 1.0 / len(space))
    return tuple(sorted(zip(space, shares.tolist(), strict=True), key=lambda named: (-named[1], named[0])))


def _total_effects(space: Space, trials: list[Trial]) -> Array:
    """(P,) sums of squared coefficients; zero when the scores do not differ."""
    score = _fenced(np.array([trial.value for trial in trials]))
    centred = score - score.mean()
    spread = np.abs(centred).max()
    if spread <= 1e-12 * np.abs(score).max():
        return np.zeros(len(space))
    where = np.array([[_place(bounds, trial.params[name]) for name, bounds in space.items()] for trial in trials])
    terms, members = _terms(where)
    scaled = centred / spread
    coefficients = _ridge(terms, scaled / scaled.std())
    effects: Array = members.T @ coefficients**2
    return effects


def _fenced(score: Array) -> Array:
    low, high = np.quantile(score, [0.25, 0.75])
    return np.maximum(score, low - FENCE * (high - low)) if high > low else score


def _place(bounds: IntRange | FloatRange, value: float) -> float:
    """Where a value lies between the ends of its range, as -1 to 1; on a log scale where the search is on one."""
    low, high = bounds.low, bounds.high
    if isinstance(bounds, IntRange) and bounds.log:
        return float(2.0 * np.log(value / low) / np.log(high / low) - 1.0)
    return 2.0 * (value - low) / (high - low) - 1.0


def _terms(where: Array) -> tuple[Array, Array]:
    """(trials, K) orthonormal terms, the constant left out, and (K, P) which parameters take part in each."""
    count = where.shape[1]
    norm = np.sqrt(2.0 * np.arange(DEGREE + 1) + 1.0)
    powers = np.polynomial.legendre.legvander(where, DEGREE) * norm  # (trials, P, DEGREE + 1)
    pairs = list(combinations(range(count), 2))
    own = [powers[:, p, k] for p in range(count) for k in range(1, DEGREE + 1)]
    both = [powers[:, p, 1] * powers[:, q, 1] for p, q in pairs]
    takes_part = [{p} for p in range(count) for _ in range(DEGREE)] + [{p, q} for p, q in pairs]
    members = np.array([[p in who for p in range(count)] for who in takes_part], dtype=float)
    return np.column_stack([*own, *both]), members


def _ridge(terms: Array, score: Array) -> Array:
    """(K,) coefficients; centring the terms lets the constant go unpenalised."""
    centred = terms - terms.mean(axis=0)
    penalty = RIDGE * len(score) * np.eye(terms.shape[1])
    coefficients: Array = np.linalg.solve(centred.T @ centred + penalty, centred.T @ score)
    return coefficients
