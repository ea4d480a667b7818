"""The three laws of an account's returns: transfers are nothing, months compound, a drawdown is a fall."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reporting.account_returns import (
    LEAST_DAYS,
    EquityPoint,
    change_since,
    from_peak,
    growth,
    performance,
    returns,
)

START = datetime(2024, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def points(values, moved=None, step=24 * HOUR):
    moved = moved or [0] * len(values)
    return tuple(
        EquityPoint(START + i * step, Decimal(str(e)), Decimal(str(m)))
        for i, (e, m) in enumerate(zip(values, moved, strict=True))
    )


curves = st.lists(st.floats(min_value=0.5, max_value=2.0), min_size=2, max_size=90)


@given(curves, st.integers(min_value=1, max_value=40))
def test_months_compound_to_their_year_and_years_to_the_whole(factors, days):
    seen = performance(points((1000 * np.cumprod(factors)).tolist(), step=days * 24 * HOUR))
    for year in seen.years:
        assert 1 + year.total == pytest.approx(np.prod([1 + month for month in year.months if month is not None]))
    assert np.prod([1 + year.total for year in seen.years]) == pytest.approx(1 + seen.total)


@given(curves)
def test_a_drawdown_is_never_above_zero_and_the_last_one_is_the_distance_from_the_peak(factors):
    seen = performance(points((1000 * np.cumprod(factors)).tolist()))
    assert seen.drawdown <= 0
    assert all(spell.depth < 0 and spell.peak < spell.trough <= spell.end <= seen.until for spell in seen.worst)
    assert (seen.under_water is None) == (seen.drawdown == 0)


@given(curves, st.floats(min_value=-400, max_value=4000))
def test_money_moved_in_or_out_changes_no_return(factors, moved):
    plain = 1000 * np.cumprod(factors)
    half = len(plain) // 2
    scale = (plain[half] + moved) / plain[half]
    if scale <= 0.01:
        return
    values = np.concatenate([plain[:half], plain[half:] * scale])
    after = points(values.tolist(), [0] * half + [moved] * (len(plain) - half))
    assert returns(after) == pytest.approx(returns(points(plain.tolist())), abs=1e-9)


def test_a_deposit_is_no_gain_and_makes_no_new_peak():
    seen = performance(points([1000, 900, 1900], [0, 0, 1000]))
    assert seen.total == pytest.approx(-0.1)
    assert seen.drawdown == pytest.approx(-0.1)
    assert change_since(points([1000, 900, 1900], [0, 0, 1000]), START + 24 * HOUR).amount == 0


def test_a_drawdown_knows_its_depth_its_lowest_and_how_long_the_way_back_took():
    (fall,) = performance(points([100, 80, 60, 90, 100, 110])).worst
    assert (fall.depth, fall.peak, fall.trough, fall.end) == (
        pytest.approx(-0.4),
        START,
        START + 48 * HOUR,
        START + 96 * HOUR,
    )
    assert (fall.recovered, fall.days, fall.recovery_days) == (True, 4.0, 2.0)


def test_a_drawdown_that_lasts_ends_at_the_last_look_and_not_after_it():
    seen = performance(points([100, 120, 90, 100]))
    assert seen.under_water.end == seen.until
    assert not seen.under_water.recovered
    assert seen.under_water.days == 2.0


def test_one_look_is_no_performance():
    assert performance(points([100])) is None
    assert performance(()) is None
    assert change_since((), START) is None


def test_figures_a_year_wait_for_a_month():
    assert performance(points([100.0] * LEAST_DAYS)).figures is None
    assert performance(points([100.0, 101.0] * LEAST_DAYS)).figures.days == 2 * LEAST_DAYS - 1


def test_a_lost_account_earns_nothing_more():
    assert growth(points([100, 0, 0, 50])).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert np.isnan(from_peak(points([0, 0])))


def test_the_change_is_measured_from_the_last_look_at_or_before_the_moment():
    seen = change_since(points([90, 100, 120, 110]), START + 36 * HOUR)
    assert (seen.since, seen.amount, seen.fraction) == (START + 24 * HOUR, Decimal(10), pytest.approx(0.1))
