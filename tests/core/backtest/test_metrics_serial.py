"""Lo's scale against his published figures and against plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.metrics import lo_sharpe
from core.backtest.serial import autocorrelations, lo_eta, newey_west_lag

returns = arrays(float, st.integers(2, 80), elements=st.floats(-0.2, 0.2).map(lambda r: round(r, 6)))

AR1 = {  # (rho, q): eta, Lo 2002
    (-0.2, 365): 23.385373904575154,
    (0.0, 12): 3.4641016151377544,
    (0.0, 365): 19.1049731745428,
    (0.1, 365): 17.285882807294602,
    (0.2, 12): 2.87884869052744,
    (0.2, 252): 12.97221021364883,
    (0.2, 365): 15.608056527685582,
    (0.9, 365): 4.440994013870782,
}


def lo_by_hand(daily):
    """Spell out the annual ratio of Lo 2002, with the Bartlett taper, in loops."""
    n, q = len(daily), 365
    mean = sum(daily) / n
    gaps = [r - mean for r in daily]
    variance = sum(g * g for g in gaps)
    lags = max(min(int(4 * (n / 100) ** (2 / 9)), n - 1), 0)
    under_root = float(q)
    for k in range(1, lags + 1):
        rho = sum(gaps[t] * gaps[t - k] for t in range(k, n)) / variance
        under_root += 2 * (q - k) * (1 - k / (lags + 1)) * rho
    if under_root <= 1e-9 * q:
        under_root = q
    return mean / (variance / (n - 1)) ** 0.5 * q / under_root**0.5


@pytest.mark.parametrize(("case", "eta"), AR1.items())
def test_an_autoregression_scales_as_published(case, eta):
    rho, periods = case
    assert lo_eta(rho ** np.arange(1.0, periods), periods) == pytest.approx(eta, abs=1e-9)


@pytest.mark.parametrize("rho", [[-0.6], [-0.5, -0.5], [-1.0]])
def test_a_sum_no_process_can_have_leaves_the_scale_alone(rho):
    assert lo_eta(np.array(rho), 365) == pytest.approx(365**0.5)


def test_correlations_beyond_the_horizon_do_not_count():
    assert lo_eta(np.array([0.1, 0.9, 0.9]), 2) == lo_eta(np.array([0.1]), 2) == pytest.approx(2 / 2.2**0.5)


@pytest.mark.parametrize(("count", "lag"), [(0, 0), (1, 0), (2, 1), (3, 1), (5, 2), (100, 4), (365, 5), (730, 6), (1827, 7)])
def test_the_lag_grows_slowly_and_stays_below_the_count(count, lag):
    assert newey_west_lag(count) == lag


def test_what_does_not_vary_has_no_autocorrelation():
    assert autocorrelations(np.full(10, 0.5), 3).tolist() == [0, 0, 0]
    assert autocorrelations(np.zeros(0), 0).tolist() == []


def test_alternation_is_a_negative_and_then_a_positive_correlation():
    assert autocorrelations(np.array([1.0, -1.0] * 50), 2) == pytest.approx([-0.99, 0.98])


@given(returns.filter(lambda r: np.std(r) > 1e-6))
def test_the_annual_ratio_is_what_plain_python_says(daily):
    assert lo_sharpe(daily) == pytest.approx(lo_by_hand(daily.tolist()), rel=1e-6, abs=1e-9)


@given(returns)
def test_a_correlation_is_at_most_one_and_time_runs_either_way(values):
    lags = newey_west_lag(len(values))
    seen = autocorrelations(values, lags)
    assert (np.abs(seen) <= 1 + 1e-9).all()
    assert seen == pytest.approx(autocorrelations(values[::-1], lags), abs=1e-9)
