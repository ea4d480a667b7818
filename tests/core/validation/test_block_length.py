"""Automatic block length: the published rule in loops, and what it does to data it should know."""

from math import ceil, log10

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.validation.block_length import block_length, cutoff_lag, holding_block, length_at


def autoregression(phi, count, seed):
    shocks = np.random.default_rng(seed).standard_normal(count)
    values = shocks.copy()
    for t in range(1, count):
        values[t] += phi * values[t - 1]
    return values


def by_hand(values):
    """Politis and White 2004, section 3.2, with the constants of Patton, Politis and White 2009, in plain loops."""
    n, mean = len(values), sum(values) / len(values)
    gaps = [v - mean for v in values]

    def covariance(k):
        return sum(gaps[t] * gaps[t - abs(k)] for t in range(abs(k), n)) / n

    band, most, run = 2 * (log10(n) / n) ** 0.5, ceil(n**0.5) + 5, 5
    rho = [covariance(k) / covariance(0) for k in range(most + 1)]
    found = (m for m in range(most) if m + run <= most and all(abs(rho[m + j]) < band for j in range(1, run + 1)))
    m = max(next(found, ceil(most / 2)), 1)
    window = min(2 * m, most)

    def flat(k):
        x = abs(k) / window
        return 1.0 if x <= 0.5 else 2 * (1 - x)

    lags = range(-window, window + 1)
    slope = sum(flat(k) * abs(k) * covariance(k) for k in lags)
    density = sum(flat(k) * covariance(k) for k in lags)
    lengths = [(2 * slope**2 / (factor * density**2)) ** (1 / 3) * n ** (1 / 3) for factor in (2, 4 / 3)]
    return [min(b, ceil(min(3 * n**0.5, n / 3))) for b in lengths]


@pytest.mark.parametrize(
    ("phi", "count", "seed"), [(0.0, 100, 0), (0.3, 250, 1), (0.8, 250, 2), (-0.5, 150, 3), (0.99, 120, 4)]
)
def test_the_rule_is_what_plain_python_says(phi, count, seed):
    values = autoregression(phi, count, seed)
    assert block_length(values) == pytest.approx(by_hand(values.tolist()), rel=1e-9)


@given(st.integers(0, 30), st.floats(0.0, 0.9), st.floats(0.01, 100.0), st.floats(-5.0, 5.0))
def test_neither_scale_nor_level_nor_the_direction_of_time_matters(seed, phi, scale, level):
    values = autoregression(phi, 200, seed)
    assert block_length(scale * values + level) == pytest.approx(block_length(values), rel=1e-6)
    assert block_length(values[::-1]) == pytest.approx(block_length(values), rel=1e-6)


@given(st.integers(0, 30), st.integers(6, 60))
def test_a_block_is_at_most_a_third_and_the_circular_one_is_longer_by_a_fixed_factor(seed, count):
    stationary, circular = block_length(np.random.default_rng(seed).standard_normal(count).cumsum())
    assert 0.0 <= stationary <= circular <= ceil(count / 3)
    free = length_at(autoregression(0.5, 400, seed), 3)
    assert free.circular == pytest.approx(1.5 ** (1 / 3) * free.stationary)


def test_longer_memory_needs_longer_blocks():
    lengths = [block_length(autoregression(phi, 2000, 7)).stationary for phi in (0.0, 0.5, 0.9)]
    assert lengths == sorted(lengths)
    assert cutoff_lag(autoregression(0.9, 2000, 7)) > cutoff_lag(autoregression(0.0, 2000, 7)) == 0


def test_clustered_volatility_counts_although_returns_are_uncorrelated():
    rng = np.random.default_rng(3)
    calm, storm = rng.standard_normal((2, 2000))
    returns = np.where(np.arange(2000) // 100 % 2, 0.002 * calm, 0.02 * storm)
    assert block_length(returns).circular < 8 < holding_block(returns, 7) / 2
    assert holding_block(np.full(100, 0.01), 7) == holding_block(np.zeros(3), 6.2) == 7
