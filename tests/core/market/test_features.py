import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market.features import (
    average_true_range,
    bars_per_year,
    day_of,
    decision_rows,
    ewma_variance,
    last_decision,
    simple_returns,
    smoothed,
)
from core.market.timeframe import DAY, HOUR
from tests.core.panels import holey

seeds = st.integers(0, 10_000)
NAN = float("nan")


def test_a_year_has_365_days_of_24_hours():
    assert bars_per_year(HOUR) == 8760
    assert bars_per_year(DAY) == 365


def test_a_return_is_the_close_over_the_close_before_it():
    close = np.array([[100.0], [110.0], [99.0]])
    assert simple_returns(close)[:, 0] == pytest.approx([0.0, 0.1, -0.1])


def test_a_return_across_a_hole_is_nothing():
    assert simple_returns(np.array([[100.0], [NAN], [200.0], [210.0]]))[:, 0] == pytest.approx([0, 0, 0, 0.05])


def test_variance_starts_at_the_first_squared_return_and_halves_its_weight_per_half_life():
    close = 100.0 * np.cumprod([1.0, 1.1, 1.2, 0.9])[:, None]
    assert ewma_variance(close, 1.0)[:, 0] == pytest.approx([NAN, 0.01, 0.025, 0.0175], nan_ok=True)


def test_a_hole_leaves_the_variance_as_it_was():
    close = np.array([[100.0], [110.0], [NAN], [500.0], [500.0 * 1.2]])
    assert ewma_variance(close, 1.0)[:, 0] == pytest.approx([NAN, 0.01, 0.01, 0.01, 0.025], nan_ok=True)


def test_a_half_life_is_a_half_life():
    """An old squared return counts half after as many quiet bars."""
    close = np.concatenate([[100.0], np.full(21, 110.0)])[:, None]
    assert ewma_variance(close, 20.0)[21, 0] == pytest.approx(0.01 / 2)


def test_a_frozen_price_has_a_variance_that_is_tiny_and_not_zero():
    assert 0 < ewma_variance(np.full((5000, 1), 7.0), 10.0)[-1, 0] < 1e-15


def column(*values):
    return np.array(values, dtype=float)[:, None]


def test_a_mean_starts_at_the_first_number_skips_what_is_missing_and_keeps_its_floor():
    assert smoothed(column(NAN, 4, NAN, 2, 0, 0), 0.5, 1.0)[:, 0] == pytest.approx([NAN, 4, 4, 3, 1.5, 1.0], nan_ok=True)


def test_a_true_range_reaches_from_the_close_before():
    high, low, close = column(11, 20, 9, 8), column(9, 19, 7, 8), column(10, 19, 8, 8)
    assert average_true_range(high, low, close, 1)[:, 0] == pytest.approx([2, 10, 12, 0])


def test_a_true_range_is_smoothed_as_wilder_did():
    high, low, close = column(12, 13, 10), column(10, 10, 10), column(11, 10, 10)
    assert average_true_range(high, low, close, 4)[:, 0] == pytest.approx([2, (3 * 2 + 3) / 4, (3 * 2.25 + 0) / 4])


def test_a_hole_leaves_the_true_range_as_it_was_and_is_not_reached_across():
    high, low, close = column(NAN, 12, NAN, 101), column(NAN, 10, NAN, 99), column(NAN, 11, NAN, 100)
    assert average_true_range(high, low, close, 2)[:, 0] == pytest.approx([NAN, 2, 2, 2], nan_ok=True)


@given(seeds, st.integers(1, 30))
def test_a_true_range_lies_between_the_smallest_and_the_largest_and_leaves_its_input_alone(seed, bars):
    panel = holey(seed, bars=60, width=3)
    high = panel.high.copy()
    seen = average_true_range(panel.high, panel.low, panel.close, bars)
    every = average_true_range(panel.high, panel.low, panel.close, 1)
    assert np.array_equal(panel.high, high, equal_nan=True)
    assert np.array_equal(np.isnan(seen), np.isnan(every))
    assert (np.nan_to_num(seen) <= np.nanmax(every, axis=0, initial=0) * (1 + 1e-12)).all()
    assert (np.nan_to_num(seen, nan=np.inf) >= np.nanmin(every, axis=0, initial=np.inf) * (1 - 1e-12)).all()


@given(seeds, st.integers(2, 99))
def test_the_true_range_looks_at_the_past_only(seed, cut):
    panel = holey(seed, bars=100, width=3)
    part = average_true_range(panel.high[:cut], panel.low[:cut], panel.close[:cut], 9)
    assert np.array_equal(part, average_true_range(panel.high, panel.low, panel.close, 9)[:cut], equal_nan=True)


@given(seeds, st.integers(2, 99))
def test_variance_and_returns_look_at_the_past_only(seed, cut):
    close = holey(seed, bars=100, width=3).close
    assert np.array_equal(ewma_variance(close[:cut], 9.0), ewma_variance(close, 9.0)[:cut], equal_nan=True)
    assert np.array_equal(simple_returns(close[:cut]), simple_returns(close)[:cut])


@given(seeds)
def test_each_symbol_has_a_variance_of_its_own(seed):
    close = holey(seed, bars=60, width=3).close
    alone = np.hstack([ewma_variance(close[:, [i]].copy(), 9.0) for i in range(3)])
    assert np.array_equal(alone, ewma_variance(close, 9.0), equal_nan=True)


def test_a_day_begins_at_midnight_utc():
    assert day_of(np.array([0, DAY - 1, DAY, DAY + 1])).tolist() == [0, 0, 1, 1]


@given(st.integers(0, 100), st.sampled_from([1, 3, 6, 24]))
def test_decisions_fall_on_the_same_moments_wherever_the_data_starts(start, rebalance):
    close_time = HOUR * np.arange(1, 200, dtype=np.int64)
    moments = set(close_time[decision_rows(close_time, HOUR, rebalance)])
    later = close_time[start:]
    assert set(later[decision_rows(later, HOUR, rebalance)]) == {m for m in moments if m >= later[0]}


def test_a_daily_decision_is_at_midnight():
    close_time = HOUR * np.arange(1, 73, dtype=np.int64)
    assert close_time[decision_rows(close_time, HOUR, 24)].tolist() == [DAY, 2 * DAY, 3 * DAY]


@given(st.integers(1, 300), st.sampled_from([1, 3, 6, 24]))
def test_the_last_decision_is_the_newest_on_the_calendar(hours, rebalance):
    close_time = HOUR * np.arange(0, hours + 1, dtype=np.int64)
    newest = close_time[decision_rows(close_time, HOUR, rebalance)][-1]
    assert last_decision(hours * HOUR, HOUR, rebalance) == newest
