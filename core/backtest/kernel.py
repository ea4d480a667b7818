"""One pass over time: what a book of target weights would have earned. The only file that shifts time.

A decision made at the close of bar t is an order in units, sized at that close; it fills at the open of bar t + 1. In bar t:

1. The overnight gap (previous close to open) moves what is held. A symbol without a bar is closed at its last price, with
   costs; an order for it, or one decided where it had no bar, is void.
2. Orders decided at the previous close fill at the open; fee and slippage are paid on the value traded.
3. Open to close moves what is held now.
4. Funding settled in the bar, up to and including its close, is paid on the value at the close.
5. Equity is marked. After a decision bar the scaler sees the realised state, and new orders are sized.

Values are in units of the starting equity. The slow reference in tests/core/backtest/reference.py says the same in plain
Python; both must agree to 1e-10.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from core.execution.band import worth_trading
from core.sizing.caps import cap_weights
from core.sizing.scaler import kelly_factor, stepdown
from core.types import Array, Ints


class Knobs(NamedTuple):
    """Every number the loop reads, in the units of the configs it comes from."""

    fee: float
    slippage: float
    band: float
    cap_symbol: float
    cap_gross: float
    stepdown_start: float
    stepdown_end: float
    stepdown_floor: float
    kelly_fraction: float
    kelly_floor: float
    kelly_decay: float


class Paths(NamedTuple):
    """What happened, bar by bar; the (T,) series are fractions of equity at the previous close.

    `targets` is (D, N), the weights decided; `weights` (T, N), the weights held at each close; `pnl` (N,) the sum of each
    symbol's contributions after its costs; `forced` (N,) counts positions closed because their symbol had no bar.
    """

    equity: Array
    net: Array
    fees: Array
    slippage: Array
    funding: Array
    turnover: Array
    targets: Array
    weights: Array
    pnl: Array
    forced: Array


@njit(cache=True)
def simulate(prices: tuple[Array, Array, Array], decisions: tuple[Ints, Array, Array], first: int, knobs: Knobs) -> Paths:
    """Run the book.

    Parameters
    ----------
    prices : (open, close, funding), each (T, N), as in `Panel`
    decisions : (rows (D,), raw weights (D, N) with NaN for "leave alone", leverage (D,)), rows ascending and >= first
    first : the bar at which the book starts with equity 1 and nothing held

    Returns
    -------
    Paths
        Equity stays 1 before `first`, and 0 from the bar in which everything is lost: its net return is -1.
    """
    rows, raw, leverage = decisions
    paths = _empty_paths(prices[1].shape, raw.shape)
    book = Book(np.zeros(raw.shape[1]), np.zeros(raw.shape[1]))
    worth, scaler, d = 1.0, Realised(1.0, 0.0, 0.0), 0
    for t in range(first, len(paths.equity)):
        worth = _live_through(t, worth, prices, book, paths, knobs)
        if worth <= 0.0:
            paths.equity[t:] = 0.0
            break
        scaler = _remember(scaler, worth, paths.net[t], knobs.kelly_decay)
        if d < len(rows) and rows[d] == t:
            scale = leverage[d] * _confidence(scaler, worth, knobs)
            paths.targets[d] = cap_weights(raw[d] * scale, knobs.cap_symbol, knobs.cap_gross)
            _order(paths.targets[d], worth, book, knobs.band)
            d += 1
    return paths


class Book(NamedTuple):
    """What is held, (N,), and what was ordered at the last close, (N,), both in units of the starting equity."""

    held: Array
    orders: Array


class Realised(NamedTuple):
    """What the scaler remembers of the book: peak equity, and decayed sums of returns and squared returns."""

    peak: float
    mean: float
    square: float


@njit(cache=True)
def _empty_paths(shape: tuple[int, int], decided: tuple[int, int]) -> Paths:
    count, width = shape
    return Paths(
        np.ones(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(decided),
        np.zeros(shape),
        np.zeros(width),
        np.zeros(width),
    )


@njit(cache=True)
def _live_through(t: int, before: float, prices: tuple[Array, Array, Array], book: Book, paths: Paths, knobs: Knobs) -> float:
    """Take the whole book through steps 1 to 5 and return its worth at the close."""
    yesterday, opens, closes, rates = prices[1][t - 1], prices[0][t], prices[1][t], prices[2][t]
    held, orders, rate = book.held, book.orders, knobs.fee + knobs.slippage
    earned_all, paid_all, traded_all = 0.0, 0.0, 0.0
    for i in range(len(held)):
        if held[i] != 0.0 or orders[i] != 0.0:
            had = held[i]
            held[i], earned, traded, paid = _carry(had, orders[i], yesterday[i], opens[i], closes[i], rates[i])
            orders[i] = 0.0
            paths.pnl[i] += (earned - paid - traded * rate) / before
            paths.forced[i] += 1.0 if had != 0.0 and np.isnan(opens[i] + closes[i]) else 0.0
            earned_all, paid_all, traded_all = earned_all + earned, paid_all + paid, traded_all + traded
    worth = before + earned_all - paid_all - traded_all * rate
    _record(t, (before, worth), (paid_all, traded_all), paths, knobs)
    if worth > 0.0:
        paths.weights[t] = held / worth
    return worth


@njit(cache=True)
def _carry(
    held: float, order: float, yesterday: float, opened: float, closed: float, rate: float
) -> tuple[float, float, float, float]:
    """Take one symbol through steps 1 to 4; return (value at the close, earned by price, value traded, funding paid)."""
    if np.isnan(opened + closed + yesterday):
        return 0.0, 0.0, abs(held), 0.0
    gap, move = opened / yesterday, closed / opened
    at_open, traded = held * gap, order * gap
    value = (at_open + traded) * move
    earned = (at_open - held) + (value - at_open - traded)
    return value, earned, abs(traded), value * rate


@njit(cache=True)
def _record(t: int, worth: tuple[float, float], flows: tuple[float, float], paths: Paths, knobs: Knobs) -> None:
    """Write the bar's figures as fractions of the equity before it."""
    (before, after), (paid, traded) = worth, flows
    paths.equity[t] = after
    paths.net[t] = max(after, 0.0) / before - 1.0
    paths.funding[t] = paid / before
    paths.turnover[t] = traded / before
    paths.fees[t] = traded / before * knobs.fee
    paths.slippage[t] = traded / before * knobs.slippage


@njit(cache=True)
def _remember(seen: Realised, worth: float, net: float, decay: float) -> Realised:
    return Realised(
        max(seen.peak, worth),
        decay * seen.mean + (1.0 - decay) * net,
        decay * seen.square + (1.0 - decay) * net * net,
    )


@njit(cache=True)
def _confidence(seen: Realised, worth: float, knobs: Knobs) -> float:
    """Step-down times Kelly, from what the book has realised."""
    drawdown = 1.0 - worth / seen.peak
    variance = seen.square - seen.mean * seen.mean
    step = stepdown(drawdown, knobs.stepdown_start, knobs.stepdown_end, knobs.stepdown_floor)
    return step * kelly_factor(seen.mean, variance, knobs.kelly_fraction, knobs.kelly_floor)


@njit(cache=True)
def _order(target: Array, worth: float, book: Book, band: float) -> None:
    """Size the orders that fill at the next open."""
    for i in range(len(book.held)):
        wanted = target[i] * worth
        if not np.isnan(wanted) and worth_trading(wanted, book.held[i], band):
            book.orders[i] = wanted - book.held[i]
