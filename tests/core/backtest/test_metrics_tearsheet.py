from dataclasses import astuple
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.metrics import metrics
from core.backtest.tearsheet import Exposure, exposure, monthly_returns, tear_sheet
from core.market.timeframe import DAY, HOUR, milliseconds

returns = arrays(float, st.integers(1, 900), elements=st.floats(-0.05, 0.05))


def days_from(year, month, day, count, step=DAY):
    return milliseconds(datetime(year, month, day, tzinfo=UTC)) + step * np.arange(count, dtype=np.int64)


def test_returns_compound_within_their_calendar_month():
    first, second = monthly_returns(np.full(62, 0.01), days_from(2023, 12, 30, 62))
    assert (first.year, second.year) == (2023, 2024)
    assert first.months[:11] == (None,) * 11
    assert first.months[11] == first.total == pytest.approx(1.01**2 - 1)
    assert second.months[:3] == pytest.approx((1.01**31 - 1, 1.01**29 - 1, None))
    assert second.total == pytest.approx(1.01**60 - 1)


def test_a_bar_belongs_to_the_month_it_opens_in():
    (seen,) = monthly_returns(np.array([0.1, 0.2]), days_from(2024, 1, 31, 2, step=HOUR) + 23 * HOUR)
    assert seen.months[:2] == pytest.approx((0.1, 0.2))


def test_no_bars_have_no_months():
    assert monthly_returns(np.zeros(0), days_from(2024, 1, 1, 0)) == ()


def test_ruin_is_a_month_that_loses_all_and_months_of_nothing():
    net = np.zeros(91)
    net[40] = -1.0
    (seen,) = monthly_returns(net, days_from(2024, 1, 1, 91))
    assert (seen.months[:3], seen.total) == ((0.0, -1.0, 0.0), -1.0)


@given(returns, st.integers(0, 364))
def test_months_and_years_compound_to_the_whole(net, offset):
    years = monthly_returns(net, days_from(2023, 1, 1, len(net)) + offset * DAY)
    months = [m for year in years for m in year.months if m is not None]
    assert np.prod([1 + m for m in months]) == pytest.approx(np.prod(1 + net))
    assert np.prod([1 + year.total for year in years]) == pytest.approx(np.prod(1 + net))
    assert all(len(year.months) == 12 for year in years)


def test_exposure_is_time_gross_and_net():
    held = np.array([[0.5, -0.5], [0.0, 0.0], [0.8, 0.4], [0.0, -0.2]])
    assert astuple(exposure(held)) == pytest.approx((0.75, 2.4 / 4, 1.0 / 4, 1.2))


def test_nothing_held_is_no_exposure():
    assert exposure(np.zeros((0, 3))) == exposure(np.zeros((5, 3))) == exposure(np.zeros((5, 0))) == Exposure(0, 0, 0, 0)


@given(arrays(float, (7, 3), elements=st.floats(-2, 2)))
def test_net_exposure_is_within_gross_and_turning_the_book_over_only_turns_its_sign(held):
    seen, short = exposure(held), exposure(-held)
    assert abs(seen.net) <= seen.gross + 1e-12 <= seen.max_gross + 1e-9
    assert (short.time, short.gross, short.max_gross) == (seen.time, seen.gross, seen.max_gross)
    assert short.net == pytest.approx(-seen.net)


def test_a_tear_sheet_collects_what_its_parts_say():
    rng = np.random.default_rng(2)
    net, held, time = rng.normal(0, 0.01, 400), rng.normal(0, 0.3, (400, 4)), days_from(2023, 5, 1, 400)
    sheet = tear_sheet(net, np.abs(net), held, time)
    assert sheet.metrics == metrics(net, np.abs(net), time)
    assert sheet.exposure == exposure(held)
    assert len(sheet.worst) == 5
    assert sheet.worst[0].depth == sheet.metrics.max_drawdown
    assert sheet.longest.days >= max(spell.days for spell in sheet.worst)
    assert [year.year for year in sheet.years] == [2023, 2024]
