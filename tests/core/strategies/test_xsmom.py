import numpy as np
import pytest

from core.strategies.xsmom import XsmomConfig, signal
from tests.core.panels import walk

ROWS = np.array([10])


def market(*growths, at=10):
    """A panel whose symbols have grown by these factors over the 8 bars before the last one."""
    panel = walk(0, bars=12, width=len(growths), timeframe="1h")
    panel.close[:] = 100.0
    panel.close[at - 1 :] = 100.0 * np.array(growths)
    return panel


def say(panel, eligible=None, **params):
    config = XsmomConfig(**{"lookback": 8, "horizons": 1, "skip": 1, "top": 2, "threshold": 0.0} | params)
    allowed = np.ones((1, len(panel.symbols)), dtype=bool) if eligible is None else np.array([eligible])
    return signal(panel, ROWS, allowed, config)[0].tolist()


def test_what_rose_most_is_held_against_what_fell_most():
    assert say(market(1.3, 0.8, 1.0, 1.1, 0.9)) == [1, -1, 0, 1, -1]


def test_fewer_names_can_be_asked_for():
    assert say(market(1.3, 0.8, 1.0, 1.1, 0.9), top=1) == [1, -1, 0, 0, 0]


def test_a_name_must_be_far_enough_from_the_crowd():
    """Scores are about 1.6, -1.2, 0.1, 0.5 and -0.6."""
    assert say(market(1.3, 0.8, 1.0, 1.1, 0.9), threshold=1.0) == [1, -1, 0, 0, 0]


def test_the_most_recent_bars_are_left_out():
    late = market(1.3, 0.8, 1.0, at=11)  # the move came in the bar of the decision
    assert say(late) == [0, 0, 0]
    assert say(late, skip=0, top=1) == [1, -1, 0]


def test_who_may_not_be_held_is_not_compared_with_either():
    assert say(market(9.0, 1.2, 1.1), eligible=[False, True, True], top=1) == [0, 1, -1]


def test_a_missing_price_at_either_end_means_no_opinion():
    panel = market(1.3, 0.8, 1.1)
    panel.close[1, 0] = np.nan
    assert say(panel, top=1) == [0, -1, 1]


def test_too_little_history_means_no_opinion():
    assert say(market(1.3, 0.8, 1.0), lookback=10) == [0, 0, 0]


def test_a_crowd_that_moves_as_one_is_left_flat():
    assert say(market(1.0, 1.0, 1.0)) == [0, 0, 0]


@pytest.mark.parametrize(("horizons", "expected"), [(1, [1, -1]), (2, [1, -1]), (4, [-1, 1])])
def test_look_backs_are_halved_and_averaged(horizons, expected):
    """The first symbol rose long ago, the second a little since: only look-backs of 4, 2 and 1 bars see the second alone."""
    panel = walk(0, bars=12, width=2, timeframe="1h")
    panel.close[:] = [[100.0, 100.0]]
    panel.close[3:, 0] = 150.0
    panel.close[9:, 1] = 101.0
    config = {"lookback": 8, "horizons": horizons, "top": 1, "threshold": 0.0}
    if horizons == 2:  # one look-back says one thing, the other the opposite: nobody is held
        expected = [0, 0]
    assert say(panel, **config) == expected
