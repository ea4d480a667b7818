"""The shadow: what the release alone would have done on the same bars, and how far the account is from it.

1. The shadow is the release's own backtest, its targets held from a stage's first decision on by a book that is flat before
   it: what the account did, at the model's prices. Nothing is estimated, so the two part by little.
2. Days are UTC days. An account is marked by the first look within an hour after midnight; where nobody looked, the days
   around it are compared as one, so that nothing that happened is left out.
3. A fill is compared with the open of its bar, which is where the model fills; later than `FRESH_MS` after it, with nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.backtest.costs import BPS, CostConfig, relative_spread, unit_impact
from core.backtest.kernel import Paths, simulate
from core.backtest.metrics import DAYS_PER_YEAR
from core.deploy.release import Release
from core.execution.orders import Fill
from core.market.features import day_of
from core.market.timeframe import DAY, HOUR, MINUTE, milliseconds
from core.portfolio import Market, knobs
from core.types import Array, Ints

FRESH_MS = 5 * MINUTE
"""Age of a bar's open beyond which the market may have left it."""
MARK_MS = HOUR
"""How long after midnight a look at the account still counts as midnight."""


class Marks(NamedTuple):
    """An account at midnights: the number of the day that begins, and its equity."""

    day: Ints
    equity: Array

    @property
    def returns(self) -> Array:
        """(K - 1,) from mark to mark; 0 once everything is lost."""
        return _changes(self.equity)


def midnights(at: Ints, equity: Array, first_day: int, last_day: int) -> Marks:
    """Return the first look at the account within an hour after each midnight that had one.

    Parameters
    ----------
    at : (S,) milliseconds, ascending
    equity : (S,) quote currency
    first_day, last_day : number of the day that begins at the first and at the last midnight wanted
    """
    day = day_of(at)
    near = np.flatnonzero((at % DAY <= MARK_MS) & (day >= first_day) & (day <= last_day))
    days, first = np.unique(day[near], return_index=True)
    return Marks(days, equity[near[first]])


def shadow(market: Market, release: Release, paths: Paths, first: int, multiplier: float) -> Array:
    """Return what a book earns that is flat until decision `first` and then holds the release's targets.

    Parameters
    ----------
    paths : of the release's own run over the market
    first : number of the decision
    multiplier : share of the targets that the stage holds

    Returns
    -------
    (T,) net return per bar
    """
    targets = np.where(np.arange(len(market.rows))[:, None] >= first, paths.targets * multiplier, 0.0)
    # The targets have been through the scaler: once is enough.
    as_they_are = {"target_vol": np.inf, "max_leverage": 1.0, "stepdown_floor": 1.0, "kelly_floor": 1.0, "kelly_cap": 1.0}
    return simulate(market.tape, targets, knobs(market, release)._replace(**as_they_are)).net


def between(net: Array, open_time: Ints, days: Ints) -> Array:
    """Compound returns per bar from midnight to midnight.

    Parameters
    ----------
    net, open_time : (T,) return and open (ms) of each bar
    days : (K,) numbers of the days that begin at the midnights

    Returns
    -------
    (K - 1,)
    """
    growth = np.concatenate([[1.0], np.cumprod(1.0 + net)])
    return _changes(growth[np.searchsorted(open_time, days * DAY)])


def _changes(worth: Array) -> Array:
    return np.divide(np.diff(worth), worth[:-1], out=np.zeros(max(len(worth) - 1, 0)), where=worth[:-1] > 0)


def apart(account: Array, shadow: Array, days: int) -> tuple[float, float]:
    """Return by how much two series of returns over `days` differ: root mean square and mean of a day, basis points.

    The root mean square is about 0, not about the mean: a steady leak is a tracking error too.
    """
    difference = account - shadow
    return float(np.sqrt(np.sum(difference**2) / days) / BPS), float(difference.sum() / days / BPS)


class Execution(NamedTuple):
    """How trades were filled; basis points of the value traded, beyond the model, None without a value to divide by."""

    fills: int
    priced: int
    slippage_bps: float | None
    fee_bps: float | None


def execution(market: Market, costs: CostConfig, fills: Sequence[Fill]) -> Execution:
    """Hold fills against the model's half spread, impact and fee, weighted by value."""
    order_value: dict[tuple[str, str], float] = defaultdict(float)
    for fill in fills:
        order_value[fill.link, fill.symbol] += _value(fill)
    beyond = [(_value(fill), _beyond(market, costs, fill, order_value[fill.link, fill.symbol])) for fill in fills]
    known = [(value, slip) for value, slip in beyond if slip is not None]
    traded, priced = sum(value for value, _ in beyond), sum(value for value, _ in known)
    paid = float(sum(fill.fee for fill in fills))
    return Execution(
        fills=len(fills),
        priced=len(known),
        slippage_bps=sum(value * slip for value, slip in known) / priced / BPS if priced else None,
        fee_bps=(paid / traded - costs.fee) / BPS if traded else None,
    )


def _value(fill: Fill) -> float:
    return float(fill.quantity * fill.price)


def _beyond(market: Market, costs: CostConfig, fill: Fill, order_value: float) -> float | None:
    """Return what a fill cost beyond the model, as a fraction of its value; None where the model has no price for it."""
    panel, at = market.panel, milliseconds(fill.at)
    row = int(np.searchsorted(panel.open_time, at, side="right")) - 1
    decision = int(np.searchsorted(panel.close_time[market.rows], at, side="right")) - 1
    if min(row, decision) < 0 or fill.symbol not in panel.symbols or at - panel.open_time[row] > FRESH_MS:
        return None
    column = panel.symbols.index(fill.symbol)
    opened = panel.open[row, column]
    worse = (float(fill.price) / opened - 1.0) * (1.0 if fill.side == "buy" else -1.0)
    beyond = worse - _model_cost(costs, market.value[decision, column], market.vol[decision, column], order_value)
    return float(beyond) if np.isfinite(beyond) else None


def _model_cost(costs: CostConfig, daily_value: float, vol: float, value: float) -> float:
    """Half spread and impact of an order as in core/backtest/costs.py, a fraction of its value."""
    daily, deviation = np.array([daily_value]), np.array([vol / np.sqrt(DAYS_PER_YEAR)])
    impact = costs.impact * unit_impact(daily, deviation) * np.sqrt(value)
    return float((costs.half_spread * relative_spread(daily) + impact)[0])
