"""The drawdown monoid: what a stretch of returns does to a path, in four numbers that combine.

With prefix sums P_0 = 0, ..., P_n of a stretch's n log returns, its `Span` is

    total S = P_n,  top M = max P_i,  bottom L = min P_i,  fall D = max over i <= j of P_i - P_j,

the fall being the logarithm of the deepest drawdown: exp(-D) - 1 as a fraction. Two stretches in a row combine exactly:

    (S1, M1, L1, D1) + (S2, M2, L2, D2) = (S1 + S2, max(M1, S1 + M2), min(L1, S1 + L2), max(D1, D2, M1 - S1 - L2))

1. `join` is associative and `EMPTY` its identity, so a path may be summed block by block instead of bar by bar.
2. Ruin is the log return minus infinity: every span that holds it has total -inf and fall +inf, and no NaN arises.

Two tables make a block of any path a look-up: `windows` for blocks of one length, `spans` for blocks of any length.
"""

import math

import numpy as np
from numba import njit

from core.types import Array

Span = tuple[float, float, float, float]
"""Total, top, bottom and fall, in log units: top >= 0, bottom <= 0, fall >= 0."""

EMPTY: Span = (0.0, 0.0, 0.0, 0.0)


@njit(cache=True)
def bar(log: float) -> Span:
    """Return the span of one log return."""
    return log, max(log, 0.0), min(log, 0.0), max(-log, 0.0)


@njit(cache=True)
def join(first: Span, then: Span) -> Span:
    """Combine two spans, the second following the first."""
    rise, low = first[0] + then[1], first[0] + then[2]
    fall = max(first[1] - low, then[3])  # first[3] comes last: in a long sum each block waits for it only once
    return first[0] + then[0], max(first[1], rise), min(first[2], low), max(first[3], fall)


@njit(cache=True)
def row(table: Array, at: int) -> Span:
    """Read one span from a (T, 4) table."""
    return table[at, 0], table[at, 1], table[at, 2], table[at, 3]


@njit(cache=True)
def windows(logs: Array, length: int) -> Array:
    """Summarise every window of one length, wrapped around the end, in O(T).

    The ring is cut into chunks of the window's length; a window is then the end of one chunk and the beginning of the next
    (van Herk 1992; Gil and Werman 1993: their running maximum, for any monoid).

    Parameters
    ----------
    logs : (T,) log returns, finite or -inf
    length : bars in a window, 1 to T

    Returns
    -------
    (T, 4)
        Row i is the span of bars i, i + 1, ..., i + length - 1, counted around.
    """
    ring = np.concatenate((logs, logs[: length - 1]))
    ends, starts, out = np.empty((len(ring), 4)), np.empty((len(ring), 4)), np.empty((len(logs), 4))
    for begin in range(0, len(ring), length):
        stop = min(begin + length, len(ring))
        _to_the_end(ring, begin, stop, ends)
        _from_the_start(ring, begin, stop, starts)
    for i in range(len(logs)):
        whole = i % length == 0
        _write(out, i, row(ends, i) if whole else join(row(ends, i), row(starts, i + length - 1)))
    return out


@njit(cache=True)
def spans(logs: Array) -> Array:
    """Tabulate the series so that `ends_of` finds any stretch of it in two rows: a disjoint sparse table.

    Level k cuts the series into chunks of 2^(k+1) bars; in each, rows hold the span from a bar to the chunk's middle, or from
    the middle to a bar. Memory is 32 T log2(T) bytes, time O(T log T).

    Parameters
    ----------
    logs : (T,) log returns, finite or -inf

    Returns
    -------
    (levels, T, 4)
    """
    count = len(logs)
    out = np.empty((max(1, _highest_bit(count - 1) + 1), count, 4))
    for level in range(len(out)):
        half = 1 << level
        for middle in range(half, count + half, 2 * half):
            _to_the_end(logs, middle - half, min(middle, count), out[level])
            _from_the_start(logs, middle, min(middle + half, count), out[level])
    return out


@njit(cache=True)
def stretch(table: Array, first: int, last: int) -> Span:
    """Return the span of bars first, ..., last (first <= last) from the table that `spans` made."""
    if first == last:
        return row(table[0], first)
    level = _highest_bit(first ^ last)
    return join(row(table[level], first), row(table[level], last))


@njit(cache=True)
def _highest_bit(number: int) -> int:
    return math.frexp(float(number))[1] - 1


@njit(cache=True)
def _write(table: Array, at: int, span: Span) -> None:
    table[at, 0], table[at, 1], table[at, 2], table[at, 3] = span


@njit(cache=True)
def _to_the_end(logs: Array, begin: int, stop: int, out: Array) -> None:
    """Write the spans of [i, stop) for i in [begin, stop)."""
    span = EMPTY
    for i in range(stop - 1, begin - 1, -1):
        span = join(bar(logs[i]), span)
        _write(out, i, span)


@njit(cache=True)
def _from_the_start(logs: Array, begin: int, stop: int, out: Array) -> None:
    """Write the spans of [begin, i] for i in [begin, stop)."""
    span = EMPTY
    for i in range(begin, stop):
        span = join(span, bar(logs[i]))
        _write(out, i, span)
