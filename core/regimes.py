"""Market regimes: what kind of market each bar closed in, told from one benchmark price, point in time.

The label of row t is that of the last UTC day that was complete at its close, so it uses rows ``[: t + 1]`` only, does not
change within a day, and is the same whatever the timeframe. The first rule that holds gives the label:

1. **crisis**: volatility is high and the close is far below its 90-day high. Both, because a slow decline is a bear market
   and a violent rise is no crisis.
2. **high volatility**: 30-day volatility stands in the top fifth of its own last year. Its own, because the level of crypto
   volatility has halved in a decade; a fixed threshold would call 2020 one long crisis and 2024 a calm.
3. **bull**, **bear**: the 90-day return is beyond a threshold and the close is on the same side of its 200-day average.
   Either alone flickers: the return forgets what fell out of its window, the average is crossed back and forth.
4. **sideways**: the rest.

A rule that lacks history does not hold; **unknown** until the trend can be told, unless rule 1 or 2 holds before. A crisis
is named on its first day; any other label must hold three days in a row, until then the previous one stands.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from itertools import pairwise
from typing import Annotated

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import Field

from core.backtest.benchmarks import bitcoin_column
from core.backtest.metrics import DAYS_PER_YEAR, daily_returns, max_drawdown, sharpe
from core.config import Config, Fraction
from core.errors import DataError
from core.market.features import day_of, simple_returns
from core.market.panel import Panel
from core.market.timeframe import DAY, utc
from core.types import Array, Ints

Days = Annotated[int, Field(ge=2, le=3650)]
"""A count of UTC days."""


class Regime(IntEnum):
    """Kind of market; `title` is its name for a reader."""

    UNKNOWN = 0
    BULL = 1
    BEAR = 2
    SIDEWAYS = 3
    HIGH_VOLATILITY = 4
    CRISIS = 5

    @property
    def title(self) -> str:
        """Name in words, lower case."""
        return self.name.lower().replace("_", " ")


class RegimeConfig(Config):
    """Windows and thresholds; the defaults are round numbers of common use, not fitted."""

    trend_days: Days = 90
    """Window of the return that tells a trend."""
    trend_return: Fraction = 0.10
    """Return over that window beyond which a market trends."""
    average_days: Days = 200
    """Longest window of the average the close is compared with; shorter while there is less history."""
    volatility_days: Days = 30
    """Window of the standard deviation of daily log returns."""
    history_days: Days = 365
    """Longest history volatility is ranked in; shorter while there is less."""
    history_least: Days = 30
    """Fewest volatilities to rank in."""
    volatility_rank: Fraction = 0.80
    """Share of that history below today's from which volatility is high; a price that never moves is calm."""
    high_days: Days = 90
    """Window of the high a drawdown is measured from; shorter while there is less history."""
    crisis_drawdown: Fraction = 0.25
    """Fall from that high from which high volatility is a crisis."""
    confirm_days: Annotated[int, Field(ge=1, le=90)] = 3
    """Days in a row a new label must hold before it counts; a crisis counts at once."""


@dataclass(frozen=True, slots=True)
class RegimeLine:
    """What a book did in one regime.

    `share` is of all days; `annual_return` is the mean daily return times 365, so that the lines, weighted by share, add
    up to the whole; `total` compounds; `max_drawdown` is negative, over the regime's bars joined end to end.
    """

    regime: Regime
    days: int
    share: float
    annual_return: float
    total: float
    sharpe: float
    max_drawdown: float


@dataclass(frozen=True, slots=True)
class Spell:
    """Consecutive days of one regime, both ends included."""

    regime: Regime
    first: date
    last: date
    days: int


def benchmark(panel: Panel) -> Array:
    """Price the market, (T,): the BTC column where there is one, else an equal-weight basket that starts at 1.

    A bar without a price carries the last one forward; NaN before the first.
    """
    bitcoin = bitcoin_column(panel.symbols)
    return _basket(panel.close) if bitcoin is None else _carried(panel.close[:, bitcoin])


def regimes(price: Array, close_time: Ints, config: RegimeConfig) -> Ints:
    """Label every bar, (T,) of `Regime` values.

    Parameters
    ----------
    price : (T,) of the benchmark at each close; NaN carries the last one forward
    close_time : (T,) milliseconds, ascending; a day is complete at the first close at or after midnight UTC

    Raises
    ------
    DataError
        For a price that is zero, negative or infinite.
    """
    odd = np.flatnonzero((price <= 0.0) | np.isinf(price))
    if len(odd):
        raise DataError(
            f"regimes: the benchmark is {price[odd[0]]} at row {odd[0]}; give prices above 0, NaN where there is none"
        )
    carried = _carried(price)
    new_day = np.diff(day_of(close_time), prepend=day_of(close_time[:1] - 1)) > 0
    ends = np.flatnonzero(new_day & ~np.isnan(carried))
    daily = np.append(np.int64(Regime.UNKNOWN), _daily_labels(carried[ends], config))
    labels: Ints = daily[np.searchsorted(ends, np.arange(len(price)), side="right")]
    return labels


