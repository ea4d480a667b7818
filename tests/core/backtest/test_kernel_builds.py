"""Plain, strict and fast builds of the same steps: the first two agree bit for bit, in one go or resumed anywhere."""

import pickle
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from core.backtest.kernel import FRESH, fresh_run, pad_columns
from core.backtest.run import Account
from core.backtest.steps import run_blocks
from core.compiled import strict
from tests.core.backtest.cases import EVERYTHING, MILD, PLAIN, Case, decided, draw_knobs, jumped, named, play
from tests.core.panels import holey

BARS = 1100
KNOBS = {
    "everything": EVERYTHING,
    "no stops": EVERYTHING._replace(trail_atr=0.0, stop_atr=0.0),
    "trailing only": EVERYTHING._replace(stop_atr=0.0, impact=0.0),
    "nothing": PLAIN,
    "drawn": draw_knobs(np.random.default_rng(3)),
}
WITH = pytest.mark.parametrize("which", KNOBS)
KEEPING = pytest.mark.parametrize("keep", [True, False], ids=["keeping paths", "keeping days"])


@cache
def long_case(which, density=0.3):
    """More than a thousand bars of a market with holes and jumps."""
    rng = np.random.default_rng(5)
    panel = named(jumped(holey(5, bars=BARS, width=5, volatility=0.01), rng, MILD, share=0.01), rng)
    case = decided(panel, rng, density, KNOBS[which])
    calm = Case(*case[:2], case.raw * 0.3, *case[3:])  # so that the book lives long
    assert calm.rows[-1] - calm.rows[0] > 1000
    return calm


def begin(case, *, keep):
    tape = case.tape
    return fresh_run(tape, case.knobs, keep=keep), pad_columns(case.raw, tape)


def in_one_go(case, build, *, keep):
    run, raw = begin(case, keep=keep)
    return run, build(run_blocks)(run, (0, len(raw)), raw, 0, FRESH)


def decision_by_decision(case, build, *, keep):
    run, raw = begin(case, keep=keep)
    account = FRESH
    for d in range(len(raw)):
        account = build(run_blocks)(run, (d, d + 1), raw, d, account)
    return run, account


def plain(function):
    return function


def numbers(run, account):
    """Return everything a run has changed, by name."""
    kept = {"account": np.array(account), "book": run.book, "daily": run.daily, "flows": run.flows}
    return kept | run.record._asdict()


def assert_same_bits(one, other):
    seen, wanted = numbers(*one), numbers(*other)
    different = [name for name in wanted if not np.array_equal(seen[name], wanted[name], equal_nan=True)]
    assert not different


@WITH
@KEEPING
def test_plain_python_gives_what_the_strict_build_gives_to_the_last_bit(which, keep):
    case = long_case(which)
    strictly = in_one_go(case, strict, keep=keep)
    assert strictly[1].equity > 0.0
    assert_same_bits(in_one_go(case, plain, keep=keep), strictly)


@WITH
@KEEPING
def test_a_run_that_is_resumed_at_every_decision_is_the_run_in_one_go(which, keep):
    case = long_case(which)
    strictly = in_one_go(case, strict, keep=keep)
    assert_same_bits(decision_by_decision(case, strict, keep=keep), strictly)
    assert_same_bits(decision_by_decision(case, plain, keep=keep), strictly)


def test_with_a_decision_at_every_bar_the_builds_agree_bar_by_bar():
    case = long_case("everything", density=1.0)
    one, other = begin(case, keep=True), begin(case, keep=True)
    plainly = strictly = FRESH
    for d in range(len(case.rows)):
        strictly = strict(run_blocks)(one[0], (d, d + 1), one[1], d, strictly)
        plainly = run_blocks(other[0], (d, d + 1), other[1], d, plainly)
        assert plainly == strictly
        assert np.array_equal(one[0].book, other[0].book, equal_nan=True)
    assert_same_bits((other[0], plainly), (one[0], strictly))
    assert one[0].record.exits[1].sum() > 20


@WITH
def test_one_plain_step_from_any_strict_state_is_the_strict_step(which):
    """The live flow: what a night computed in one go is taken one decision further without a compiler."""
    case = long_case(which)
    (run, raw), account = begin(case, keep=False), FRESH
    for d in range(len(raw)):
        resumed = run._replace(book=run.book.copy(), flows=run.flows.copy(), daily=run.daily.copy())
        after = run_blocks(resumed, (d, d + 1), raw[d : d + 1], 0, account)
        account = strict(run_blocks)(run, (d, d + 1), raw, d, account)
        assert_same_bits((resumed, Account(*after)), (run, account))


ALONE = """
import pickle, sys
from core.backtest import kernel, steps
tape, knobs, raw = pickle.load(sys.stdin.buffer)
run, account = kernel.fresh_run(tape, knobs, keep=True), kernel.FRESH
for d in range(len(raw)):
    account = steps.run_blocks(run, (d, d + 1), raw, d, account)
assert "numba" not in sys.modules, "the plain build has loaded the compiler"
sys.stdout.buffer.write(pickle.dumps((tuple(account), run.book, run.record.series)))
"""


def test_a_process_that_only_steps_never_loads_the_compiler():
    case = long_case("everything")
    run, account = in_one_go(case, strict, keep=True)
    given = pickle.dumps((run.tape, case.knobs, pad_columns(case.raw, run.tape)))
    out = subprocess.run([sys.executable, "-c", ALONE], input=given, capture_output=True, check=False)
    assert out.returncode == 0, out.stderr.decode()
    alone = pickle.loads(out.stdout)
    assert alone[0] == tuple(account)
    assert np.array_equal(alone[1], run.book, equal_nan=True)
    assert np.array_equal(alone[2], run.record.series)


def test_keeping_paths_or_only_days_is_the_same_book():
    """Not to the last bit: whoever keeps paths goes symbol by symbol, the others row by row."""
    for case in map(long_case, KNOBS):
        kept, (_, account) = play(case), in_one_go(case, strict, keep=False)
        assert account.equity == pytest.approx(kept.equity[-1], rel=1e-9)
        assert account.drawdown == pytest.approx((1 - kept.equity / np.maximum.accumulate(kept.equity)).max(), rel=1e-9)
