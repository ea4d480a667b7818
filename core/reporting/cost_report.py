"""What trading cost: each kind of cost against equity, time and turnover, and what was left without it and at twice of it.

The Sharpe ratios before costs and at twice the costs keep the positions as they were and change the series only: a book that
had paid less, or more, would have scaled itself a little differently.
"""

from dataclasses import dataclass

import numpy as np

from core.backtest.kernel import Paths
from core.backtest.metrics import DAYS_PER_YEAR, cagr, daily_returns, sharpe
from core.market.timeframe import DAY
from core.types import Array, Ints

BPS = 1e-4
TRADING = ("fees", "spread", "impact")
KINDS = (*TRADING, "funding")


@dataclass(frozen=True, slots=True)
class CostLine:
    """One kind of cost; positive is paid.

    Parameters
    ----------
    total : sum over the run, fraction of the equity at the time
    per_year : the same for 365 days
    bps : basis points of the value traded; 0 without turnover
    """

    name: str
    total: float
    per_year: float
    bps: float


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the returns under one assumption about costs; annual."""

    name: str
    sharpe: float
    cagr: float


@dataclass(frozen=True, slots=True)
class CostReport:
    """Costs of one run: each kind, all together, and what they left.

    Parameters
    ----------
    turnover : value traded over the run, fractions of the equity at the time
    """

    lines: tuple[CostLine, ...]
    together: CostLine
    turnover: float
    left: tuple[Left, ...]

    @property
    def totals(self) -> dict[str, float]:
        """Sum over the run of each kind, fraction of equity."""
        return {line.name: line.total for line in self.lines}


def cost_report(paths: Paths, open_time: Ints, bar_ms: int) -> CostReport:
    """Sum up what a run paid.

    Parameters
    ----------
    paths : from the start of the book on
    open_time : (T,) milliseconds
    """
    turnover, years = float(paths.turnover.sum()), len(open_time) * bar_ms / (DAYS_PER_YEAR * DAY)
    totals = {name: float(getattr(paths, name).sum()) for name in KINDS}
    lines = tuple(_line(name, total, years, turnover) for name, total in totals.items())
    trading = sum((getattr(paths, name) for name in TRADING), np.zeros(len(open_time)))
    assumed = {
        "before costs and funding": paths.net + trading + paths.funding,
        "before costs": paths.net + trading,
        "net": paths.net,
        "net at twice the costs": np.maximum(paths.net - trading, -1.0),
    }
    left = tuple(_left(name, net, open_time) for name, net in assumed.items())
    return CostReport(lines, _line("together", sum(totals.values()), years, turnover), turnover, left)


def _line(name: str, total: float, years: float, turnover: float) -> CostLine:
    return CostLine(name, total, total / years, total / turnover / BPS if turnover > 0 else 0.0)


def _left(name: str, net: Array, open_time: Ints) -> Left:
    daily = daily_returns(net, open_time)
    return Left(name, sharpe(daily), cagr(daily))
