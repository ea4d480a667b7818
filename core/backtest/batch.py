"""Many sets of parameters over one tape: tile by tile, so that the tape stays in the cache while every set passes over it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from core.backtest.kernel import FRESH, fresh_run, pad_columns
from core.backtest.run import Account, Knobs, Record, Run, Tape
from core.backtest.steps import run_blocks
from core.compiled import fast, strict
from core.types import Array, Ints

TILE_BARS = 128
"""Bars that one set takes before the next has its turn: their part of the tape fits into a core's own cache."""


class Sets(NamedTuple):
    """M sets of parameters and what they hold.

    Parameters
    ----------
    knobs : (M, 23) `Knobs`, a row per set
    raw : (., W) raw weights, gross at most 1, NaN for "leave alone": (D, W) for each distinct signal, one below the other
    first_raw : (M,) row of `raw` that is a set's first decision
    """

    knobs: Array
    raw: Array
    first_raw: Ints


class States(NamedTuple):
    """Where each set is: `books` (M, 6, W), `accounts` (M, 8), `daily` (M, 3, days); `flows` and `record` are scratch."""

    books: Array
    accounts: Array
    daily: Array
    flows: Array
    record: Record


class Batch(NamedTuple):
    """What M sets amount to; days are UTC days of the tape, the first ones flat at 1.

    Parameters
    ----------
    equity : (M, days) at the end of each day, 0 after ruin
    traded, cost : (M, days) turnover and costs paid so far, as sums of fractions of equity; constant after ruin
    drawdown : (M,) deepest, bar by bar, positive
    """

    equity: Array
    traded: Array
    cost: Array
    drawdown: Array

    def daily_returns(self, first_day: int) -> Array:
        """(M, days from `first_day` on) net return per UTC day; -1 on the day of ruin and 0 after it."""
        before = np.pad(self.equity, ((0, 0), (1, 0)), constant_values=1.0)[:, first_day:-1]
        now = self.equity[:, first_day:]
        return np.divide(now, before, out=np.ones_like(now), where=before > 0) - 1.0


def run_batch(
    tape: Tape, knobs: Sequence[Knobs], raw: Array, signal: Sequence[int], *, threads: int = 1, exact: bool = False
) -> Batch:
    """Run many sets of parameters.

    Parameters
    ----------
    raw : (U, D, N) raw weights of each distinct signal, gross at most 1; NaN leaves a position alone
        Not copied when already padded to (U, D, W).
    signal : (M,) which of them each set follows
    threads : the result does not depend on it
    exact : with the strict build, which gives what `simulate` gives, up to the order of sums; otherwise the fast one
    """
    flat = pad_columns(np.ascontiguousarray(raw).reshape(-1, raw.shape[-1]), tape)
    sets = Sets(np.array(knobs), flat, np.asarray(signal, dtype=np.int64) * len(tape.rows))
    states = fresh_states(tape, len(signal))
    run = strict(run_sets) if exact else fast(run_sets, tape.bars.shape[2])

    def part(cut: slice) -> None:
        run(tape, Sets(sets.knobs[cut], sets.raw, sets.first_raw[cut]), part_of(states, tape, cut), tile_of(tape))

    in_threads(part, len(signal), threads)
    return finished(tape, states)


def fresh_states(tape: Tape, count: int) -> States:
    """Return the states of sets that have not begun."""
    one = _scratch(tape)
    books, daily = np.zeros((count, *one.book.shape)), np.zeros((count, *one.daily.shape))
    return States(books, np.tile(np.array(FRESH), (count, 1)), daily, one.flows, one.record)


def part_of(states: States, tape: Tape, cut: slice) -> States:
    """Return some of the sets, with scratch of their own: they run in one thread."""
    own = _scratch(tape)
    return States(states.books[cut], states.accounts[cut], states.daily[cut], own.flows, own.record)


def _scratch(tape: Tape) -> Run:
    return fresh_run(tape, Knobs(*np.zeros(len(Knobs._fields))), keep=False)


def tile_of(tape: Tape) -> int:
    """Return how many decisions a tile holds."""
    return max(1, TILE_BARS * len(tape.rows) // max(1, int((tape.ends - tape.rows).sum())))


def in_threads(part: Callable[[slice], None], count: int, threads: int) -> None:
    """Do the sets in equal parts side by side; the kernels let go of the interpreter's lock."""
    if threads == 1:
        part(slice(None))
        return
    cuts = [slice(k * count // threads, (k + 1) * count // threads) for k in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, cuts))


def finished(tape: Tape, states: States) -> Batch:
    """Fill the days before the first fill, and those after ruin."""
    daily = states.daily
    daily[:, 0, : np.append(tape.day, daily.shape[2])[tape.rows[0] + 1]] = 1.0  # all days when nothing ever fills
    ruined = states.accounts[:, 0] <= 0.0
    daily[ruined, 1:] = np.maximum.accumulate(daily[ruined, 1:], axis=-1)
    return Batch(daily[:, 0], daily[:, 1], daily[:, 2], states.accounts[:, 2])


def run_sets(tape: Tape, sets: Sets, states: States, tile: int) -> None:
    """Take every set over the tape; the states change in place.

    Parameters
    ----------
    tile : decisions that one set takes before the next has its turn
    """
    for first in range(0, len(tape.rows), tile):
        span = (first, min(first + tile, len(tape.rows)))
        for m in range(len(sets.first_raw)):
            knobs = knobs_of(sets.knobs[m])
            run = Run(tape, knobs, states.books[m], states.flows, states.daily[m], states.record)
            after = run_blocks(run, span, sets.raw, sets.first_raw[m] + first, account_of(states.accounts[m]))
            put_account(after, states.accounts[m])


def knobs_of(row: Array) -> Knobs:
    """Read a row of numbers as knobs. Spelled out, because numba must know how many there are."""
    a, b, c = row[0:8], row[8:16], row[16:23]
    return Knobs(
        *(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]),
        *(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]),
        *(c[0], c[1], c[2], c[3], c[4], c[5], c[6]),
    )


def account_of(row: Array) -> Account:
    """Read a row of numbers as an account."""
    return Account(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])


def put_account(account: Account, row: Array) -> None:
    """Write an account into a row of numbers."""
    for i in range(len(row)):
        row[i] = account[i]
