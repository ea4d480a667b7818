import numpy as np
import pytest

from core.errors import ConfigError
from core.strategies.sma_cross import SmaCrossConfig, signal
from tests.core.panels import walk

ROWS = np.array([3, 4])
RULES = {"fast": 2, "slow": 5}


def market(*prices):
    panel = walk(0, bars=len(prices), width=1, timeframe="1h")
    panel.close[:, 0] = prices
    return panel


def say(panel, **params):
    config = SmaCrossConfig(**RULES | params)
    return signal(panel, ROWS, np.ones((2, 1), dtype=bool), config)[:, 0].tolist()


def test_the_fast_average_above_the_slow_one_is_long():
    assert say(market(1, 2, 3, 4, 5)) == [0, 1]  # four bars are too few for an average of five


def test_the_fast_average_below_the_slow_one_is_short_or_flat():
    assert say(market(5, 4, 3, 2, 1)) == [0, -1]
    assert say(market(5, 4, 3, 2, 1), short=False) == [0, 0]


def test_averages_that_meet_are_flat():
    assert say(market(3, 3, 3, 3, 3)) == [0, 0]


def test_a_window_with_too_many_holes_means_no_opinion():
    assert say(market(1, np.nan, np.nan, 4, 5)) == [0, 0]


def test_one_hole_in_a_long_window_is_averaged_over():
    closes = [*range(1, 21)]
    closes[10] = np.nan
    config = SmaCrossConfig(fast=4, slow=16)
    assert signal(market(*closes), np.array([19]), np.ones((1, 1), dtype=bool), config).tolist() == [[1.0]]


def test_who_may_not_be_held_is_flat():
    said = signal(market(1, 2, 3, 4, 5), ROWS, np.zeros((2, 1), dtype=bool), SmaCrossConfig(**RULES))
    assert not said.any()


@pytest.mark.parametrize("slow", [1, 2])
def test_a_fast_average_that_is_not_faster_is_refused(slow):
    with pytest.raises(ConfigError, match="must be smaller than slow"):
        SmaCrossConfig.read({"fast": 2, "slow": slow}, subject="sma_cross")
