"""A batch of parameter sets as a night's search runs it: from log closes to three statistics per set.

With the fast build, unless `exact` is asked for. Sets share the market and, as they look back alike, z-scores; nothing else.
"""

import numpy as np

from benchmarks.numpy_loop import HOURS_A_YEAR, Sets
from benchmarks.sets import one_set
from benchmarks.signals import LOOKBACKS, SKIP, VOL_FLOOR
from benchmarks.workload import Workload, full_knobs
from core.backtest.batch import Batch, run_batch
from core.backtest.momentum_batch import read_prices, run_momentum
from core.backtest.run import Knobs
from core.signals.momentum import MomentumSpec
from core.types import Array

PASTS = tuple((SKIP, lookback) for lookback in LOOKBACKS)


class Search:
    """One market, read once."""

    def __init__(self, work: Workload, *, exact: bool = False, threads: int = 1) -> None:
        self.work, self.exact, self.threads = work, exact, threads
        annual = np.sqrt(HOURS_A_YEAR)
        member = np.ones(work.vol.shape, dtype=np.bool_)
        self.prices = read_prices(work.features.log_close, member, work.vol, VOL_FLOOR * annual)

    def evaluate(self, sets: Sets) -> Array:
        """(M, 3) return, drawdown and Sharpe ratio of daily returns of each set."""
        specs = [_spec(one_set(sets, m)) for m in range(len(sets.top))]
        followers = list(zip(_knobs(sets), range(len(specs)), strict=True))
        batch = run_momentum(self.work.tape, self.prices, specs, followers, threads=self.threads, exact=self.exact)
        return _statistics(batch)

    def given(self, raw: Array, sets: Sets) -> Array:
        """(M, 3) the same for raw weights (M, D, N) that are given."""
        knobs = _knobs(sets)
        return _statistics(run_batch(self.work.tape, knobs, raw, range(len(knobs)), threads=self.threads, exact=self.exact))


def _spec(one: Sets) -> MomentumSpec:
    return MomentumSpec(PASTS, tuple(one.mix[0].tolist()), int(one.top[0]), float(one.threshold[0]))


def _knobs(sets: Sets) -> list[Knobs]:
    return [full_knobs(one_set(sets, m)) for m in range(len(sets.top))]


def _statistics(batch: Batch) -> Array:
    daily = batch.daily_returns(0)
    sharpe = np.sqrt(365.0) * daily.mean(axis=1) / daily.std(axis=1, ddof=1)
    return np.column_stack([batch.equity[:, -1] - 1.0, -batch.drawdown, sharpe])
