"""What the kernel's steps read and write: the tape that all sets of parameters share, and one set's run over it.

Plain tuples of arrays, because the steps are built by numba as well as run by Python; several layers share an array, so that
few arguments travel.
"""

from typing import NamedTuple

from core.types import Array, Ints, Mask

OPEN, CLOSE, CHANGE, FUNDING = range(4)
"""Layers of `Tape.bars`. CHANGE: close minus previous close. FUNDING: rate settled in the bar x close."""

OPENED, HIGH, LOW, ATR_BEFORE = range(4)
"""Numbers of one cell of `Tape.watched`: what a stop is tested with, side by side, because few cells are ever looked at."""

VOL, SPREAD, IMPACT, ROOM, PER_UNIT, LOWEST, HIGHEST, LEAST_ATR = range(8)
"""Layers of `Tape.decided`; the last three are the extremes of the block that follows, and the least ATR before its bars."""

EARNED, PAID, TRADED, CROSSED, MOVED = range(5)
"""Layers of `Run.flows`: earned by price, paid as funding, value traded, what spread and impact took."""

UNITS, ORDER, TARGET, BEST, LEVEL, MARK = range(6)
"""Layers of `Run.book`: units held and ordered, target weight, best price since entry, level of the fixed stop, a note."""


class Tape(NamedTuple):
    """What every set of parameters shares; W columns, the last ones padding.

    Where a symbol has no bar: open and close are 1, low is +inf, high is -inf, and nothing changes or settles.
    """

    rows: Ints
    """(D,) decision bars, ascending."""
    ends: Ints
    """(D,) last bar of each block."""
    bars: Array
    """(4, T, W) see `OPEN` and so on."""
    watched: Array
    """(T, W, 4) see `OPENED` and so on."""
    decided: Array
    """(D, 8, W): annualised volatility, 0 where unknown; spread over the reference's; impact of one unit of quote currency;
    quote currency traded a day; units that one of value buys at the close, 0 where no order can fill; the block's extremes."""
    settles: Mask
    """(T,) whether anything settles in the bar."""
    leaves: Mask
    """(T,) whether a symbol that had a bar before has none now."""
    day: Ints
    """(T,) number of the UTC day, from 0."""
    asset: Ints
    """(W,) number of the coin behind each symbol; symbols that are quoted on the same coin share one."""


class Knobs(NamedTuple):
    """Every number of one set of parameters, in the units of the configs it comes from."""

    fee: float
    half_spread: float
    impact: float
    room: float
    band: float
    cap_symbol: float
    cap_asset: float
    cap_gross: float
    target_vol: float
    max_leverage: float
    correlation: float
    mismatch: float
    vol_decay: float
    bars_per_year: float
    stepdown_start: float
    stepdown_end: float
    stepdown_floor: float
    kelly_fraction: float
    kelly_floor: float
    kelly_cap: float
    kelly_decay: float
    trail_atr: float
    stop_atr: float


class Account(NamedTuple):
    """What the book has realised. `drawdown` is the deepest so far, positive; the averages are over bars."""

    equity: float
    peak: float
    drawdown: float
    variance: float
    mean: float
    square: float
    traded: float
    cost: float


class Record(NamedTuple):
    """What a run keeps for `Paths`, padded; all arrays are empty when it keeps nothing."""

    series: Array
    """(7, T) equity, net, fees, spread, impact, funding, turnover."""
    targets: Array
    """(D, W)"""
    weights: Array
    """(T, W)"""
    contribution: Array
    """(T, W)"""
    exits: Array
    """(2, W) positions closed for want of bars, and by a stop."""


class Run(NamedTuple):
    """One set of parameters on its way over the tape; book, flows, daily and record change in place.

    Parameters
    ----------
    book : (6, W), see `UNITS` and so on
    flows : (5, B) one block, bar by bar, see `EARNED` and so on
    daily : (3, days) at the end of each day: equity, and turnover and costs so far, as sums of fractions of equity
    """

    tape: Tape
    knobs: Knobs
    book: Array
    flows: Array
    daily: Array
    record: Record
