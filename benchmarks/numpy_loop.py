"""The workload as an independent time loop in NumPy: every set of parameters at once, one bar after the other.

It shares no code with the kernel, so it is both a peer in speed and a second opinion on the numbers. In bar t:

1. The gap from the previous close to the open moves what is held; orders decided at the previous close fill at the open.
2. A long is stopped when low <= best - trail x ATR of the bar before, at the level or at the open below it; a short likewise.
   It pays like any trade. Then the best price since entry takes in the bar's high or low.
3. Open to close moves what is left, and funding settled in the bar is paid on its value at the close.
4. Equity is marked, then drawdown, and the averages of the realised return that leverage reads.
5. Every R bars: score, sides, inverse volatility, forecast, leverage, cap, no-trade band, orders in units.

Where this differs from the workload as the performance note first had it, it follows the product's timing:

* an order decided at the close of bar t fills at the open of t + 1; here opens are previous closes, so the price is the same,
  but its cost is booked in bar t + 1;
* the signal may see bar t and skips three bars (the note: sees t - 1 and skips two: the same closes), and volatility is that
  of bar t;
* a stop is tested in the bar of the entry too, from the price of the fill, and what is stopped in a bar pays no funding in it;
* the forecast has the net risk too: sqrt((1 - c) sum x^2 + c (sum x)^2 + m (sum |x|)^2) with x = weight x volatility.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmarks.data import HALF_LIFE, Bars, Features
from benchmarks.signals import FIRST, LOOKBACKS, SKIP, VOL_FLOOR
from core.types import Array, Mask

HOURS_A_YEAR = 8760.0
CORRELATION, MISMATCH = 0.3, 0.05
MAX_LEVERAGE, MAX_GROSS = 2.0, 2.0
KELLY_FLOOR, KELLY_CAP, KELLY_HALF_LIFE = 0.25, 1.5, 720
DECAY = 0.5 ** (1.0 / np.array([[HALF_LIFE], [KELLY_HALF_LIFE], [KELLY_HALF_LIFE]]))


class Sets(NamedTuple):
    """P sets of parameters: `mix` (P, 4) weights of the look-backs, all others (P,). `fee` holds all costs, as a fraction."""

    mix: Array
    top: Array
    threshold: Array
    every: Array
    band: Array
    trail: Array
    target_vol: Array
    stepdown_start: Array
    stepdown_end: Array
    stepdown_floor: Array
    kelly: Array
    cap: Array
    fee: Array


class Outcome(NamedTuple):
    """(P,) each; `turnover` and `cost` are sums of fractions of equity, `drawdown` the deepest, positive."""

    equity: Array
    drawdown: Array
    mean: Array
    variance: Array
    turnover: Array
    cost: Array
    stops: Array


@dataclass(slots=True)
class Book:
    """What P books hold, (P, N): units, ordered units and best price since entry; and what a bar adds up, (P,)."""

    units: Array
    orders: Array
    best: Array
    earned: Array
    traded: Array
    stops: Array
    is_ordered: bool = False
    has_traded: bool = False


@dataclass(slots=True)
class Realised:
    """What P books have realised, (P,); `averages` (3, P) of squared return, return, and squared return over longer."""

    equity: Array
    peak: Array
    drawdown: Array
    turnover: Array
    cost: Array
    total: Array
    squares: Array
    averages: Array


def run_loop(bars: Bars, features: Features, sets: Sets) -> Outcome:
    """Run P books, none of which may lose everything, over the bars from `FIRST` on."""
    count, (length, width) = len(sets.top), bars.close.shape
    book = Book(*np.zeros((3, count, width)), *np.zeros((3, count)))
    seen = Realised(np.ones(count), np.ones(count), *np.zeros((5, count)), np.zeros((3, count)))
    trail, settles = sets.trail[:, None], bars.funding.any(axis=1).tolist()
    every = [set(np.flatnonzero((np.arange(length) - FIRST) % step == 0)) for step in np.unique(sets.every)]
    for t in range(FIRST, length):
        if t > FIRST:
            _fill(book, bars.open[t], bars.close[t - 1])
            _stop(book, (bars.open[t], bars.high[t], bars.low[t]), trail * features.atr[t - 1])
            book.earned += (book.units * (bars.close[t] - bars.open[t])).sum(axis=1)
            if settles[t]:
                book.earned -= (book.units * bars.close[t] * bars.funding[t]).sum(axis=1)
            _mark(seen, book, sets.fee)
        if any(t in rows for rows in every) and t + 1 < length:
            _decide(t, bars.close[t], features, sets, (book, seen), (t - FIRST) % sets.every == 0)
    mean = seen.total / (length - 1 - FIRST)
    variance = seen.squares / (length - 1 - FIRST) - mean**2
    return Outcome(seen.equity, seen.drawdown, mean, variance, seen.turnover, seen.cost, book.stops)


def _fill(book: Book, opened: Array, before: Array) -> None:
    book.earned = (book.units * (opened - before)).sum(axis=1)
    book.has_traded = book.is_ordered
    if book.is_ordered:
        after = book.units + book.orders
        fresh = (after * book.units <= 0.0) & (after != 0.0)
        book.best = np.where(fresh, opened, book.best)
        book.traded = (np.abs(book.orders) * opened).sum(axis=1)
        book.units, book.is_ordered = after, False


def _stop(book: Book, prices: tuple[Array, Array, Array], reach: Array) -> None:
    opened, high, low = prices
    long = book.units > 0.0
    level = book.best - np.where(long, reach, -reach)
    hit = np.where(long, low <= level, (high >= level) & (book.units != 0.0))
    if hit.any():
        price = np.where(long, np.minimum(level, opened), np.maximum(level, opened))
        book.earned += (book.units * (price - opened) * hit).sum(axis=1)
        traded = (np.abs(book.units) * price * hit).sum(axis=1)
        book.traded = book.traded + traded if book.has_traded else traded
        book.has_traded = True
        book.stops += hit.sum(axis=1)
        book.units = np.where(hit, 0.0, book.units)
    book.best = np.where(long, np.maximum(book.best, high), np.minimum(book.best, low))


def _mark(seen: Realised, book: Book, fee: Array) -> None:
    """Mark equity, and remember what the bar returned."""
    equity = seen.equity + book.earned
    if book.has_traded:
        equity -= book.traded * fee
        seen.turnover += book.traded / seen.equity
        seen.cost += book.traded * fee / seen.equity
    net = equity / seen.equity - 1.0
    squared = net * net
    seen.equity, seen.peak = equity, np.maximum(seen.peak, equity)
    seen.drawdown = np.maximum(seen.drawdown, 1.0 - equity / seen.peak)
    seen.averages *= DECAY
    seen.averages += (1.0 - DECAY) * (squared, net, squared)
    seen.total += net
    seen.squares += squared


def _decide(t: int, close: Array, features: Features, sets: Sets, state: tuple[Book, Realised], due: Mask) -> None:
    """Order what brings the books that are due to their targets."""
    book, seen = state
    vol = features.vol[t]
    raw = _sides(t, features.log_close, sets) / np.maximum(vol, VOL_FLOOR)
    gross = np.abs(raw).sum(axis=1, keepdims=True)
    raw /= np.where(gross > 0.0, gross, 1.0)
    target = raw * _leverage(raw * vol * np.sqrt(HOURS_A_YEAR), sets, seen)[:, None]
    target = np.clip(target, -sets.cap[:, None], sets.cap[:, None])
    total = np.abs(target).sum(axis=1, keepdims=True)
    target *= np.where(total > MAX_GROSS, MAX_GROSS / np.where(total > 0.0, total, 1.0), 1.0)
    wanted, held = target * seen.equity[:, None], book.units * close
    turned = (wanted * held <= 0.0) & (wanted != held)
    go = (turned | (np.abs(wanted - held) > sets.band[:, None] * np.abs(wanted))) & due[:, None]
    book.orders, book.is_ordered = np.where(go, wanted / close - book.units, 0.0), True


def _sides(t: int, log_close: Array, sets: Sets) -> Array:
    """(P, N) +1, -1 or 0; ties go by the symbol's number."""
    gains = log_close[t - SKIP] - log_close[[t - SKIP - lookback for lookback in LOOKBACKS]]
    gains -= gains.mean(axis=1, keepdims=True)
    score = sets.mix @ np.clip(gains / gains.std(axis=1, keepdims=True), -3.0, 3.0)
    rank = np.empty(score.shape)
    order = np.argsort(score, axis=1, kind="stable")
    np.put_along_axis(rank, order, np.arange(float(score.shape[1]))[None, :], axis=1)
    top, threshold = sets.top[:, None], sets.threshold[:, None]
    long = (rank >= score.shape[1] - top) & (score > threshold)
    return long.astype(float) - ((rank < top) & (score < -threshold))


def _leverage(risk: Array, sets: Sets, seen: Realised) -> Array:
    """(P,) what the raw weights are multiplied with."""
    forecast = (1.0 - CORRELATION) * (risk**2).sum(axis=1) + CORRELATION * risk.sum(axis=1) ** 2
    forecast = np.sqrt(forecast + MISMATCH * np.abs(risk).sum(axis=1) ** 2)
    realised, mean, square = seen.averages
    vol = np.maximum(forecast, np.sqrt(realised * HOURS_A_YEAR))
    aim = np.minimum(MAX_LEVERAGE, sets.target_vol / np.where(vol > 0.0, vol, np.inf))
    aim = np.where(vol > 0.0, aim, MAX_LEVERAGE)
    depth = (1.0 - seen.equity / seen.peak - sets.stepdown_start) / (sets.stepdown_end - sets.stepdown_start)
    down = 1.0 - (1.0 - sets.stepdown_floor) * np.clip(depth, 0.0, 1.0)
    variance = square - mean**2
    kelly = np.clip(sets.kelly * mean / np.where(variance > 0.0, variance, 1.0), KELLY_FLOOR, KELLY_CAP)
    return np.minimum(MAX_LEVERAGE, aim * down * np.where(variance > 0.0, kelly, 1.0))
