"""The incomplete beta function, which is both the binomial's tail and Student's; core does without scipy."""

from math import exp, inf, lgamma, log, log1p

from core.validation.bisection import crossing

_TINY = 1e-300
_TERMS = 10_000
"""The continued fraction needs about the root of its larger parameter."""


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised I_x(a, b), accurate in relative terms far into its lower tail.

    The continued fraction of DLMF 8.17.22 by Lentz's method, on the side of the mean where it converges fast.

    Parameters
    ----------
    a, b : positive
    x : clipped to [0, 1]
    """
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    scale = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    return exp(scale) * _fraction(a, b, x) / a


def two_sided_p(t: float, freedom: float) -> float:
    """Probability that Student's t with `freedom` degrees is at least as far from 0 as `t`."""
    return incomplete_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t))


def t_of(p: float, freedom: float) -> float:
    """Return the t of at least 0 whose two-sided probability is `p`; 0 for p of 1 or more, infinite for 0."""
    if p <= 0.0 or p >= 1.0:
        return inf if p <= 0.0 else 0.0
    high = 1.0
    while two_sided_p(high, freedom) > p:
        high *= 2.0
    return crossing(lambda t: -two_sided_p(t, freedom), -p, 0.0, high)


def _fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of I_x(a, b) a B(a, b) / (x^a (1 - x)^b)."""
    d = 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    c, whole = 1.0, d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = whole
        for term in (even, odd):
            d, c = 1.0 / _away(1.0 + term * d), _away(1.0 + term / c)
            whole *= d * c
        if abs(whole - before) <= 1e-16 * abs(whole):
            break
    return whole


def _away(value: float) -> float:
    """Keep a divisor away from 0."""
    return value if abs(value) > _TINY else _TINY
