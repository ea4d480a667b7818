"""How positions leave between decisions: at a stop, or because their symbol has no bar any more.

1. A stop stands from the fill on. Level of a long = the higher of (best price so far - trail x ATR of the bar before) and a
   fixed level (fill - stop x ATR at the decision); a short is the mirror image. The best price never moves back, the
   level may when the ATR widens. Without an ATR (the price has never moved) there is no stop.
2. It is touched when the bar's low (a short: high) reaches it, and fills at the level, or at the open when that is beyond it.
3. Then the bar's high (a short: low) is taken into the best price: within a bar, the worse order of events is assumed.
4. A symbol without a bar is closed at its last price.
5. Every exit pays fee, spread and impact like any trade, and nothing re-enters before the next decision.
"""

from math import sqrt

import numpy as np

from core.backtest.run import (
    ATR_BEFORE,
    BEST,
    CHANGE,
    CLOSE,
    CROSSED,
    EARNED,
    FUNDING,
    HIGH,
    HIGHEST,
    IMPACT,
    LEAST_ATR,
    LEVEL,
    LOW,
    LOWEST,
    MARK,
    MOVED,
    OPEN,
    OPENED,
    ORDER,
    PAID,
    SPREAD,
    TRADED,
    UNITS,
    Run,
)
from core.compiled import keeps, lanes


def arm(run: Run, d: int) -> None:
    """Where a position opens or changes sides, its stops start at the price of the fill."""
    tape, book, t = run.tape, run.book, run.tape.rows[d]
    for i in range(lanes(book)):
        after = book[UNITS, i] + book[ORDER, i]
        opens = after * book[UNITS, i] <= 0.0 and after != 0.0
        book[BEST, i] = tape.bars[OPEN, t + 1, i] if opens else book[BEST, i]
    if run.knobs.stop_atr > 0.0:
        for i in range(lanes(book)):
            after, atr = book[UNITS, i] + book[ORDER, i], tape.watched[t + 1, i, ATR_BEFORE]
            reach = run.knobs.stop_atr * atr if atr > 0.0 else np.inf
            level = tape.bars[OPEN, t + 1, i] - (reach if after > 0.0 else -reach)
            book[LEVEL, i] = level if after * book[UNITS, i] <= 0.0 and after != 0.0 else book[LEVEL, i]


def take_exits(run: Run, d: int) -> None:
    """Close what its stop or the end of its bars takes out of the block."""
    tape, first, last = run.tape, run.tape.rows[d] + 1, run.tape.ends[d]
    if run.knobs.trail_atr > 0.0 or run.knobs.stop_atr > 0.0:
        if _endangered(run, d) > 0:
            for i in range(lanes(run.book)):
                if run.book[MARK, i] > 0.0:
                    _watch(run, d, i)
        _ratchet(run, d)
    for b in range(first + 1, last + 1):
        if tape.leaves[b]:
            leave(run, d, b)


def _endangered(run: Run, d: int) -> float:
    """Mark and count positions that the block's extremes could stop out: a bound, so that few need a look at their bars."""
    tape, book, trail = run.tape, run.book, run.knobs.trail_atr
    away, off, count = np.inf if trail <= 0.0 else 0.0, _off(run), 0.0
    for i in range(lanes(run.book)):
        low, high = tape.decided[d, LOWEST, i], tape.decided[d, HIGHEST, i]
        best, level, reach = book[BEST, i], book[LEVEL, i], trail * tape.decided[d, LEAST_ATR, i] + away
        under, above = (high if high > best else best) - reach, (low if low < best else best) + reach
        under = under if under > level - off else level - off
        above = above if above < level + off else level + off
        hit = low <= under if book[UNITS, i] > 0.0 else high >= above
        mark = 1.0 if hit and book[UNITS, i] != 0.0 else 0.0
        book[MARK, i] = mark
        count += mark
    return count


def _off(run: Run) -> float:
    """How far away the fixed stops are put: out of reach where there are none."""
    return 0.0 if run.knobs.stop_atr > 0.0 else np.inf


