"""The slow test of profit: its boundaries, its laws, and the table of detection it was calibrated to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.deploy.cusum import WORST, boundary, claimed, cusum, standardised

STREAMS, YEAR = 1500, 365
returns = arrays(float, st.integers(1, 40), elements=st.floats(-0.5, 0.5).map(lambda x: round(x, 6)))


def streams(sharpe, seed):
    """Daily returns of books with this label: Student t, 5 degrees of freedom, stochastic volatility (note, 7.6 and 7.9)."""
    rng = np.random.default_rng(seed)
    decay, log_vol, days = np.exp(-1 / 10), rng.standard_normal(STREAMS), []
    for _ in range(YEAR):
        shock = rng.standard_t(5, STREAMS) * np.sqrt(3 / 5)
        days.append(np.exp(0.35 * log_vol - 0.06125) * shock + sharpe / np.sqrt(365))
        log_vol = decay * log_vol + np.sqrt(1 - decay**2) * rng.standard_normal(STREAMS)
    return 0.01 * np.array(days)


@pytest.mark.parametrize(
    ("claim", "sharpe", "by_day"),
    [
        (1.5, 1.5, {365: 5}),
        (1.5, 0.0, {90: 1, 180: 8, 365: 34}),
        (1.5, -2.0, {90: 4, 180: 42, 365: 91}),
        (2.0, 2.0, {365: 5}),
        (2.0, 0.0, {90: 2, 180: 13, 365: 48}),
        (2.0, -2.0, {90: 7, 180: 53, 365: 96}),
        (3.0, 3.0, {365: 5}),
        (3.0, 0.0, {90: 4, 180: 29, 365: 75}),
        (3.0, -2.0, {90: 18, 180: 78, 365: 99}),
    ],
)
def test_the_table_of_detection_is_reproduced(claim, sharpe, by_day):
    """Statistics note, section 8: percent noticed within 90, 180 and 365 days; 5 % false at the true claim."""
    path = cusum(standardised(streams(sharpe, 4), 0.01), claim)
    for day, percent in by_day.items():
        noticed = (path[:day] >= boundary(claim)).any(axis=0).mean()
        assert noticed == pytest.approx(percent / 100, abs=0.05 if percent > 10 else 0.025)


def test_boundaries_are_the_calibrated_ones_and_linear_between():
    assert [boundary(claim) for claim in (1.5, 2.0, 3.0)] == [2.61, 3.28, 4.32]
    assert boundary(2.5) == pytest.approx(3.80)


def test_a_claim_counts_as_the_nearest_calibrated_one():
    assert [claimed(sharpe) for sharpe in (-1.0, 1.49, 1.7, 4.0)] == [1.5, 1.5, 1.7, 3.0]


def test_three_days_by_hand():
    drift = 2.0 / np.sqrt(365)
    first = drift * (drift / 2 + 1.0)
    assert cusum(np.array([-1.0, 10.0, 0.0]), 2.0) == pytest.approx([first, 0.0, drift**2 / 2])


def test_one_gap_counts_for_five_deviations_and_is_no_alarm():
    z = standardised(np.array([-0.30]), 0.01)
    assert z == pytest.approx([WORST])
    assert cusum(z, 3.0)[0] < boundary(3.0) / 2


def test_a_day_is_scaled_by_what_was_known_before_it():
    z = standardised(np.array([0.02, 0.02]), 0.01)
    assert z == pytest.approx([2.0, 2.0 / np.sqrt(0.97 + 0.03 * 4)])


def test_the_first_trade_after_flat_months_is_scaled_by_a_quarter_of_the_prediction_at_least():
    assert standardised(np.append(np.zeros(500), 0.01), 0.01)[-1] == pytest.approx(4.0)


@given(net=returns, scale=st.floats(0.01, 100))
def test_size_is_no_evidence(net, scale):
    """A quarter of the capital says as much as all of it."""
    assert standardised(net * scale, 0.01 * scale) == pytest.approx(standardised(net, 0.01))


@given(net=returns, day=st.integers(0, 39), more=st.floats(0, 3))
def test_earning_more_never_accuses_more(net, day, more):
    z = standardised(net, 0.05)
    better = z.copy()
    better[day % len(z)] += more
    assert (cusum(better, 2.0) <= cusum(z, 2.0)).all()
    assert (cusum(z, 2.0) >= 0).all()


@given(net=returns, known=st.integers(1, 40))
def test_a_later_day_changes_nothing_before_it(net, known):
    assert (cusum(standardised(net, 0.05), 2.0)[:known] == cusum(standardised(net[:known], 0.05), 2.0)).all()
