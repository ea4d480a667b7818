"""The kernel's words once more, in coins and cash, with lists only: slow, and obvious enough to be believed.

Written from the words of core/backtest/steps.py, exits.py and costs.py and of core/sizing/, not from the code. A price that
does not exist is None, and so are "leave alone" and "unknown". Where the kernel carries blocks of profits, this keeps a
wallet, coins of each symbol and cash, and goes bar by bar, always in this order:

    what has no bar any more is sold at its last price -> orders fill at the open -> stops are tested, then the best price
    moves -> funding is paid at the close -> the wallet is marked -> if this bar decides, orders are written
"""

from dataclasses import dataclass, field
from math import fsum, sqrt


@dataclass
class Result:
    """The fields of `Paths`, as lists."""

    equity: list
    net: list
    fees: list
    spread: list
    impact: list
    funding: list
    turnover: list
    targets: list
    weights: list
    contribution: list
    forced: list
    stopped: list
    seen: dict = field(default_factory=dict)
    """How often something happened that a test wants to have seen."""


@dataclass
class Prices:
    """Lists of bars of lists of symbols."""

    open: list
    high: list
    low: list
    close: list
    rates: list


@dataclass
class Decisions:
    """`rows`, and for each of them, by symbol: raw weight, annual volatility, quote currency traded a day."""

    rows: list
    raw: list
    vol: list
    value: list


def simulate(prices, coins, decisions, knobs, *, atr_bars):
    book = Book(prices, coins, decisions, knobs, average_true_range(prices, atr_bars))
    for t in range(len(prices.close)):
        if book.equity > 0:
            book.live(t)
    return book.out


