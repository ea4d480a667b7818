"""Periods end where the range ends, by the calendar, and never begin before the range does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.reporting.periods import before, period_names, periods

END = datetime(2024, 6, 1, tzinfo=UTC)


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("end", "name", "start"),
    [
        ("2024-06-01", "1y", "2023-06-01"),
        ("2024-06-01", "6m", "2023-12-01"),
        ("2024-06-01", "18m", "2022-12-01"),
        ("2024-06-01", "90d", "2024-03-03"),
        ("2024-06-01", "2w", "2024-05-18"),
        ("2024-02-29", "1y", "2023-02-28"),
        ("2023-03-31", "1m", "2023-02-28"),
        ("2024-01-15", "1m", "2023-12-15"),
        ("2024-06-01", "9999y", "0001-06-01"),
    ],
)
def test_a_period_counts_back_by_the_calendar(end, name, start):
    assert before(day(end), name) == day(start)


def test_a_list_is_read_with_blanks_and_capitals():
    assert period_names("1Y, 6m,90d ,ALL") == ("1y", "6m", "90d", "all")


@pytest.mark.parametrize("text", ["", "1y,", "y", "0y", "1.5y", "1h", "-1y", "1y;3y", "12345d"])
def test_what_is_no_period_is_refused_by_name(text):
    with pytest.raises(ConfigError, match=r"--periods .*: write a number of y, m, w or d, or all"):
        period_names(text)


def test_a_period_given_twice_is_refused():
    with pytest.raises(ConfigError, match="1y is given twice"):
        period_names("1y,3y,1Y")


def test_a_period_longer_than_the_range_is_shortened_and_says_so():
    one, five, whole = periods(("1y", "5y", "all"), day("2021-01-01"), END)
    assert (one.start, one.shortened) == (day("2023-06-01"), False)
    assert (five.start, five.shortened) == (day("2021-01-01"), True)
    assert (whole.start, whole.shortened) == (day("2021-01-01"), False)


@given(st.integers(1, 1500), st.sampled_from("ymwd"), st.integers(0, 9000))
def test_a_longer_period_never_starts_later(count, unit, days):
    end = datetime(2000, 1, 31, tzinfo=UTC) + timedelta(days=days)
    assert before(end, f"{count + 1}{unit}") <= before(end, f"{count}{unit}") < end
