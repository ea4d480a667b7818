"""Cross-sectional momentum: z-scores of past returns, their weighted sum, and who is held.

Plain functions for core.compiled: one source for the strategy, for benchmarks and for a single live decision.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np

from core.compiled import lanes, whole
from core.types import Array, Ints, Mask

Z_LIMIT = 3.0
"""A symbol counts as no further from the mean than this, so that one jump does not drown the others."""
STEP = 0.05
"""Usual distance between neighbouring scores at the border: the first guess of how far to move it for one symbol."""
PATIENCE = 6
"""Guesses before only halving is left."""


class MomentumSpec(NamedTuple):
    """One momentum signal: (skip, look-back) of each past return in bars, their weights, and who is held."""

    pasts: tuple[tuple[int, int], ...]
    weights: tuple[float, ...]
    top: int
    threshold: float


@whole
def zscore_rows(log_close: Array, rows: Ints, member: Mask, past: tuple[int, int], out: Array) -> None:
    """Write the z-scores of past log returns across the members of each decision.

    Parameters
    ----------
    log_close : (T, W) NaN without a bar
    rows : (D,) decision bars
    member : (D, W) who is in
    past : (skip, look-back) in bars: the return over `look-back` bars that ended `skip` bars before the decision
    out : (D, W) NaN where a price is missing, history is too short, or the symbol is no member
    """
    skip, lookback = past
    for d in range(len(rows)):
        end = rows[d] - skip
        if end < lookback:
            for i in range(lanes(out)):
                out[d, i] = np.nan
        else:
            _zscores(log_close[end - lookback], log_close[end], member[d], out[d])


def _zscores(start: Array, end: Array, member: Mask, out: Array) -> None:
    """Distance of each member's move from the members' mean in population standard deviations, within limits; 0 if all agree.

    Sums run in order over who is in, so that a column for a symbol that never trades changes not even the last bit.
    """
    count, total = 0.0, 0.0
    for i in range(lanes(out)):
        moved = end[i] - start[i] if member[i] else np.nan
        known = moved == moved  # noqa: PLR0124 - NaN alone differs from itself
        out[i] = moved
        count += 1.0 if known else 0.0
        total += moved if known else 0.0
    mean, squares = total / max(count, 1.0), 0.0
    for i in range(lanes(out)):
        off = out[i] - mean
        squares += off * off if off == off else 0.0  # noqa: PLR0124
    deviation = sqrt(squares / max(count, 1.0))
    scale = 1.0 / deviation if deviation > 0.0 else 0.0
    for i in range(lanes(out)):
        z = (out[i] - mean) * scale
        z = Z_LIMIT if z > Z_LIMIT else z
        out[i] = -Z_LIMIT if z < -Z_LIMIT else z


@whole
def side_rows(z: Array, part: Ints, weights: Array, rule: tuple[int, float], score: Array, out: Array) -> None:
    """Write who is held after each decision: see `pick`.

    Parameters
    ----------
    z : (P, D, W) z-scores, one layer per past return
    part, weights : (J,) which layers make the score, and their weights, none negative; a symbol needs all of them
    rule : (top, threshold)
    score : (W,) scratch
    out : (D, W) +1, -1 or 0
    """
    top, threshold = rule
    largest = 0.0
    for j in range(len(weights)):
        largest += Z_LIMIT * weights[j]
    borders = (threshold, threshold)
    for d in range(len(out)):
        for i in range(lanes(z)):
            score[i] = weights[0] * z[part[0], d, i]
        for j in range(1, len(part)):
            for i in range(lanes(z)):
                score[i] += weights[j] * z[part[j], d, i]
        borders = pick(score, top, (threshold, largest), borders, out[d])


def pick(score: Array, top: int, bounds: tuple[float, float], start: tuple[float, float], out: Array) -> tuple[float, float]:
    """Write +1 for the `top` highest scores above the threshold, -1 for the `top` lowest below its negative, 0 for the rest.

    Ties at the border go to the symbol that comes first. NaN is never held.

    Parameters
    ----------
    bounds : (threshold, a number that no score exceeds)
    start : where to look first for the borders of longs and shorts; changes how long it takes, not what comes out

    Returns
    -------
    The borders: longs score above the first, shorts below the negative of the second.
    """
    high, low = _borders(score, top, bounds, start)
    longs, shorts = 0.0, 0.0
    for i in range(lanes(out)):
        long, short = 1.0 if score[i] > high else 0.0, 1.0 if -score[i] > low else 0.0
        out[i] = long - short
        longs += long
        shorts += short
    if high > bounds[0] and longs < top:
        _complete(score, 1.0, top - longs, high, out)
    if low > bounds[0] and shorts < top:
        _complete(score, -1.0, top - shorts, low, out)
    return high, low


def _borders(score: Array, top: int, bounds: tuple[float, float], start: tuple[float, float]) -> tuple[float, float]:
    """Narrow two brackets, in one pass over the scores each time, until exactly `top` scores lie above each border.

    Where so few pass the threshold, it is the border; where ties leave no such border, it is the tied score.
    """
    long, short = _counts(score, bounds[0], bounds[0])
    up, down = _Bracket(bounds[0], bounds[1], start[0]), _Bracket(bounds[0], bounds[1], start[1])
    up = up if long > top else _Bracket(bounds[0], bounds[0], bounds[0])
    down = down if short > top else _Bracket(bounds[0], bounds[0], bounds[0])
    turn = 0
    while up.low < up.high or down.low < down.high:
        long, short = _counts(score, up.guess, down.guess)
        up, down = _narrowed(up, long - top, turn), _narrowed(down, short - top, turn)
        turn += 1
    return up.guess, down.guess


class _Bracket(NamedTuple):
    """Too many scores lie above `low`, too few above `high`; found when the three are one."""

    low: float
    high: float
    guess: float


def _narrowed(was: _Bracket, excess: float, turn: int) -> _Bracket:
    """Step towards where the count should be right, and halve when that leaves the bracket or has been tried often."""
    if was.low >= was.high or excess == 0.0:
        return _Bracket(was.guess, was.guess, was.guess)
    low, high = (was.guess, was.high) if excess > 0.0 else (was.low, was.guess)
    guess = was.guess + STEP * excess
    if turn >= PATIENCE or guess <= low or guess >= high:
        guess = 0.5 * (low + high)
    if guess <= low or guess >= high:  # nothing between them: those left score `high`
        return _Bracket(high, high, high)
    return _Bracket(low, high, guess)


def _counts(score: Array, high: float, low: float) -> tuple[float, float]:
    above, below = 0.0, 0.0
    for i in range(lanes(score)):
        above += 1.0 if score[i] > high else 0.0
        below += 1.0 if -score[i] > low else 0.0
    return above, below


def _complete(score: Array, side: float, missing: float, border: float, out: Array) -> None:
    """Add those that tie at the border, in order, until nobody is missing."""
    for i in range(lanes(out)):
        if missing > 0.0 and side * score[i] == border:
            out[i] = side
            missing -= 1.0