class Book:
    def __init__(self, prices, names, decisions, knobs, atr):
        self.p, self.names, self.decisions, self.knobs, self.atr = prices, names, decisions, knobs, atr
        self.symbols, bars = range(len(names)), len(prices.close)
        series = [[1.0] * bars, *([0.0] * bars for _ in range(6))]
        cells = [[[0.0 for _ in names] for _ in range(n)] for n in (len(decisions.rows), bars, bars)]
        self.out = Result(*series, *cells, [0 for _ in names], [0 for _ in names])
        self.coins, self.orders = [0.0 for _ in names], [0.0 for _ in names]
        self.best, self.fixed, self.opened = ([None for _ in names] for _ in range(3))
        self.cash = self.equity = self.peak = 1.0
        self.variance = self.mean = self.square = 0.0
        self.decided = None

    def live(self, t):
        before, self.spent, self.paid = self.equity, [0.0 for _ in self.symbols], 0.0
        started = [self.worth(t - 1, i) for i in self.symbols]
        self.traded = self.fees = self.spread = self.impact = 0.0
        for i in self.symbols:
            if self.p.close[t][i] is None:
                self.close_for_want_of_a_bar(t, i)
            else:
                self.fill(t, i)
                self.watch(t, i)
                self.settle(t, i)
        self.orders = [0.0 for _ in self.symbols]
        profit = [self.worth(t, i) - started[i] - self.spent[i] for i in self.symbols]
        self.mark(t, before, profit)
        if t in self.decisions.rows and self.equity > 0:
            self.decided = self.decisions.rows.index(t)
            self.decide(t)

    def worth(self, t, i):
        return self.coins[i] * self.p.close[t][i] if self.coins[i] else 0.0

    def note(self, what, happened):
        self.out.seen[what] = self.out.seen.get(what, 0) + bool(happened)

    def pay(self, i, amount):
        self.cash -= amount
        self.spent[i] += amount

    def trade(self, i, coins, price):
        """Buy so many coins (sell, when negative) and pay what it costs, by what the last decision knew of the symbol."""
        value, knobs = abs(coins * price), self.knobs
        vol, daily = self.decisions.vol[self.decided][i], self.decisions.value[self.decided][i]
        fee = value * knobs.fee
        spread = value * knobs.half_spread * relative_spread(daily)
        impact = value * knobs.impact * unit_impact(vol, daily) * sqrt(value)
        self.traded += value
        self.fees += fee
        self.spread += spread
        self.impact += impact
        self.coins[i] += coins
        self.pay(i, coins * price + fee + spread + impact)

    def close_for_want_of_a_bar(self, t, i):
        if self.coins[i]:
            self.trade(i, -self.coins[i], self.p.close[t - 1][i])
            self.out.forced[i] += 1

    def fill(self, t, i):
        if t == 0 or self.p.close[t - 1][i] is None or not self.orders[i]:
            return
        before, after = self.coins[i], self.coins[i] + self.orders[i]
        self.note("flip", before * after < 0)
        price = self.p.open[t][i]
        self.trade(i, self.orders[i], price)
        if after and (not before or (before > 0) != (after > 0)):
            reach = self.knobs.stop_atr * self.atr[t - 1][i]
            self.best[i], self.opened[i] = price, t
            self.fixed[i] = (price - reach if after > 0 else price + reach) if reach else None

    def watch(self, t, i):
        """Test the stops of what is held on the bar's low (a short's: high); if it stays, the best price may move."""
        if not self.coins[i]:
            return
        side = 1 if self.coins[i] > 0 else -1
        worst, best = (self.p.low[t][i], self.p.high[t][i])[::side]
        levels = self.levels(t, i, side)
        if levels and side * worst <= max(levels):
            level = side * max(levels)
            beyond = side * self.p.open[t][i] < side * level
            self.note("stopped at the open", beyond)
            self.note("stopped at the level", not beyond)
            self.note("stopped in the entry bar", self.opened[i] == t)
            self.trade(i, -self.coins[i], self.p.open[t][i] if beyond else level)
            self.out.stopped[i] += 1
        else:
            self.best[i] = side * max(side * self.best[i], side * best)

    def levels(self, t, i, side):
        """The levels that stand, times the side: for either side the larger one is reached first."""
        trailing = side * self.best[i] - self.knobs.trail_atr * self.atr[t - 1][i]
        stands = self.knobs.trail_atr > 0 and self.atr[t - 1][i] > 0
        return [trailing] * stands + [side * f for f in (self.fixed[i],) if f is not None]

    def settle(self, t, i):
        amount = self.worth(t, i) * self.p.rates[t][i]
        self.paid += amount
        self.pay(i, amount)

    def mark(self, t, before, profit):
        held, knobs, out = [self.worth(t, i) for i in self.symbols], self.knobs, self.out
        self.equity = max(fsum([self.cash, *held]), 0.0)
        net = max(fsum(profit) / before, -1.0)  # equity / before - 1 has a wallet's rounding, which Kelly takes for risk
        self.peak = max(self.peak, self.equity)
        self.variance = knobs.vol_decay * self.variance + (1 - knobs.vol_decay) * net**2
        self.mean = knobs.kelly_decay * self.mean + (1 - knobs.kelly_decay) * net
        self.square = knobs.kelly_decay * self.square + (1 - knobs.kelly_decay) * net**2
        out.net[t], out.turnover[t], out.funding[t] = net, self.traded / before, self.paid / before
        out.fees[t], out.spread[t], out.impact[t] = self.fees / before, self.spread / before, self.impact / before
        out.contribution[t] = [earned / before for earned in profit]
        if self.equity > 0:
            out.equity[t] = self.equity
            out.weights[t] = [value / self.equity for value in held]
        else:
            out.equity[t:] = [0.0] * (len(out.equity) - t)

    def decide(self, t):
        raw = self.decisions.raw[self.decided]
        leverage = self.leverage(raw)
        weights = self.capped([None if w is None else w * leverage for w in raw])
        self.out.targets[self.decided] = weights
        self.orders = [self.order(t, i, weights[i]) for i in self.symbols]

    def leverage(self, raw):
        knobs, most = self.knobs, self.knobs.max_leverage
        realised = sqrt(self.variance * knobs.bars_per_year)
        vol = max(forecast(raw, self.decisions.vol[self.decided], knobs), realised)
        self.note("realised volatility counts", vol == realised > 0)
        aim = min(most, knobs.target_vol / vol) if vol > 0 else most
        return min(most, aim * step_down(1 - self.equity / self.peak, knobs) * kelly(self.mean, self.square, knobs))

    def capped(self, weights):
        """Per symbol, the smaller of its cap and what its trading allows; then all together; then those of one coin."""
        daily, knobs = self.decisions.value[self.decided], self.knobs
        room = [knobs.room * (v or 0.0) / self.equity for v in daily]
        most = [min(knobs.cap_symbol, r) for r in room]
        clipped = [None if w is None else max(-m, min(m, w)) for w, m in zip(weights, most, strict=True)]
        self.note("liquidity cap", any(c and abs(c) == r for c, r in zip(clipped, room, strict=True)))
        total = gross(clipped)
        self.note("gross cap", total > knobs.cap_gross)
        if total > knobs.cap_gross:
            clipped = [None if w is None else w * knobs.cap_gross / total for w in clipped]
        return [self.capped_with_its_coin(i, clipped) for i in self.symbols]

    def capped_with_its_coin(self, i, weights):
        total = gross(w for w, name in zip(weights, self.names, strict=True) if name == self.names[i])
        self.note("asset cap", total > self.knobs.cap_asset and self.names.count(self.names[i]) > 1)
        if weights[i] is None or total <= self.knobs.cap_asset:
            return weights[i]
        return weights[i] * self.knobs.cap_asset / total

    def order(self, t, i, weight):
        """Coins to buy at the next open; none where nothing is wanted, known or worth it."""
        price = self.p.close[t][i]
        if weight is None or price is None or not worth_it(weight * self.equity, self.coins[i] * price, self.knobs.band):
            return 0.0
        return weight * self.equity / price - self.coins[i]


