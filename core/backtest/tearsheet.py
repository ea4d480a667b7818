"""Everything a report says about one run, in one record."""

from dataclasses import dataclass

import numpy as np

from core.backtest.drawdown import Drawdown, longest_drawdown, worst_drawdowns
from core.backtest.metrics import Metrics, metrics
from core.types import Array, Ints


@dataclass(frozen=True, slots=True)
class Exposure:
    """What was held: `time` is the share of bars with any position, the rest are means and the maximum over all bars."""

    time: float
    gross: float
    net: float
    max_gross: float


@dataclass(frozen=True, slots=True)
class Year:
    """Compounded returns of a calendar year (UTC): per month, None without a bar, and of the year."""

    year: int
    months: tuple[float | None, ...]
    total: float


@dataclass(frozen=True, slots=True)
class TearSheet:
    """One run: its figures, its deepest and its longest drawdown, what it held, and its months."""

    metrics: Metrics
    exposure: Exposure
    worst: tuple[Drawdown, ...]
    longest: Drawdown | None
    years: tuple[Year, ...]


def tear_sheet(net: Array, turnover: Array, weights: Array, open_time: Ints) -> TearSheet:
    """Sum up a run.

    Parameters
    ----------
    net, turnover : (T,) fraction of equity at the previous close; never NaN, net at least -1
    weights : (T, N) fraction of equity held at each close, never NaN
    open_time : (T,) milliseconds, a grid without holes
    """
    return TearSheet(
        metrics=metrics(net, turnover, open_time),
        exposure=exposure(weights),
        worst=worst_drawdowns(net, open_time),
        longest=longest_drawdown(net, open_time),
        years=monthly_returns(net, open_time),
    )


def exposure(weights: Array) -> Exposure:
    """Sum up weights held, (T, N), never NaN; all 0 without bars."""
    if not len(weights):
        return Exposure(0.0, 0.0, 0.0, 0.0)
    gross = np.abs(weights).sum(axis=1)
    return Exposure(
        time=float(np.mean(gross > 0)),
        gross=float(gross.mean()),
        net=float(weights.sum(axis=1).mean()),
        max_gross=float(gross.max()),
    )


def monthly_returns(net: Array, open_time: Ints) -> tuple[Year, ...]:
    """Compound returns per bar, (T,), into calendar months, one row a year; a bar belongs to the month it opens in."""
    month = open_time.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.diff(month, prepend=month[:1] - 1))
    if not len(starts):
        return ()
    growth = np.multiply.reduceat(1.0 + net, starts)
    grown = dict(zip(month[starts].tolist(), growth.tolist(), strict=True))
    return tuple(_year(year, grown) for year in range(min(grown) // 12, max(grown) // 12 + 1))


def _year(year: int, grown: dict[int, float]) -> Year:
    months = [grown.get(12 * year + i) for i in range(12)]
    total = float(np.prod([growth for growth in months if growth is not None]))
    return Year(1970 + year, tuple(None if growth is None else growth - 1.0 for growth in months), total - 1.0)
