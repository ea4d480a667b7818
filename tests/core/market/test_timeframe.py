from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, DataError
from core.market.timeframe import DAY, TIMEFRAMES, bar_ms, infer_timeframe, milliseconds, utc


@pytest.mark.parametrize(("name", "length"), TIMEFRAMES.items())
def test_every_timeframe_divides_a_day(name, length):
    assert bar_ms(name) == length
    assert DAY % length == 0


def test_an_unknown_timeframe_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="'7m': known are 1m, 3m"):
        bar_ms("7m")


@pytest.mark.parametrize(("name", "length"), TIMEFRAMES.items())
def test_the_shortest_step_is_the_timeframe(name, length):
    assert infer_timeframe(np.array([0, 3, 4, 9]) * length) == name


@pytest.mark.parametrize(("times", "words"), [([5], "at least two"), ([0, 7], "7 ms")])
def test_times_without_a_grid_are_refused(times, words):
    with pytest.raises(DataError, match=words):
        infer_timeframe(np.array(times))


@given(st.integers(0, 4_000_000_000_000))
def test_milliseconds_and_moments_are_each_others_inverse(moment):
    assert milliseconds(utc(moment)) == moment


def test_moments_are_utc():
    assert utc(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert utc(0).tzinfo is UTC
