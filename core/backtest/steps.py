"""The kernel's steps, one function each, in plain Python; `core.backtest.compiled` builds them. The only file that shifts time.

A decision at the close of bar t is an order in units, sized at that close; it fills at the open of bar t + 1. The bars up to
the next decision are its *block*. Within a block units stand still, so a whole bar is one product: units x change in price.

    decide   leverage = min(target vol / forecast, limit) x step-down x Kelly; target = capped raw weight x leverage
    fill     at the open of the block's first bar: the gap on what was held, then what is worth trading, with costs
    exits    a position whose stop is touched leaves at the stop, or at the open beyond it; one that lost its bars leaves at
             its last price; both pay like any trade
    carry    close to close on what is held; funding on the value at the close at which it settles
    account  equity, drawdown, and the averages that the next decision's leverage reads

Values are in units of the starting equity. Rows are padded to a width the machine likes; padding has price 1, earns nothing
and weighs nothing. The reference in tests/core/backtest/reference.py says the same in coins and cash; both agree to 1e-10.
"""

from math import sqrt

from core.backtest.exits import arm, hold, leave, rate, take_exits
from core.backtest.run import (
    CHANGE,
    CLOSE,
    CROSSED,
    EARNED,
    FUNDING,
    IMPACT,
    MOVED,
    OPEN,
    ORDER,
    PAID,
    PER_UNIT,
    ROOM,
    SPREAD,
    TARGET,
    TRADED,
    UNITS,
    VOL,
    Account,
    Run,
)
from core.compiled import keeps, lanes, whole
from core.execution.band import worth_trading
from core.sizing.caps import cap_assets, cap_weights
from core.sizing.scaler import forecast_vol, kelly_factor, stepdown
from core.types import Array


@whole
def run_blocks(run: Run, span: tuple[int, int], raw: Array, base: int, account: Account) -> Account:
    """Take one book through the decisions ``[first, last)`` of a span, each with the block that follows it.

    Parameters
    ----------
    raw : (., W) raw weights, gross at most 1; NaN leaves a position alone
    base : row of `raw` that belongs to the first decision
    account : before the span; the one after it is returned
    """
    first, last = span
    for d in range(first, last):
        if account.equity > 0.0:
            _decide(run, d, raw, base + d - first, account)
            if run.tape.ends[d] > run.tape.rows[d]:
                _fill(run, d)
                take_exits(run, d)
                _carry(run, d)
                account = _settle(run, d, account)
    return account


def _decide(run: Run, d: int, raw: Array, at: int, account: Account) -> None:
    """Size the orders: target = cap(raw x leverage); what is worth trading is ordered in units."""
    knobs, book, t = run.knobs, run.book, run.tape.rows[d]
    leverage = _leverage(run, d, raw, at, account)
    room = knobs.room / account.equity
    limits = (knobs.cap_symbol, knobs.cap_gross)
    cap_weights(raw[at], leverage, run.tape.decided[d, ROOM], room, limits, book[TARGET])
    if knobs.cap_asset < knobs.cap_gross:
        cap_assets(book[TARGET], run.tape.asset, knobs.cap_asset)
    for i in range(lanes(run.book)):
        wanted, held = book[TARGET, i] * account.equity, book[UNITS, i] * run.tape.bars[CLOSE, t, i]
        go = run.tape.decided[d, PER_UNIT, i] > 0.0 and worth_trading(wanted, held, knobs.band)
        book[ORDER, i] = wanted * run.tape.decided[d, PER_UNIT, i] - book[UNITS, i] if go else 0.0
    if keeps(run.record.series):
        for i in range(lanes(run.book)):
            run.record.targets[d, i] = book[TARGET, i]


def _leverage(run: Run, d: int, raw: Array, at: int, account: Account) -> float:
    """min(limit, target / vol) x step-down x Kelly, at most the limit; vol is the larger of forecast and realised."""
    knobs = run.knobs
    vol = forecast_vol(raw[at], run.tape.decided[d, VOL], knobs.correlation, knobs.mismatch)
    vol = max(vol, sqrt(account.variance * knobs.bars_per_year))
    aim = min(knobs.max_leverage, knobs.target_vol / vol) if vol > 0.0 else knobs.max_leverage
    down = stepdown(1.0 - account.equity / account.peak, knobs.stepdown_start, knobs.stepdown_end, knobs.stepdown_floor)
    variance = account.square - account.mean * account.mean
    kelly = kelly_factor(account.mean, variance, knobs.kelly_fraction, (knobs.kelly_floor, knobs.kelly_cap))
    return min(knobs.max_leverage, aim * down * kelly)


def _fill(run: Run, d: int) -> None:
    """At the open of the block's first bar: leave what lost its bars, take the gap on what is held, fill the orders."""
    tape, book, flows, first = run.tape, run.book, run.flows, run.tape.rows[d] + 1
    if tape.leaves[first]:
        leave(run, d, first)
    if run.knobs.trail_atr > 0.0 or run.knobs.stop_atr > 0.0:
        arm(run, d)
    gap, traded, spread = 0.0, 0.0, 0.0
    for i in range(lanes(run.book)):
        price = tape.bars[OPEN, first, i]
        value = abs(book[ORDER, i]) * price
        gap += book[UNITS, i] * (price - tape.bars[CLOSE, first - 1, i])
        traded += value
        spread += value * tape.decided[d, SPREAD, i]
    flows[EARNED, 0] += gap
    flows[TRADED, 0] += traded
    flows[CROSSED, 0] += spread * run.knobs.half_spread
    if run.knobs.impact > 0.0:
        flows[MOVED, 0] += _impact(run, d) * run.knobs.impact
    if keeps(run.record.series):
        _record_fill(run, d)
    for i in range(lanes(run.book)):
        book[UNITS, i] += book[ORDER, i]


