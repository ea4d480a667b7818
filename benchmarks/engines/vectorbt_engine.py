"""vectorbt, from the fastest way to run it to the way most people run it; its licence is Apache 2.0 with Commons Clause.

It cannot size by what the book has earned, and here carries no funding, no stops and no band: it trades the raw weights, which
is less work than ours. Its caching is left on. Volatility and log closes are given to the NumPy signals, as to our kernel.
"""

import numpy as np
import pandas as pd
import vectorbt as vbt

from benchmarks.engines.contest import Contest, agree
from benchmarks.measure import Side
from benchmarks.sets import CAP, FEE
from benchmarks.signals import numpy_weights, pandas_weights
from benchmarks.workload import Workload
from core.types import Array

AGREED = "vectorbt, {engine} engine: equity at every close between decisions within {gap:.0e} of ours, same weights, 8 bp"
LEFT_OUT = "no volatility target, step-down, Kelly, band, stops or funding"


def rust(work: Workload) -> Contest:
    """Bring the Rust engine."""
    return _contest(work, "rust")


def numba(work: Workload) -> Contest:
    """Bring the numba engine, which is what an installation without the extra runs."""
    return _contest(work, "numba")


def _contest(work: Workload, engine: str) -> Contest:
    """Bring one engine with everything from signals to statistics and with the simulation alone."""
    close = _frame(work.bars.close)
    weights = _on_rows(work, numpy_weights(work.features, work.rows))
    vbt.settings["engine"] = engine
    gap = agree("vectorbt", _between(work, _our_equity(work, weights)), _between(work, _their_equity(close, weights)), 1e-9)

    def numpy_signals() -> None:
        _everything(close, _on_rows(work, numpy_weights(work.features, work.rows)))

    def pandas_signals() -> None:
        _everything(close, pandas_weights(work.bars, work.rows).clip(-CAP, CAP))

    sides = (
        Side(f"vectorbt {engine}, NumPy signals", numpy_signals),
        Side(f"vectorbt {engine}, pandas signals", pandas_signals),
    )
    bare = (Side(f"vectorbt {engine}, simulation only", lambda: _simulate(close, weights)),)
    return Contest(sides, AGREED.format(engine=engine, gap=gap), LEFT_OUT, bare)


def _everything(close: pd.DataFrame, weights: Array | pd.DataFrame) -> tuple[float, float, float]:
    portfolio = _simulate(close, np.asarray(weights))
    return portfolio.total_return(), portfolio.max_drawdown(), portfolio.sharpe_ratio()


def _simulate(close: pd.DataFrame, weights: Array, fees: float = 0.0005, slippage: float = 0.0003) -> vbt.Portfolio:
    return vbt.Portfolio.from_orders(
        close,
        size=weights,
        size_type="targetpercent",
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
        direction="both",
        fees=fees,
        slippage=slippage,
        freq="1h",
    )


def _on_rows(work: Workload, weights: Array) -> Array:
    """(T, N) weights at the decisions, NaN elsewhere."""
    out = np.full(work.bars.close.shape, np.nan)
    out[work.rows] = np.clip(weights, -CAP, CAP)
    return out


def _frame(close: Array) -> pd.DataFrame:
    return pd.DataFrame(close, index=pd.date_range("2024-01-01", periods=len(close), freq="h"))


def _our_equity(work: Workload, weights: Array) -> Array:
    return work.plain_equity(weights[work.rows], fee=FEE)


def _their_equity(close: pd.DataFrame, weights: Array) -> Array:
    """All costs as a fee: slippage as vectorbt has it moves the price, and with it the size."""
    portfolio = _simulate(close, weights, fees=FEE, slippage=0.0)
    return portfolio.value().to_numpy() / portfolio.init_cash


def _between(work: Workload, equity: Array) -> Array:
    """Leave the decision bars out: there vectorbt has paid for the trade already, and ours fills at the next open."""
    return np.delete(equity, work.rows)