def average_true_range(prices, bars):
    """Wilder: the first high - low, then (bars - 1 old ones + a new one) / bars; a missing bar changes nothing."""
    out = [[None for _ in row] for row in prices.close]
    for i in range(len(prices.close[0])):
        average, last = None, None
        for t in range(len(out)):
            low, high, close = prices.low[t][i], prices.high[t][i], prices.close[t][i]
            if close is not None:
                reach = high - low if last is None else max(high - low, abs(high - last), abs(low - last))
                average = reach if average is None else (average * (bars - 1) + reach) / bars
            last, out[t][i] = close, average
    return out


def relative_spread(daily):
    """As the root of 100 million over what is traded a day, from a quarter to ten; unknown is the widest."""
    return max(0.25, min(10.0, sqrt(100e6 / daily))) if daily else 10.0


def unit_impact(vol, daily):
    """Daily volatility over the root of what is traded a day; where either is unknown, nothing."""
    return (vol or 0.0) / sqrt(365) / sqrt(daily) if daily else 0.0


def forecast(raw, vol, knobs):
    """Every pair has the same correlation; a share of the squared gross risk comes on top."""
    risks = [(w or 0.0) * (v or 0.0) for w, v in zip(raw, vol, strict=True)]
    every_pair = fsum(a * b * (1.0 if i == j else knobs.correlation) for i, a in enumerate(risks) for j, b in enumerate(risks))
    return sqrt(max(every_pair, 0.0) + knobs.mismatch * fsum(abs(r) for r in risks) ** 2)


def step_down(drawdown, knobs):
    """1 up to the start, the floor from the end, a straight line between."""
    if drawdown <= knobs.stepdown_start:
        return 1.0
    if drawdown >= knobs.stepdown_end:
        return knobs.stepdown_floor
    way = (drawdown - knobs.stepdown_start) / (knobs.stepdown_end - knobs.stepdown_start)
    return 1.0 + way * (knobs.stepdown_floor - 1.0)


def kelly(mean, square, knobs):
    variance = square - mean**2
    if variance <= 0:
        return 1.0
    return min(knobs.kelly_cap, max(knobs.kelly_floor, knobs.kelly_fraction * mean / variance))


def gross(weights):
    return fsum(abs(w) for w in weights if w is not None)


def worth_it(target, held, band):
    if held == 0 or target == 0 or (held > 0) != (target > 0):
        return target != held
    return abs(target - held) > band * abs(target)