def _impact(run: Run, d: int) -> float:
    """Sum of value x unit impact x root of value: on its own, because roots are slow and many studies do without."""
    tape, book, first = run.tape, run.book, run.tape.rows[d] + 1
    total = 0.0
    for i in range(lanes(run.book)):
        value = abs(book[ORDER, i]) * tape.bars[OPEN, first, i]
        total += value * tape.decided[d, IMPACT, i] * sqrt(value)
    return total


def _record_fill(run: Run, d: int) -> None:
    tape, book, first = run.tape, run.book, run.tape.rows[d] + 1
    for i in range(lanes(run.book)):
        value = abs(book[ORDER, i]) * tape.bars[OPEN, first, i]
        gap = book[UNITS, i] * (tape.bars[OPEN, first, i] - tape.bars[CLOSE, first - 1, i])
        run.record.contribution[first, i] += gap - value * rate(run, d, i, value)


def _carry(run: Run, d: int) -> None:
    """Everything still held, over every bar of the block."""
    tape, book, flows = run.tape, run.book, run.flows
    first, last = tape.rows[d] + 1, tape.ends[d]
    if keeps(run.record.series):
        for b in range(first, last + 1):
            for i in range(lanes(run.book)):
                if book[UNITS, i] != 0.0:
                    hold(run, d, i, b)
        return
    _carry_first(run, first)
    b = first + 1
    while b + 3 <= last:
        moves = _four_moves(run, b)
        for k in range(4):
            flows[EARNED, b + k - first] += moves[k]
        b += 4
    for rest in range(b, last + 1):
        flows[EARNED, rest - first] += _move(run, CHANGE, rest)
    for b in range(first, last + 1):
        if tape.settles[b]:
            flows[PAID, b - first] += _move(run, FUNDING, b)


def _carry_first(run: Run, first: int) -> None:
    tape, book, total = run.tape, run.book, 0.0
    for i in range(lanes(run.book)):
        total += book[UNITS, i] * (tape.bars[CLOSE, first, i] - tape.bars[OPEN, first, i])
    run.flows[EARNED, 0] += total


def _move(run: Run, layer: int, b: int) -> float:
    """Units x what one unit gains, or pays, in a bar."""
    total = 0.0
    for i in range(lanes(run.book)):
        total += run.book[UNITS, i] * run.tape.bars[layer, b, i]
    return total


def _four_moves(run: Run, b: int) -> tuple[float, float, float, float]:
    """Four bars at once: the units are read once, and no sum waits for the one before it."""
    bars = run.tape.bars
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    for i in range(lanes(run.book)):
        units = run.book[UNITS, i]
        one += units * bars[CHANGE, b, i]
        two += units * bars[CHANGE, b + 1, i]
        three += units * bars[CHANGE, b + 2, i]
        four += units * bars[CHANGE, b + 3, i]
    return one, two, three, four


def _settle(run: Run, d: int, account: Account) -> Account:
    """Mark the equity at every close of the block, and remember what the next decision reads."""
    first = run.tape.rows[d] + 1
    for b in range(first, run.tape.ends[d] + 1):
        if account.equity > 0.0:
            account = _mark(run, b, b - first, account)
        for layer in range(5):
            run.flows[layer, b - first] = 0.0
    return account


def _mark(run: Run, t: int, b: int, was: Account) -> Account:
    flows, knobs = run.flows, run.knobs
    cost = flows[TRADED, b] * knobs.fee + flows[CROSSED, b] + flows[MOVED, b]
    equity = max(was.equity + flows[EARNED, b] - flows[PAID, b] - cost, 0.0)
    net = (equity - was.equity) / was.equity  # exactly 0 for a flat book, whatever the build
    peak = max(was.peak, equity)
    account = Account(
        equity,
        peak,
        max(was.drawdown, 1.0 - equity / peak),
        knobs.vol_decay * was.variance + (1.0 - knobs.vol_decay) * net * net,
        knobs.kelly_decay * was.mean + (1.0 - knobs.kelly_decay) * net,
        knobs.kelly_decay * was.square + (1.0 - knobs.kelly_decay) * net * net,
        was.traded + flows[TRADED, b] / was.equity,
        was.cost + cost / was.equity,
    )
    day = run.tape.day[t]
    run.daily[0, day], run.daily[1, day], run.daily[2, day] = equity, account.traded, account.cost
    if keeps(run.record.series):
        _record_mark(run, t, b, was.equity, equity)
    return account


def _record_mark(run: Run, t: int, b: int, before: float, after: float) -> None:
    flows, record = run.flows, run.record
    record.series[0, t], record.series[1, t] = after, (after - before) / before
    record.series[2, t] = flows[TRADED, b] * run.knobs.fee / before
    record.series[3, t], record.series[4, t] = flows[CROSSED, b] / before, flows[MOVED, b] / before
    record.series[5, t], record.series[6, t] = flows[PAID, b] / before, flows[TRADED, b] / before
    for i in range(lanes(run.book)):
        record.contribution[t, i] /= before
        record.weights[t, i] = record.weights[t, i] / after if after > 0.0 else 0.0