def _watch(run: Run, d: int, i: int) -> None:
    """Look at one position bar by bar: level = best price so far -+ trail x ATR of the bar before, or the fixed stop."""
    tape, book, trail = run.tape, run.book, run.knobs.trail_atr
    best, long, off = book[BEST, i], book[UNITS, i] > 0.0, _off(run)
    for b in range(tape.rows[d] + 1, tape.ends[d] + 1):
        low, high, opened = tape.watched[b, i, LOW], tape.watched[b, i, HIGH], tape.watched[b, i, OPENED]
        if high < low:  # no bar: the position leaves elsewhere
            return
        atr = tape.watched[b, i, ATR_BEFORE]
        reach = trail * atr if trail > 0.0 and atr > 0.0 else np.inf
        level = max(best - reach, book[LEVEL, i] - off) if long else min(best + reach, book[LEVEL, i] + off)
        if (long and low <= level) or (not long and high >= level):
            _stop_out(run, d, i, b, min(level, opened) if long else max(level, opened))
            return
        best = max(best, high) if long else min(best, low)


def _stop_out(run: Run, d: int, i: int, b: int, price: float) -> None:
    tape, first = run.tape, run.tape.rows[d] + 1
    before = tape.bars[OPEN, b, i] if b == first else tape.bars[CLOSE, b - 1, i]
    _exit(run, d, i, b, price, run.book[UNITS, i] * (price - before))
    if keeps(run.record.series):
        run.record.exits[1, i] += 1.0


def leave(run: Run, d: int, b: int) -> None:
    """Close at the last price every position whose symbol has no bar any more."""
    tape, book = run.tape, run.book
    for i in range(lanes(run.book)):
        if book[UNITS, i] != 0.0 and tape.watched[b, i, HIGH] < tape.watched[b, i, LOW]:
            _exit(run, d, i, b, tape.bars[CLOSE, b - 1, i], 0.0)
            if keeps(run.record.series):
                run.record.exits[0, i] += 1.0


def _exit(run: Run, d: int, i: int, b: int, price: float, earned: float) -> None:
    """Hold one position up to bar b, then close it there: costs as for any trade."""
    flows, first = run.flows, run.tape.rows[d] + 1
    for held in range(first, b):
        hold(run, d, i, held)
    value = abs(run.book[UNITS, i]) * price
    flows[EARNED, b - first] += earned
    flows[TRADED, b - first] += value
    flows[CROSSED, b - first] += value * run.tape.decided[d, SPREAD, i] * run.knobs.half_spread
    flows[MOVED, b - first] += value * run.tape.decided[d, IMPACT, i] * sqrt(value) * run.knobs.impact
    if keeps(run.record.series):
        run.record.contribution[b, i] += earned - value * rate(run, d, i, value)
    run.book[UNITS, i] = 0.0


def hold(run: Run, d: int, i: int, b: int) -> None:
    """One position over one whole bar of its block: from the open in the first, from the previous close in the others."""
    tape, units, first = run.tape, run.book[UNITS, i], run.tape.rows[d] + 1
    earned = units * (tape.bars[CLOSE, b, i] - tape.bars[OPEN, b, i]) if b == first else units * tape.bars[CHANGE, b, i]
    paid = units * tape.bars[FUNDING, b, i]
    run.flows[EARNED, b - first] += earned
    run.flows[PAID, b - first] += paid
    if keeps(run.record.series):
        run.record.contribution[b, i] += earned - paid
        run.record.weights[b, i] = units * tape.bars[CLOSE, b, i]


def _ratchet(run: Run, d: int) -> None:
    """Take the block's extremes in: the best price a long, or a short, has seen."""
    tape, book = run.tape, run.book
    for i in range(lanes(run.book)):
        high, low, best = tape.decided[d, HIGHEST, i], tape.decided[d, LOWEST, i], book[BEST, i]
        up = high if high > best else best
        down = low if low < best else best
        book[BEST, i] = up if book[UNITS, i] > 0.0 else down


def rate(run: Run, d: int, i: int, value: float) -> float:
    """Cost of trading a value, as a fraction of it: fee + half spread + impact, which grows with the root of the value."""
    knobs = run.knobs
    slip = run.tape.decided[d, SPREAD, i] * knobs.half_spread + run.tape.decided[d, IMPACT, i] * sqrt(value) * knobs.impact
    return knobs.fee + slip