def by_regime(net: Array, open_time: Ints, labels: Ints) -> tuple[RegimeLine, ...]:
    """Split a book's returns by regime, in the order of `Regime`, those that never occurred left out.

    A whole day belongs to the regime its last bar names: a description of the past (the fall that makes a crisis counts to
    it), not what a rule acting on the label would have earned.

    Parameters
    ----------
    net : (T,) return per bar, at least -1, never NaN
    open_time : (T,) milliseconds
    labels : (T,) as from `regimes`
    """
    _, last, rows_of = _days(open_time)
    of_day = labels[last]
    daily = daily_returns(net, open_time)
    return tuple(
        _line(Regime(code), daily[of_day == code], net[of_day[rows_of] == code], len(daily)) for code in np.unique(of_day)
    )


def regime_spells(labels: Ints, open_time: Ints) -> tuple[Spell, ...]:
    """List the runs of equal regimes, oldest first; a day has the regime its last bar names."""
    day, last, _ = _days(open_time)
    of_day = labels[last]
    changes = np.flatnonzero(np.diff(of_day, prepend=-1, append=-1))
    return tuple(
        Spell(Regime(of_day[a]), utc(int(day[a]) * DAY).date(), utc(int(day[b - 1]) * DAY).date(), int(b - a))
        for a, b in pairwise(changes.tolist())
    )


def _carried(price: Array) -> Array:
    """Fill NaN with the last number before it."""
    source = np.maximum.accumulate(np.where(np.isnan(price), -1, np.arange(len(price))))
    return np.where(source < 0, np.nan, price[source])


def _basket(close: Array) -> Array:
    """Compound the mean return over symbols with a bar now and before; a rise of more than 100 % in a bar counts as 100 %.

    Such a bar is a new coin under an old name far more often than a rise, and would be the whole basket.
    """
    traded = np.isfinite(close)
    both = traded[1:] & traded[:-1]
    mean = np.minimum(simple_returns(close)[1:], 1.0).sum(axis=1, where=both) / np.maximum(both.sum(axis=1), 1)
    index = np.cumprod(np.concatenate([[1.0], 1.0 + mean]))[: len(close)]
    return np.where(np.logical_or.accumulate(traded.any(axis=1)), index, np.nan)


def _daily_labels(close: Array, config: RegimeConfig) -> Ints:
    """Label complete days, (days,) closes without NaN; a rule further down overrules those above it."""
    if not len(close):
        return np.zeros(0, dtype=np.int64)
    wild = _volatility_rank(close, config) >= config.volatility_rank
    fallen = close / np.nanmax(_trailing(close, config.high_days), axis=1) - 1.0 <= -config.crisis_drawdown
    trend = close / _trailing(close, config.trend_days + 1)[:, 0] - 1.0
    average = np.nanmean(_trailing(close, config.average_days), axis=1)
    labels = np.where(np.isnan(trend), Regime.UNKNOWN, Regime.SIDEWAYS)
    labels[(trend >= config.trend_return) & (close > average)] = Regime.BULL
    labels[(trend <= -config.trend_return) & (close < average)] = Regime.BEAR
    labels[wild] = Regime.HIGH_VOLATILITY
    labels[wild & fallen] = Regime.CRISIS
    return _confirmed(labels.astype(np.int64), config.confirm_days)


def _confirmed(labels: Ints, days: int) -> Ints:
    """Let the previous label stand until a new one has held for some days; a crisis does not wait."""
    out = labels.copy()
    for t in range(1, len(labels)):
        if labels[t] != Regime.CRISIS and (labels[max(t - days + 1, 0) : t] != labels[t]).any():
            out[t] = out[t - 1]
    return out


def _volatility_rank(close: Array, config: RegimeConfig) -> Array:
    """Share of the trailing history of volatility below today's; NaN while that history is too short."""
    moves = np.diff(np.log(close), prepend=np.nan)
    volatility = np.std(_trailing(moves, config.volatility_days), axis=1)
    history = _trailing(volatility, config.history_days)
    known = np.isfinite(history).sum(axis=1)
    below = (history < volatility[:, None]).sum(axis=1)
    return np.where(known >= config.history_least, below / np.maximum(known, 1), np.nan)


def _trailing(values: Array, width: int) -> Array:
    """(days, width) the values up to and including each day, oldest first, NaN before the first."""
    return sliding_window_view(np.concatenate([np.full(width - 1, np.nan), values]), width)


def _days(open_time: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the UTC days (days,), the last row of each (days,), and the place of each row's day among them (T,)."""
    day, place, count = np.unique(day_of(open_time), return_inverse=True, return_counts=True)
    return day, np.cumsum(count) - 1, place


def _line(regime: Regime, daily: Array, net: Array, days: int) -> RegimeLine:
    return RegimeLine(
        regime=regime,
        days=len(daily),
        share=len(daily) / days,
        annual_return=float(daily.mean() * DAYS_PER_YEAR),
        total=float(np.prod(1.0 + daily) - 1.0),
        sharpe=sharpe(daily),
        max_drawdown=max_drawdown(net),
    )
