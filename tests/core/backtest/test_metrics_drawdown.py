"""Drawdowns one by one, against a slow walk along the equity."""

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.backtest.drawdown import drawdown_spells, longest_drawdown, worst_drawdowns
from core.backtest.metrics import drawdowns, max_drawdown
from core.market.timeframe import DAY, HOUR, milliseconds, utc

START = milliseconds(datetime(2024, 1, 1, tzinfo=UTC))

returns = arrays(float, st.integers(0, 80), elements=st.one_of(st.just(0.0), st.just(-1.0), st.floats(-0.5, 1.0)))


def times(count, step=DAY):
    return START + step * np.arange(count, dtype=np.int64)


def day(number):
    return datetime(2024, 1, number, tzinfo=UTC)


def walked(net, open_time):
    """Walk along the marks: (depth, peak, end, recovered) of each drawdown."""
    step = open_time[1] - open_time[0] if len(net) > 1 else 0
    equity, top, peak, low, out = 1.0, 1.0, START, None, []
    for change, opened in zip(net, open_time, strict=True):
        equity *= 1 + change
        at = opened + step
        if equity < top:
            low = min(equity / top - 1, 0.0 if low is None else low)
        else:
            if low is not None:
                out.append((low, utc(int(peak)), utc(int(at)), True))
            top, peak, low = equity, at, None
    return [*out, (low, utc(int(peak)), utc(int(at)), False)] if low is not None else out


def test_a_drawdown_lasts_from_peak_to_recovery():
    (seen,) = drawdown_spells(np.array([0.1, -0.1, -0.1, 0.2, 0.2, 0.0]), times(6))
    assert seen.depth == pytest.approx(-0.19)
    assert (seen.peak, seen.trough, seen.end) == (day(2), day(4), day(6))
    assert (seen.days, seen.recovery_days, seen.recovered) == (4, 2, True)


def test_an_open_drawdown_counts_to_the_end():
    (seen,) = drawdown_spells(np.array([0.1, -0.1, 0.05, 0.0]), times(4))
    assert (seen.peak, seen.end, seen.days, seen.recovered) == (day(2), day(5), 3, False)


def test_a_loss_in_the_first_bar_falls_from_where_the_book_started():
    (seen,) = drawdown_spells(np.array([-0.1, 0.02]), times(2, HOUR))
    assert (seen.peak, seen.days) == (utc(START), pytest.approx(2 / 24))


def test_a_recovery_in_the_last_bar_is_a_recovery():
    (seen,) = drawdown_spells(np.array([-0.5, 1.0]), times(2))
    assert seen.recovered
    assert seen.days == 2


def test_ruin_is_a_drawdown_that_stays_open():
    (seen,) = worst_drawdowns(np.array([0.1, -1.0, 0.0, 0.0]), times(4))
    assert (seen.depth, seen.recovered, seen.days, seen.recovery_days) == (-1.0, False, 3, 2)


@pytest.mark.parametrize("net", [[], [0.0], [0.0, 0.0, 0.0], [0.1, 0.0, 0.1]])
def test_what_never_falls_has_no_drawdown(net):
    assert drawdown_spells(np.array(net), times(len(net))) == ()
    assert longest_drawdown(np.array(net), times(len(net))) is None


def test_a_single_bar_has_a_depth_but_no_length():
    (seen,) = drawdown_spells(np.array([-0.2]), times(1))
    assert (seen.depth, seen.days, seen.recovered) == (pytest.approx(-0.2), 0, False)


def test_the_deepest_come_first_and_the_longest_may_be_another():
    net = np.array([-0.01, 0.0, 0.0, 0.02, -0.5, 1.1, -0.03, 0.04])
    first, second = worst_drawdowns(net, times(8), count=2)
    assert (first.depth, second.depth) == pytest.approx((-0.5, -0.03))
    assert longest_drawdown(net, times(8)).days == 4


@given(returns, st.sampled_from([HOUR, DAY]))
def test_a_slow_walk_finds_the_same_drawdowns(net, step):
    seen = [(spell.depth, spell.peak, spell.end, spell.recovered) for spell in drawdown_spells(net, times(len(net), step))]
    expected = walked(net, times(len(net), step))
    assert [row[1:] for row in seen] == [row[1:] for row in expected]
    assert [row[0] for row in seen] == pytest.approx([row[0] for row in expected])


@given(returns)
def test_drawdowns_follow_each_other_and_the_worst_is_the_maximum(net):
    spells = drawdown_spells(net, times(len(net)))
    assert min((spell.depth for spell in spells), default=0.0) == max_drawdown(net)
    assert all(a.end <= b.peak and a.recovered for a, b in pairwise(spells))


@given(returns.filter(lambda net: len(net) > 1))
def test_drawdowns_are_as_long_as_the_time_under_water(net):
    """One that recovers has one mark less under water than days: the recovery is not under water."""
    under = sum(spell.days - spell.recovered for spell in drawdown_spells(net, times(len(net))))
    assert under == (drawdowns(net) < 0).sum()


@given(returns, st.floats(0.01, 100))
def test_drawdowns_do_not_depend_on_the_size_of_the_book(net, size):
    """Equity of any starting size, seeded with it, has the same distances from its peak."""
    equity = size * np.cumprod(np.append(1.0, 1 + net))
    peak = np.maximum.accumulate(equity)
    assert drawdowns(net) == pytest.approx((equity / peak - 1)[1:], abs=1e-9)
