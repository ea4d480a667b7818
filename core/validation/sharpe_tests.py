"""Is a Sharpe ratio more than luck: PSR, the shortest track record that says so, and what the best of many has to beat.

Sharpe ratios here are **per observation** (per day for daily returns), kurtosis is raw (a normal has 3), counts are of
observations. Two generations of formulas:

* 2025 (Lopez de Prado, Lipton, Zoonekynd, SSRN 5520741): the variance is that under the null, of n observations, and allows
  for autocorrelation. What the reports use.
* 2012 and 2014 (Bailey, Lopez de Prado): the variance is that at the estimate, of n - 1 independent observations. Kept, with
  the year in the name, to compare with the literature.
"""

from dataclasses import dataclass
from math import e, inf, sqrt
from statistics import NormalDist

import numpy as np

from core.backtest.metrics import deviation, standard_moment
from core.backtest.serial import autocorrelations
from core.types import Array

_GAUSS = NormalDist()
_LEAST = 1e-12  # returns of two values only have a Sharpe ratio whose variance is 0
_STEP = 0.01
_GRID = _STEP * np.arange(-900, 901)
_BELOW = np.array([_GAUSS.cdf(x) for x in _GRID])


@dataclass(frozen=True, slots=True)
class Shape:
    """What returns have besides mean and spread: skewness, raw kurtosis, first autocorrelation in (-1, 1)."""

    skew: float = 0.0
    kurtosis: float = 3.0
    autocorrelation: float = 0.0


NORMAL = Shape()


def shape_of(returns: Array) -> Shape:
    """Estimate the shape of (n,) returns; a negative autocorrelation counts as 0: it would only make the tests bolder."""
    lagged = autocorrelations(returns, 1)[0] if deviation(returns, ddof=0) > 0.0 else 0.0
    return Shape(
        standard_moment(returns, 3, normal=0.0),
        standard_moment(returns, 4, normal=3.0),
        float(np.clip(lagged, 0.0, 0.99)),
    )


def unit_variance(sharpe: float, shape: Shape = NORMAL) -> float:
    """Variance of an estimated Sharpe ratio, times the observations, when the true one is `sharpe`.

    a - b g3 SR + c (g4 - 1)/4 SR^2 with a = 1 + 2r/(1 - r), b = 1 + r/(1 - r) + r^2/(1 - r^2), c = 1 + 2r^2/(1 - r^2)
    (2025); with r = 0 that of Mertens 2002, and of Lo 2002 for normal returns: 1 + SR^2/2.
    """
    r = shape.autocorrelation
    a, c = 1.0 + 2.0 * r / (1.0 - r), 1.0 + 2.0 * r * r / (1.0 - r * r)
    b = 1.0 + r / (1.0 - r) + r * r / (1.0 - r * r)
    return max(a - b * shape.skew * sharpe + c * (shape.kurtosis - 1.0) / 4.0 * sharpe * sharpe, _LEAST)


def psr(sharpe: float, benchmark: float, count: int, shape: Shape = NORMAL, *, trials: float = 1.0) -> float:
    """Probability that an estimate falls below `sharpe` if the truth is `benchmark` (2025): 1 minus a p-value.

    Parameters
    ----------
    trials : independent tries of which `sharpe` is the best and `benchmark` the expected best; the best varies less than
        one does
    """
    variance = unit_variance(benchmark, shape) / count * best_of(trials)[1]
    return _GAUSS.cdf((sharpe - benchmark) / sqrt(variance))


def psr_2012(sharpe: float, benchmark: float, count: int, shape: Shape = NORMAL) -> float:
    """Probabilistic Sharpe ratio: Φ((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1)/4 SR^2)).

    With `expected_best` as benchmark it is the deflated Sharpe ratio of 2014.
    """
    return _GAUSS.cdf((sharpe - benchmark) * sqrt((count - 1) / unit_variance(sharpe, shape)))


def min_track_record(sharpe: float, benchmark: float, shape: Shape = NORMAL, *, alpha: float = 0.05) -> float:
    """Observations after which this Sharpe ratio would reject the benchmark at `alpha` (2025); infinite if not above it."""
    if sharpe <= benchmark:
        return inf
    return unit_variance(benchmark, shape) * (_GAUSS.inv_cdf(1.0 - alpha) / (sharpe - benchmark)) ** 2


def min_track_record_2012(sharpe: float, benchmark: float, shape: Shape = NORMAL, *, alpha: float = 0.05) -> float:
    """Do the same with the variance at the estimate: 1 + (1 - g3 SR + (g4 - 1)/4 SR^2) (z / (SR - SR*))^2."""
    if sharpe <= benchmark:
        return inf
    return 1.0 + unit_variance(sharpe, shape) * (_GAUSS.inv_cdf(1.0 - alpha) / (sharpe - benchmark)) ** 2


def best_of(trials: float) -> tuple[float, float]:
    """Mean and variance of the largest of `trials` independent standard normals, by quadrature.

    Parameters
    ----------
    trials : at least 1; a fraction is allowed, for an effective number
    """
    share = np.diff(_BELOW**trials)
    middle = 0.5 * (_GRID[1:] + _GRID[:-1])
    mean = float(share @ middle)
    return mean, float(share @ (middle - mean) ** 2) - _STEP**2 / 12.0  # Sheppard's correction for the width of a cell


def expected_best(trials: float, variance: float = 1.0) -> float:
    """Return the expected largest of 5 or more Sharpe ratios without skill, in the published closed form.

    sqrt(V) ((1 - γ) Φ^-1(1 - 1/N) + γ Φ^-1(1 - 1/(N e))), γ = 0.5772... (Bailey et al 2014). At most 2.6 % above the
    exact `best_of`.

    Parameters
    ----------
    variance : of the Sharpe ratios across trials, per observation as they are
    """
    far, farther = _GAUSS.inv_cdf(1.0 - 1.0 / trials), _GAUSS.inv_cdf(1.0 - 1.0 / (trials * e))
    return sqrt(variance) * ((1.0 - np.euler_gamma) * far + np.euler_gamma * farther)


def min_backtest_years(trials: float, sharpe: float) -> float:
    """Years of history below which the best of `trials` skill-less ones is expected to show this annual Sharpe ratio."""
    return (expected_best(trials) / sharpe) ** 2
