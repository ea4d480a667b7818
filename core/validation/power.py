"""What can be proved in what time: arithmetic to consult before a test, not after. Annual Sharpe ratios, normal theory."""

from math import sqrt
from statistics import NormalDist

from core.validation.sharpe_tests import NORMAL, Shape, psr, unit_variance

_GAUSS = NormalDist()


def sharpe_times_root_years(*, alpha: float, power: float) -> float:
    """Return the SR sqrt(T) at which one look, one-sided at `alpha`, detects with `power`: z_alpha + z_(1 - power)."""
    return _GAUSS.inv_cdf(1.0 - alpha) + _GAUSS.inv_cdf(power)


def years_to_prove(sharpe: float, *, alpha: float = 0.01, power: float = 0.9) -> float:
    """Years of a stream with this Sharpe ratio until one look detects it."""
    return (sharpe_times_root_years(alpha=alpha, power=power) / sharpe) ** 2


def constant_boundary(alpha: float) -> float:
    """Return c with P(max over t <= 1 of W_t >= c) = alpha for Brownian motion W: the reflection principle, 2 (1 - Φ(c))."""
    return _GAUSS.inv_cdf(1.0 - 0.5 * alpha)


def difference_sharpe(gain: float, correlation: float) -> float:
    """Sharpe ratio of the difference of two equally volatile streams whose own differ by `gain`.

    gain / sqrt(2 (1 - correlation)): a challenger much like the champion is easier to tell apart.
    """
    return gain / sqrt(2.0 * (1.0 - correlation))


def sharpe_power(truth: float, benchmark: float, count: int, shape: Shape = NORMAL, *, alpha: float = 0.05) -> float:
    """Return the chance that a true Sharpe ratio is found above the benchmark at `alpha` (2025 form, per observation)."""
    critical = benchmark + _GAUSS.inv_cdf(1.0 - alpha) * sqrt(unit_variance(benchmark, shape) / count)
    return 1.0 - _GAUSS.cdf((critical - truth) / sqrt(unit_variance(truth, shape) / count))


def planned_false_share(prior: float, *, alpha: float, power: float) -> float:
    """Return the share of passes that are false when a share `prior` of what is tested has an edge (pFDR, 2025)."""
    return 1.0 / (1.0 + power * prior / (alpha * (1.0 - prior)))


def observed_false_share(sharpe: float, truth: float, count: int, shape: Shape = NORMAL, *, prior: float) -> float:
    """Return the chance that there is no edge, given an estimate at least this large (oFDR, 2025, per observation).

    Parameters
    ----------
    truth : Sharpe ratio of what has an edge, against 0 of what has none
    prior : share of what is tested that has one
    """
    none = (1.0 - psr(sharpe, 0.0, count, shape)) * (1.0 - prior)
    some = (1.0 - psr(sharpe, truth, count, shape)) * prior
    return none / (none + some)
