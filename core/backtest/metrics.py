"""What a series of returns amounts to. Definitions as in the statistics note; 365 days of 24 hours.

Ratios, moments and tails are of **daily** returns: hourly returns of held positions are autocorrelated, and scaling them
by the square root of 8760 would flatter. Drawdowns are of every bar, so a fall inside a day counts.

Nothing here is NaN or infinite for finite returns of at least -1: a ratio that would divide by nothing is 0, and each
function says when.
"""

from dataclasses import dataclass

import numpy as np

from core.backtest.serial import autocorrelations, lo_eta, newey_west_lag
from core.backtest.tails import expected_shortfall
from core.market.features import day_of
from core.types import Array, Ints

DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of one run.

    Ratios are annual; `max_drawdown`, `worst_day` and `best_day` are signed returns, `es_95`, `es_975` and `cdar_95` are
    losses and so positive; `turnover_per_day` is traded value over equity; `kurtosis` is raw (a normal has 3).
    """

    sharpe: float
    sortino: float
    calmar: float
    cagr: float
    volatility: float
    max_drawdown: float
    turnover_per_day: float
    days: int
    lo_sharpe: float = 0.0
    log_t: float = 0.0
    ulcer: float = 0.0
    under_water: float = 0.0
    hit_rate: float = 0.0
    profit_factor: float = 0.0
    es_95: float = 0.0
    es_975: float = 0.0
    cdar_95: float = 0.0
    skew: float = 0.0
    kurtosis: float = 3.0
    best_day: float = 0.0
    worst_day: float = 0.0


def metrics(net: Array, turnover: Array, open_time: Ints) -> Metrics:
    """Sum up net returns per bar.

    Parameters
    ----------
    net, turnover : (T,) fraction of equity at the previous close; never NaN, net at least -1
    open_time : (T,) milliseconds
    """
    daily, water = daily_returns(net, open_time), drawdowns(net)
    growth, deepest = cagr(daily), max_drawdown(net)
    return Metrics(
        sharpe=sharpe(daily),
        sortino=sortino(daily),
        calmar=growth / -deepest if deepest < 0 else 0.0,
        cagr=growth,
        volatility=deviation(daily, ddof=1) * float(np.sqrt(DAYS_PER_YEAR)),
        max_drawdown=deepest,
        turnover_per_day=float(turnover.sum() / max(len(daily), 1)),
        days=len(daily),
        lo_sharpe=lo_sharpe(daily),
        log_t=log_t(daily),
        ulcer=float(np.sqrt(np.mean(water**2))) if len(water) else 0.0,
        under_water=float(np.mean(water < 0)) if len(water) else 0.0,
        hit_rate=hit_rate(daily),
        profit_factor=profit_factor(daily),
        es_95=expected_shortfall(-daily, level=0.95),
        es_975=expected_shortfall(-daily, level=0.975),
        cdar_95=expected_shortfall(-water, level=0.95),
        skew=standard_moment(daily, 3, normal=0.0),
        kurtosis=standard_moment(daily, 4, normal=3.0),
        best_day=float(daily.max()) if len(daily) else 0.0,
        worst_day=float(daily.min()) if len(daily) else 0.0,
    )


def daily_returns(net: Array, open_time: Ints) -> Array:
    """Compound returns per bar into returns per UTC day, (days,); the first and last day may be short."""
    if not len(net):
        return np.zeros(0)
    day = day_of(open_time)
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    growth: Array = np.multiply.reduceat(1.0 + net, starts)
    return growth - 1.0


def daily_sums(values: Array, open_time: Ints) -> Array:
    """Add up a series per UTC day, (days,)."""
    day = day_of(open_time)
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    out: Array = np.add.reduceat(values, starts)
    return out


def sharpe(daily: Array) -> float:
    """Mean over standard deviation (n - 1) of daily returns, times the root of 365; 0 without variation."""
    spread = deviation(daily, ddof=1)
    return float(np.mean(daily) / spread * np.sqrt(DAYS_PER_YEAR)) if spread > 0 else 0.0


def lo_sharpe(daily: Array) -> float:
    """Sharpe ratio whose annual scale allows for autocorrelated days (Lo 2002): mean over deviation times eta(365).

    Autocorrelations beyond the Newey-West lag ``4 (n / 100)^(2/9)`` (6 of 730 days) count as 0, the nearer ones taper
    linearly to it (Bartlett). Without the taper the sum under the root can turn negative; with it, it cannot.
    """
    lags = newey_west_lag(len(daily))
    taper = 1.0 - np.arange(1, lags + 1) / (lags + 1)
    scale = lo_eta(taper * autocorrelations(daily, lags), DAYS_PER_YEAR)
    return sharpe(daily) * scale / float(np.sqrt(DAYS_PER_YEAR))


def log_t(daily: Array) -> float:
    """Return the t statistic of the mean log return: what compounding leaves of an edge.

    0 without variation. A day that loses everything has a log return of minus infinity; the statistic then tends to -1.
    """
    if (daily <= -1.0).any():
        return -1.0
    growth = np.log1p(daily)
    spread = deviation(growth, ddof=1)
    return float(np.mean(growth) / spread * np.sqrt(len(growth))) if spread > 0 else 0.0


def hit_rate(daily: Array) -> float:
    """Share of days with a gain among the days with any return; 0 when there is none."""
    moved = np.count_nonzero(daily)
    return float(np.count_nonzero(daily > 0) / moved) if moved else 0.0


def profit_factor(daily: Array) -> float:
    """Sum of the days' gains over the sum of the days' losses; 0 without a loss."""
    lost = -float(np.minimum(daily, 0.0).sum())
    return float(np.maximum(daily, 0.0).sum() / lost) if lost > 0 else 0.0


def standard_moment(daily: Array, power: int, *, normal: float) -> float:
    """Mean power of the standardised (n) values: 3 is skewness, 4 raw kurtosis; `normal` without variation."""
    spread = deviation(daily, ddof=0)
    return float(np.mean(((daily - np.mean(daily)) / spread) ** power)) if spread > 0 else normal


def deviation(values: Array, *, ddof: int) -> float:
    """Return the standard deviation; 0 for fewer than two values, and for a constant, which rounding alone makes vary."""
    if len(values) < 2:
        return 0.0
    spread = float(np.std(values, ddof=ddof))
    return spread if spread > 1e-12 * abs(float(np.mean(values))) else 0.0


def sortino(daily: Array) -> float:
    """Mean over downside deviation against 0, all n days in the denominator, times the root of 365; 0 without a loss."""
    downside = np.sqrt(np.mean(np.minimum(daily, 0.0) ** 2)) if len(daily) else 0.0
    return float(np.mean(daily) / downside * np.sqrt(DAYS_PER_YEAR)) if downside > 0 else 0.0


def cagr(daily: Array) -> float:
    """Compound growth a year; -1 when everything was lost, at most e^230 (1e100): wild hours have no meaningful year."""
    if not len(daily):
        return 0.0
    if (daily <= -1.0).any():
        return -1.0
    return float(np.expm1(min(np.log1p(daily).mean() * DAYS_PER_YEAR, 230.0)))


def drawdowns(net: Array) -> Array:
    """(T,) distance from the running peak, 0 or negative; equity starts at 1, so a loss in the first bar counts."""
    equity = np.cumprod(1.0 + net)
    return equity / np.maximum(np.maximum.accumulate(equity), 1.0) - 1.0


def max_drawdown(net: Array) -> float:
    """Return the deepest drawdown, negative."""
    return float(drawdowns(net).min()) if len(net) else 0.0
