"""Regimes of a book's bars, told from bars that reach back far enough: no label depends on where the book starts."""

import numpy as np

from core.market.panel import Panel
from core.regimes import Regime, RegimeConfig, benchmark, regimes
from core.types import Ints

CONFIG = RegimeConfig()
HISTORY_DAYS = max(CONFIG.trend_days, CONFIG.average_days, CONFIG.high_days, CONFIG.volatility_days + CONFIG.history_days) + 2
"""Days before a bar that its regime looks back on."""


def regime_labels(history: Panel, close_time: Ints) -> Ints:
    """Label bars by the newest regime known at their close, (T,) of `Regime` values; unknown before there is any.

    Parameters
    ----------
    history : bars of the benchmark (see `core.regimes.benchmark`), any timeframe
    close_time : (T,) of the bars to label, milliseconds
    """
    known = regimes(benchmark(history), history.close_time, CONFIG)
    row = np.searchsorted(history.close_time, close_time, side="right") - 1
    labels: Ints = np.where(row < 0, np.int64(Regime.UNKNOWN), known[np.maximum(row, 0)])
    return labels
