from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.run import ATR_BEFORE, CHANGE, CLOSE, FUNDING, HIGH, HIGHEST, LEAST_ATR, LOW, LOWEST, OPEN, ROOM, SPREAD, VOL
from core.backtest.tape import LANES, make_tape
from core.market.timeframe import DAY
from tests.core.backtest.cases import case_of, draw_case
from tests.core.panels import holey, walk, without

seeds = st.integers(0, 10_000)


@given(seeds)
def test_padding_costs_nothing_earns_nothing_and_weighs_nothing(seed):
    case = draw_case(seed)
    tape, width = case.tape, case.panel.close.shape[1]
    bars, decided = tape.bars[:, :, width:], tape.decided[:, :, width:]
    assert tape.bars.shape[2] % LANES == tape.asset.shape[0] % LANES == 0
    assert (bars[[OPEN, CLOSE]] == 1.0).all()
    assert not bars[[CHANGE, FUNDING]].any()
    assert not decided[:, [VOL, SPREAD, ROOM]].any()
    assert len(set(tape.asset[width:]) | set(tape.asset[:width])) == len(set(tape.asset[:width])) + len(tape.asset[width:])


@given(seeds)
def test_nothing_on_a_tape_is_missing(seed):
    tape = draw_case(seed).tape
    for layer in (OPEN, CLOSE, CHANGE, FUNDING):
        assert np.isfinite(tape.bars[layer]).all()
    assert not np.isnan(tape.bars).any()
    assert not np.isnan(tape.decided).any()


@given(seeds)
def test_a_missing_bar_is_touched_by_no_stop_and_changes_nothing(seed):
    panel = holey(seed, bars=50, width=3)
    tape = case_of(panel, np.zeros((2, 3)), [10, 30]).tape
    gone = np.isnan(panel.close)
    assert (tape.watched[:, :3, LOW][gone] == np.inf).all()
    assert (tape.watched[:, :3, HIGH][gone] == -np.inf).all()
    assert not tape.bars[[CHANGE, FUNDING], :, :3][:, gone].any()


def test_a_change_over_a_hole_is_no_change():
    panel = walk(1, bars=6, width=1)
    panel.close[:, 0] = [10, 11, 12, 13, 15, 18]
    hole = without(panel, (np.arange(6) == 2)[:, None])
    assert case_of(hole, [[0.0]], [0]).tape.bars[CHANGE, :, 0].tolist() == [0, 1, 0, 0, 2, 3]


def test_funding_on_a_tape_is_what_one_coin_pays():
    panel = walk(1, bars=6, width=2)
    assert case_of(panel, [[0.0, 0.0]], [0]).tape.bars[FUNDING, :, :2] == pytest.approx(panel.funding * panel.close)
    assert np.array_equal(case_of(panel, [[0.0, 0.0]], [0]).tape.settles, panel.funding.any(axis=1))


@pytest.mark.parametrize("rows", [[0, 1, 2], [0, 4, 7], [3, 9], [9], [8], [0, 8, 9], [5]])
def test_a_block_is_the_bars_after_a_decision_up_to_the_next_one(rows):
    """Also when the last bar decides: the block before it ends there, and its own is empty."""
    panel = walk(4, bars=10, width=2)
    tape = case_of(panel, np.zeros((len(rows), 2)), rows, atr_bars=3).tape
    assert tape.ends.tolist() == [*rows[1:], 9]
    for d, (t, end) in enumerate(zip(rows, tape.ends, strict=True)):
        if end > t:
            block = slice(t + 1, end + 1)
            assert np.array_equal(tape.decided[d, LOWEST, :2], panel.low[block].min(axis=0))
            assert np.array_equal(tape.decided[d, HIGHEST, :2], panel.high[block].max(axis=0))
            assert np.array_equal(tape.decided[d, LEAST_ATR], tape.watched[t + 1 : end + 1, :, ATR_BEFORE].min(axis=0))


def test_who_leaves_had_a_bar_before():
    panel = walk(1, bars=7, width=2)
    gone = np.zeros((7, 2), dtype=bool)
    gone[[0, 1, 4], 0] = gone[[4, 5], 1] = True
    assert case_of(without(panel, gone), [[0.0, 0.0]], [0]).tape.leaves.tolist() == [0, 0, 0, 0, 1, 0, 0]


def test_symbols_on_the_same_coin_share_its_number():
    panel = walk(1, bars=4, width=4)
    named = replace(panel, symbols=("1000AUSDT", "AUSDC", "AUSDT", "BUSDT"))
    asset = make_tape(named, np.array([1]), np.ones((1, 4)), np.ones((1, 4)), atr_bars=3).asset
    assert asset[0] == asset[1] == asset[2] != asset[3]


def test_days_are_counted_in_utc_from_the_first():
    panel = walk(1, bars=14, width=1)  # four-hour bars from midnight
    assert case_of(panel, [[0.0]], [0]).tape.day.tolist() == [0] * 6 + [1] * 6 + [2] * 2
    assert panel.open_time[0] % DAY == 0


@given(seeds, st.integers(5, 49))
def test_what_a_tape_says_of_a_bar_was_known_at_its_close(seed, cut):
    panel, rows = holey(seed, bars=50, width=3), np.arange(2, 50, 4)
    known = rows < cut
    whole = case_of(panel, np.zeros((len(rows), 3)), rows).tape
    part = case_of(panel.rows(0, cut), np.zeros((known.sum(), 3)), rows[known]).tape
    assert np.array_equal(part.bars, whole.bars[:, :cut])
    assert np.array_equal(part.leaves, whole.leaves[:cut])
    assert np.array_equal(part.decided[:, [VOL, SPREAD, ROOM]], whole.decided[known][:, [VOL, SPREAD, ROOM]])
