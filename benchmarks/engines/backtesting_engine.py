"""backtesting.py, one symbol at a time: 168-bar momentum checked every eight bars, a stop trailed at six ATR.

It knows no portfolio, so its evaluation is the sum over symbols, each with an easier strategy of its own; what is compared is
what an engine costs. One symbol in ten is run and counted for ten.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from benchmarks.engines.contest import Contest, agree
from benchmarks.measure import Side
from benchmarks.signals import EVERY, FIRST
from benchmarks.workload import Workload
from core.types import Array

LOOKBACK, ENTRY, STOP_ATR = 168, 0.02, 6.0
ONE_IN = 10
LEFT_OUT = (
    "no portfolio: one symbol at a time with its own cash; no ranking, volatility target, step-down, Kelly, band or funding"
)


class Momentum(Strategy):  # type: ignore[misc]
    """Long or short by the sign of the last week, stopped by a trailing ATR."""

    def init(self) -> None:
        """Precompute the average true range, which is not counted for our kernel either."""
        self.range = self.data.df["Atr"].to_numpy()

    def next(self) -> None:
        """Trail the stops, then look whether to enter."""
        t = len(self.data) - 1
        close = self.data.Close[-1]
        for trade in self.trades:
            level = close - STOP_ATR * self.range[t] if trade.is_long else close + STOP_ATR * self.range[t]
            before = trade.sl
            trade.sl = level if before is None else (max(before, level) if trade.is_long else min(before, level))
        if t >= FIRST and t % EVERY == 0:
            self._enter(close / self.data.Close[-1 - LOOKBACK] - 1.0)

    def _enter(self, gain: float) -> None:
        if gain > ENTRY and not self.position.is_long:
            self.position.close()
            self.buy(size=0.5)
        elif gain < -ENTRY and not self.position.is_short:
            self.position.close()
            self.sell(size=0.5)


class Hold(Strategy):  # type: ignore[misc]
    """Buy once: what both engines can express to the cent."""

    def init(self) -> None:
        """Nothing to prepare."""

    def next(self) -> None:
        """Buy at the close of the first decision bar."""
        if len(self.data) - 1 == FIRST:
            self.buy(size=0.9999)


def contest(work: Workload) -> Contest:
    """Bring one evaluation as the sum over a tenth of the symbols, times ten."""
    warnings.filterwarnings("ignore", module="backtesting")
    warnings.filterwarnings("ignore", message="Some trades remain open")
    chosen = range(0, work.bars.close.shape[1], ONE_IN)
    frames = [_frame(work, i) for i in chosen]
    gap = agree("backtesting.py", _our_hold(work), _their_hold(frames[0]), 1e-6)
    settings = {"cash": 1e6, "commission": 0.0005, "spread": 0.0003, "margin": 0.2, "trade_on_close": True}
    side = Side(
        "backtesting.py", lambda: [_run(frame, Momentum, settings) for frame in frames], len(frames) / work.bars.close.shape[1]
    )
    return Contest((side,), f"backtesting.py: equity of one symbol held, within {gap:.0e} of ours", LEFT_OUT)


def _run(frame: pd.DataFrame, strategy: type[Strategy], settings: dict[str, Any]) -> pd.Series:
    return Backtest(frame, strategy, **settings).run()


def _frame(work: Workload, i: int) -> pd.DataFrame:
    """Prices scaled to start at 1,000, because it trades whole units."""
    columns = {
        "Open": work.bars.open,
        "High": work.bars.high,
        "Low": work.bars.low,
        "Close": work.bars.close,
        "Atr": work.features.atr,
    }
    factor = 1_000.0 / work.bars.close[0, i]
    index = pd.date_range("2024-01-01", periods=len(work.bars.close), freq="h")
    frame = pd.DataFrame({name: values[:, i] * factor for name, values in columns.items()}, index=index)
    return frame.assign(Volume=work.bars.value[:, i])


def _their_hold(frame: pd.DataFrame) -> Array:
    found = _run(frame, Hold, {"cash": 1e10, "trade_on_close": True})
    return found["_equity_curve"]["Equity"].to_numpy() / 1e10


def _our_hold(work: Workload) -> Array:
    weights = np.full((len(work.rows), work.bars.close.shape[1]), np.nan)
    weights[0] = 0.0
    weights[0, 0] = 0.9999
    return work.plain_equity(weights, fee=0.0)
