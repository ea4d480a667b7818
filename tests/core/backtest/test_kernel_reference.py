"""The strict kernel against the slow reference, on markets as ugly as they come."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.kernel import Paths
from tests.core.backtest.cases import case_of, draw_case, play, play_slowly
from tests.core.panels import walk, without

PINNED = 1000


def assert_same(case):
    """Agree to 1e-10, absolute or relative, whichever is larger: after a bar of x171,115 equity is no longer near 1.

    Exits are not compared where everything is lost: the kernel learns of it at the end of the block, and has counted on.
    """
    seen, expected = play(case), play_slowly(case)
    lost = (seen.equity == 0.0).any()
    for name in (field for field in Paths._fields if not (lost and field in {"forced", "stopped"})):
        values = getattr(seen, name)
        wanted = np.array(getattr(expected, name), dtype=float).reshape(values.shape)
        assert np.array_equal(np.isnan(values), np.isnan(wanted)), name
        off = np.nanmax(np.abs(values - wanted) / np.fmax(np.abs(wanted), 1.0), initial=0.0)
        assert off <= 1e-10, (name, off)


@given(st.integers(PINNED, 2**31))
def test_the_kernel_agrees_with_the_reference(seed):
    assert_same(draw_case(seed))


@pytest.mark.parametrize("start", range(0, PINNED, 100))
def test_the_kernel_agrees_with_the_reference_on_pinned_markets(start):
    for seed in range(start, start + 100):
        assert_same(draw_case(seed))


def test_a_market_without_a_bar_a_decision_or_a_price_is_no_special_case():
    panel = walk(1, bars=12, width=2)
    for case in (
        case_of(panel, np.zeros((0, 2)), []),
        case_of(panel, [[0.5, -0.5]], [11], fee=0.01),
        case_of(without(panel, np.full((12, 2), True)), [[0.5, -0.5]], [3], fee=0.01),
        case_of(panel.rows(0, 1), [[0.5, -0.5]], [0]),
    ):
        assert_same(case)
        assert (play(case).equity == 1.0).all()


def test_the_pinned_markets_contain_what_can_go_wrong():
    found = Counter()
    for case in map(draw_case, range(PINNED)):
        close, seen = case.panel.close, play_slowly(case)
        with np.errstate(invalid="ignore"):
            move = close[1:] / close[:-1]
        found += Counter(happened for happened, times in seen.seen.items() if times)
        found += Counter(
            {
                "ruin": 0.0 in seen.equity,
                "forced exit": sum(seen.forced) > 0,
                "funding": any(seen.funding),
                "equity above three": max(seen.equity) > 3,
                "bar of x100,000": np.nanmax(move, initial=0.0) > 1e5,
                "bar of -90 %": np.nanmin(move, initial=1.0) < 0.1,
                "row without any bar": np.isnan(close).all(axis=1).any(),
                "symbol without any bar": np.isnan(close).all(axis=0).any(),
                "one symbol": close.shape[1] == 1,
                "zero volume": (case.panel.volume == 0.0).any(),
                "traded value of zero or unknown": not (case.value > 0).all(),
                "last bar decides": len(case.rows) > 0 and case.rows[-1] == len(case.panel) - 1,
            }
        )
    assert {name: count for name, count in found.items() if count < AT_LEAST[name]} == {}
    assert found.keys() == AT_LEAST.keys()


AT_LEAST = {
    "ruin": 10,
    "forced exit": 250,
    "funding": 400,
    "flip": 300,
    "stopped at the open": 80,
    "stopped at the level": 300,
    "stopped in the entry bar": 150,
    "realised volatility counts": 400,
    "liquidity cap": 400,
    "asset cap": 100,
    "gross cap": 150,
    "equity above three": 4,
    "bar of x100,000": 20,
    "bar of -90 %": 80,
    "row without any bar": 300,
    "symbol without any bar": 150,
    "one symbol": 150,
    "zero volume": 150,
    "traded value of zero or unknown": 500,
    "last bar decides": 300,
}
"""Markets of the pinned ones in which it happens."""
