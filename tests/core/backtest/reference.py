"""The kernel's docstring once more, in coins and cash, with lists only: slow, and obvious enough to be believed.

Written from the words, not from the code. A price that does not exist is None, and so is "leave alone". Where the kernel
carries values, this keeps a wallet: coins of each symbol and cash, marked at every close.
"""

from dataclasses import dataclass
from math import fsum


@dataclass
class Result:
    equity: list
    net: list
    fees: list
    slippage: list
    funding: list
    turnover: list
    targets: list
    weights: list
    pnl: list
    forced: list


def simulate(prices, decisions, first, knobs):
    opens, closes, rates = prices
    rows, raw, leverage = decisions
    bars, symbols = len(closes), range(len(closes[0]))
    out = Result(
        equity=[1.0] * bars,
        net=[0.0] * bars,
        fees=[0.0] * bars,
        slippage=[0.0] * bars,
        funding=[0.0] * bars,
        turnover=[0.0] * bars,
        targets=[[0.0 for _ in symbols] for _ in rows],
        weights=[[0.0 for _ in symbols] for _ in range(bars)],
        pnl=[0.0 for _ in symbols],
        forced=[0 for _ in symbols],
    )
    coins, orders, cash, equity = [0.0 for _ in symbols], [0.0 for _ in symbols], 1.0, 1.0
    peak, mean, square = 1.0, 0.0, 0.0
    decide_at = {row: d for d, row in enumerate(rows)}

    for t in range(first, bars):
        traded, paid = [0.0 for _ in symbols], [0.0 for _ in symbols]
        for i in symbols:
            last = closes[t - 1][i] if t > 0 else None
            worth_before = coins[i] * last if coins[i] else 0.0
            if opens[t][i] is None:
                if coins[i]:
                    out.forced[i] += 1
                    traded[i] = abs(coins[i] * last)
                    cash += coins[i] * last
                    coins[i] = 0.0
                worth_after = 0.0
                spent = -worth_before
            else:
                bought = orders[i] if last is not None else 0.0
                spent = bought * opens[t][i]
                traded[i] = abs(spent)
                cash -= spent
                coins[i] += bought
                worth_after = coins[i] * closes[t][i]
                paid[i] = worth_after * rates[t][i]
            cost = traded[i] * (knobs.fee + knobs.slippage) + paid[i]
            cash -= cost
            out.pnl[i] += (worth_after - worth_before - spent - cost) / equity
        orders, before = [0.0 for _ in symbols], equity
        held = [coins[i] * closes[t][i] if coins[i] else 0.0 for i in symbols]
        equity = fsum([cash, *held])
        out.turnover[t] = fsum(traded) / before
        out.fees[t] = out.turnover[t] * knobs.fee
        out.slippage[t] = out.turnover[t] * knobs.slippage
        out.funding[t] = fsum(paid) / before
        if equity <= 0.0:
            out.net[t] = -1.0
            out.equity[t:] = [0.0] * (bars - t)
            return out
        out.equity[t] = equity
        out.net[t] = equity / before - 1.0
        out.weights[t] = [value / equity for value in held]
        peak = max(peak, equity)
        mean = knobs.kelly_decay * mean + (1 - knobs.kelly_decay) * out.net[t]
        square = knobs.kelly_decay * square + (1 - knobs.kelly_decay) * out.net[t] ** 2
        if t in decide_at:
            d = decide_at[t]
            scale = leverage[d] * step_down(1 - equity / peak, knobs) * kelly(mean, square - mean**2, knobs)
            out.targets[d] = capped([None if w is None else w * scale for w in raw[d]], knobs)
            orders = [order(out.targets[d][i], equity, coins[i], closes[t][i], knobs) for i in symbols]
    return out


def order(target, equity, coins, price, knobs):
    """Coins to buy at the next open; none where nothing is wanted, known or worth it."""
    if target is None or price is None or not worth_it(target * equity, coins * price, knobs.band):
        return 0.0
    return target * equity / price - coins


def step_down(drawdown, knobs):
    """1 up to the start, the floor from the end, a straight line between."""
    if drawdown <= knobs.stepdown_start:
        return 1.0
    if drawdown >= knobs.stepdown_end:
        return knobs.stepdown_floor
    way = (drawdown - knobs.stepdown_start) / (knobs.stepdown_end - knobs.stepdown_start)
    return 1.0 + way * (knobs.stepdown_floor - 1.0)


def kelly(mean, variance, knobs):
    if variance <= 0:
        return 1.0
    wish = knobs.kelly_fraction * mean / variance
    if wish > 1:
        return 1.0
    return max(wish, knobs.kelly_floor)


def capped(weights, knobs):
    clipped = [None if w is None else max(-knobs.cap_symbol, min(knobs.cap_symbol, w)) for w in weights]
    gross = fsum(abs(w) for w in clipped if w is not None)
    if gross <= knobs.cap_gross:
        return clipped
    return [None if w is None else w * knobs.cap_gross / gross for w in clipped]


def worth_it(target, held, band):
    if held == 0 or target == 0 or (held > 0) != (target > 0):
        return target != held
    return abs(target - held) > band * abs(target)
