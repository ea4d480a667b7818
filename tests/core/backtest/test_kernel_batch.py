"""Many sets at once: whatever the tile, the order, the company or the threads, each set gets what it gets alone."""

import numpy as np
import pytest

from core.backtest import batch
from core.backtest.batch import run_batch
from core.backtest.kernel import simulate
from core.market.features import day_of
from tests.core.backtest.cases import MILD, decided, draw_case, draw_knobs, jumped, named
from tests.core.panels import holey

SETS, SIGNALS = 60, 3
BUILDS = pytest.mark.parametrize("exact", [True, False], ids=["strict", "fast"])


@pytest.fixture(scope="module")
def crowd():
    """One tape, and many sets of parameters over three signals."""
    rng = np.random.default_rng(8)
    panel = named(jumped(holey(8, bars=400, width=6, volatility=0.01), rng, MILD, share=0.02), rng)
    case = decided(panel, rng, 0.2, None)
    raw = np.stack([case.raw * size for size in (0.2, -0.3, 1.0)])
    knobs = [draw_knobs(np.random.default_rng([9, m])) for m in range(SETS)]
    return case.tape, knobs, raw, [m % SIGNALS for m in range(SETS)]


def assert_same_bits(one, other):
    for name in one._fields:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def alone(crowd, m, *, exact):
    tape, knobs, raw, signal = crowd
    return run_batch(tape, [knobs[m]], raw[signal[m]][None], [0], exact=exact)


@BUILDS
def test_each_set_gets_what_it_gets_alone(crowd, exact):
    together = run_batch(*crowd, exact=exact)
    assert len(np.unique(together.equity[:, -1])) > SETS / 2
    for m in range(SETS):
        one = alone(crowd, m, exact=exact)
        assert_same_bits(one, type(one)(*(values[m : m + 1] for values in together)))


@BUILDS
@pytest.mark.parametrize("bars", [1, 7, 100, 10_000])
def test_the_tile_changes_not_a_bit(crowd, exact, bars, monkeypatch):
    expected = run_batch(*crowd, exact=exact)
    monkeypatch.setattr(batch, "TILE_BARS", bars)
    assert_same_bits(run_batch(*crowd, exact=exact), expected)


@BUILDS
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_order_and_threads_change_not_a_bit(crowd, exact, threads):
    tape, knobs, raw, signal = crowd
    order = np.random.default_rng(1).permutation(SETS)
    shuffled = run_batch(tape, [knobs[m] for m in order], raw, [signal[m] for m in order], exact=exact, threads=threads)
    straight = run_batch(*crowd, exact=exact)
    assert_same_bits(shuffled, type(straight)(*(values[order] for values in straight)))


def test_days_end_where_the_paths_of_the_same_set_are():
    """Equity 1 before the first fill and 0 after ruin; turnover and costs are sums so far."""
    ruined = 0
    for case in (case for case in map(draw_case, range(300)) if len(case.rows)):
        paths, seen = (
            simulate(case.tape, case.raw, case.knobs),
            run_batch(case.tape, [case.knobs], case.raw[None], [0], exact=True),
        )
        last = np.append(np.flatnonzero(np.diff(day_of(case.panel.open_time))), len(case.panel) - 1)
        costs = paths.fees + paths.spread + paths.impact
        ruined += paths.equity[-1] == 0.0
        drawdown = (1.0 - paths.equity / np.maximum.accumulate(paths.equity)).max()
        wanted = paths.equity[last], np.cumsum(paths.turnover)[last], np.cumsum(costs)[last], np.array([drawdown])
        for name, values in zip(seen._fields, wanted, strict=True):
            np.testing.assert_allclose(getattr(seen, name).ravel(), values, rtol=1e-9, atol=1e-9, err_msg=name)
    assert ruined >= 3


def test_fast_is_close_to_strict_unless_a_decision_flips(crowd):
    """Reordered sums move a number by a grain; where that grain decides a stop or a band, the path is another from there on."""
    strictly, fast = (run_batch(*crowd, exact=exact).equity for exact in (True, False))
    off = np.abs(fast / np.where(strictly > 0, strictly, 1.0) - (strictly > 0)).max(axis=1)
    assert (off > 0).any()
    assert np.median(off) < 1e-12
    assert (off > 1e-6).sum() <= SETS // 20
