from dataclasses import replace

import numpy as np
import pytest

from core.errors import DataError
from core.market.spans import spans
from core.portfolio import prepare
from core.validation.fitness import FitnessLimits, require_fit
from tests.core.panels import small_release, walk

LIMITS = FitnessLimits(days=30, universe=5)


PRICES = ("open", "high", "low", "close", "volume")


def judge(panel, limits=LIMITS, absent=None):
    release = small_release(panel, universe={"top": 8, "min_listed_days": 2, "liquidity_days": 2})
    return require_fit(prepare(panel, release), release, limits, absent)


def cut(panel, rows, columns):
    for name in PRICES:
        getattr(panel, name)[rows, columns] = np.nan
    return spans([(int(panel.open_time[rows][0]), int(panel.close_time[rows][-1]))])


@pytest.fixture
def panel():
    return walk(1, bars=6 * 40, width=8)


def test_good_bars_are_let_through(panel):
    judge(panel)


def test_too_short_a_history_is_refused_with_the_days(panel):
    with pytest.raises(DataError, match="40 days of history, 41 are needed"):
        judge(panel, FitnessLimits(days=41, universe=5))


def test_too_few_symbols_are_refused_with_their_number(panel):
    with pytest.raises(DataError, match="8 symbols may be held at the usual decision, 9 are needed"):
        judge(panel, FitnessLimits(days=30, universe=9))


@pytest.mark.parametrize(("gap", "refused"), [(12, False), (13, True)])
def test_gaps_are_refused_above_the_threshold(panel, gap, refused):
    """Of 240 bars 12 are 5 %."""
    cut(panel, slice(100, 100 + gap), 3)
    if refused:
        with pytest.raises(DataError, match=r"1 symbols miss more than 5% of their bars \(S03 5.4%\)"):
            judge(panel)
    else:
        judge(panel)


def test_the_refusal_says_which_command_repairs_it(panel):
    cut(panel, slice(100, 120), 3)
    cut(panel, slice(150, 170), 5)
    period = "--start 2024-01-17T16:00 --end 2024-01-29T08:00"
    command = f"`tradewind backfill --venue test --timeframe 4h --symbol S03 --symbol S05 {period}`"
    with pytest.raises(DataError) as caught:
        judge(panel)
    assert f"2 symbols miss more than 5% of their bars (S03 8.3%, S05 8.3%): run {command}" in str(caught.value)


def test_what_the_venue_did_not_have_does_not_count_and_is_named(panel):
    shut = cut(panel, slice(100, 120), 3)
    (remark,) = judge(panel, absent={"S03": shut})
    assert remark == "test had no bars 2024-01-17 16:00 to 2024-01-21 00:00 UTC, 20 bars in all: nobody's download is to blame"


def test_short_holes_of_all_symbols_are_the_venues(panel):
    for first in range(50, 230, 8):
        cut(panel, slice(first, first + 1), slice(None))
    (remark,) = judge(panel)
    assert "and 20 more, 23 bars in all" in remark


@pytest.mark.parametrize(("unknown", "refused"), [(4, False), (5, True)])
def test_funding_must_be_known_for_half_of_the_symbols(panel, unknown, refused):
    funding = panel.funding.copy()
    funding[:, :unknown] = 0.0
    if refused:
        with pytest.raises(DataError, match="funding is known for 3 of 8 symbols, 50% are needed"):
            judge(replace(panel, funding=funding))
    else:
        judge(replace(panel, funding=funding))


def test_everything_that_is_wrong_is_told_at_once(panel):
    with pytest.raises(DataError, match="test 4h from .*history.*symbols may be held.*funding"):
        judge(replace(panel, funding=np.zeros_like(panel.funding)), FitnessLimits(days=90, universe=9))
