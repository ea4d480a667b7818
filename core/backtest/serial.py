"""Autocorrelation of returns, and what it does to the annual scale of a Sharpe ratio (Lo 2002)."""

import numpy as np

from core.types import Array


def newey_west_lag(count: int) -> int:
    """Return the lag beyond which the autocorrelations of `count` values are noise: ``4 (n / 100)^(2/9)``, below n."""
    return max(min(int(4.0 * (count / 100.0) ** (2.0 / 9.0)), count - 1), 0)


def autocorrelations(values: Array, lags: int) -> Array:
    """Return rho_1 .. rho_lags, (lags,), with the n-normalised covariance; 0 when no value differs."""
    gap = values - np.mean(values) if len(values) else values
    whole = float(np.sum(gap * gap))
    if whole <= 1e-24 * float(np.sum(values * values)):  # what rounding leaves of a constant
        return np.zeros(lags)
    spectrum = np.fft.rfft(gap, 1 << (2 * len(gap) - 1).bit_length())  # padded: a lag must not wrap around
    out = np.zeros(lags)
    known = np.fft.irfft(np.abs(spectrum) ** 2)[1 : min(lags + 1, len(gap))] / whole
    out[: len(known)] = known
    return out


def lo_eta(correlations: Array, periods: int) -> float:
    """Scale a Sharpe ratio per period to one per `periods`: Lo 2002, eta(q) = q / sqrt(q + 2 sum (q - k) rho_k).

    Parameters
    ----------
    correlations : rho_1, rho_2 ... of returns per period; those not given, and those at `periods` or beyond, count as 0

    Returns
    -------
    float
        sqrt(q), the scale without autocorrelation, where the sum under the root is not positive: no set of true
        autocorrelations has such a sum.
    """
    lag = np.arange(1, min(len(correlations), periods - 1) + 1)
    under_root = periods + 2.0 * float(((periods - lag) * correlations[: len(lag)]).sum())
    return float(periods / np.sqrt(under_root if under_root > 1e-9 * periods else periods))
