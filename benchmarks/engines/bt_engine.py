"""bt: a tree of algorithms over pandas frames; it trades the raw weights without stops, funding or feedback."""

import bt
import pandas as pd

from benchmarks.engines.contest import Contest, agree
from benchmarks.measure import Side
from benchmarks.sets import CAP, FEE
from benchmarks.signals import pandas_weights
from benchmarks.workload import Workload
from core.types import Array

LEFT_OUT = "no volatility target, step-down, Kelly, band, stops or funding"


def contest(work: Workload) -> Contest:
    """Bring one evaluation: pandas signals, set-up and run."""
    index = pd.date_range("2024-01-01", periods=len(work.bars.close), freq="h")
    close = pd.DataFrame(work.bars.close, index=index, columns=[f"s{i}" for i in range(work.bars.close.shape[1])])
    weights = _weights(work, close)
    ours = work.plain_equity(weights.to_numpy(), fee=0.0)
    gap = agree("bt", ours, _run(close, weights, 0.0), 1e-9)
    side = Side("bt, pandas signals", lambda: _run(close, _weights(work, close), FEE))
    return Contest((side,), f"bt: equity of the same weights without costs, within {gap:.0e} of ours", LEFT_OUT)


def _weights(work: Workload, close: pd.DataFrame) -> pd.DataFrame:
    weights = pandas_weights(work.bars, work.rows).iloc[work.rows].clip(-CAP, CAP)
    return weights.set_axis(close.index[work.rows], axis=0).set_axis(close.columns, axis=1)


def _run(close: pd.DataFrame, weights: pd.DataFrame, fee: float) -> Array:
    strategy = bt.Strategy("weights", [bt.algos.WeighTarget(weights), bt.algos.Rebalance()])
    test = bt.Backtest(strategy, close, commissions=lambda q, p: abs(q) * p * fee, integer_positions=False, progress_bar=False)
    test.run()
    return test.strategy.prices.to_numpy()[1:] / 100.0
