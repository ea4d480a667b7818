"""Many sets of momentum parameters over one tape, signal included: neither scores nor weights are ever stored whole.

What `run_batch` does with precomputed weights, tile by tile from the prices on: z-scores once for every distinct look-back,
sides and weights once for every distinct signal, then every set's book.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.backtest.batch import (
    Batch,
    States,
    account_of,
    finished,
    fresh_states,
    in_threads,
    knobs_of,
    part_of,
    put_account,
    tile_of,
)
from core.backtest.run import Knobs, Run, Tape
from core.backtest.steps import run_blocks
from core.backtest.tape import padded
from core.compiled import fast, strict
from core.signals.momentum import MomentumSpec, side_rows, zscore_rows
from core.sizing.inverse_vol import weigh_sides
from core.types import Array, Ints, Mask


class Prices(NamedTuple):
    """What the signal reads: log close (T, W), members (D, W), reciprocal of volatility (D, W), 0 where it is unknown."""

    log_close: Array
    member: Mask
    per_vol: Array


class Signals(NamedTuple):
    """U signals of J look-backs: `pasts` (P, 2) distinct (skip, look-back); `part` (U, J) which of them, and `weights`."""

    pasts: Ints
    part: Ints
    weights: Array
    top: Ints
    threshold: Array


class Followers(NamedTuple):
    """M sets: their knobs (M, 23), and which signal each follows; neighbours that follow the same one share it."""

    knobs: Array
    signal: Ints


class Scratch(NamedTuple):
    """One tile: z-scores (P, K, W), a row of scores (W,), raw weights (K, W)."""

    z: Array
    score: Array
    raw: Array


def run_momentum(
    tape: Tape,
    prices: Prices,
    specs: Sequence[MomentumSpec],
    followers: Sequence[tuple[Knobs, int]],
    *,
    threads: int = 1,
    exact: bool = False,
) -> Batch:
    """Run many sets of momentum parameters; the same as `run_batch` on their weights.

    Parameters
    ----------
    specs : distinct signals, all with the same number of look-backs
    followers : (knobs, which signal) of each set; put sets with the same signal side by side
    threads : the result does not depend on it
    exact : with the strict build; otherwise the fast one
    """
    signals, tile = _signals(specs), tile_of(tape)
    sets = Followers(np.array([k for k, _ in followers]), np.array([s for _, s in followers], dtype=np.int64))
    states, width = fresh_states(tape, len(followers)), tape.bars.shape[2]
    run = strict(run_momentum_sets) if exact else fast(run_momentum_sets, width)

    def part(cut: slice) -> None:
        scratch = Scratch(np.zeros((len(signals.pasts), tile, width)), np.zeros(width), np.zeros((tile, width)))
        run(tape, prices, signals, Followers(sets.knobs[cut], sets.signal[cut]), part_of(states, tape, cut), scratch)

    in_threads(part, len(followers), threads)
    return finished(tape, states)


def read_prices(log_close: Array, member: Mask, vol: Array, vol_floor: float) -> Prices:
    """Pad what the signal reads: nobody is a member in the padding."""
    columns = padded(member.astype(float), None, 0.0) > 0.0
    per_vol = np.nan_to_num(1.0 / np.maximum(vol, vol_floor))
    return Prices(padded(log_close, None, np.nan), columns, padded(per_vol, None, 0.0))


def _signals(specs: Sequence[MomentumSpec]) -> Signals:
    pasts = sorted({past for spec in specs for past in spec.pasts})
    return Signals(
        pasts=np.array(pasts, dtype=np.int64),
        part=np.array([[pasts.index(past) for past in spec.pasts] for spec in specs], dtype=np.int64),
        weights=np.array([spec.weights for spec in specs]),
        top=np.array([spec.top for spec in specs], dtype=np.int64),
        threshold=np.array([spec.threshold for spec in specs]),
    )


def run_momentum_sets(tape: Tape, prices: Prices, signals: Signals, sets: Followers, states: States, scratch: Scratch) -> None:
    """Take every set over the tape, in tiles of as many decisions as the scratch holds; the states change in place."""
    tile = scratch.raw.shape[0]
    for first in range(0, len(tape.rows), tile):
        last = min(first + tile, len(tape.rows))
        for p in range(len(signals.pasts)):
            past = (signals.pasts[p, 0], signals.pasts[p, 1])
            zscore_rows(prices.log_close, tape.rows[first:last], prices.member[first:last], past, scratch.z[p])
        for m in range(len(sets.signal)):
            if m == 0 or sets.signal[m] != sets.signal[m - 1]:
                _weigh(prices, signals, sets.signal[m], (first, last), scratch)
            run = Run(tape, knobs_of(sets.knobs[m]), states.books[m], states.flows, states.daily[m], states.record)
            after = run_blocks(run, (first, last), scratch.raw, 0, account_of(states.accounts[m]))
            put_account(after, states.accounts[m])


def _weigh(prices: Prices, signals: Signals, u: int, span: tuple[int, int], scratch: Scratch) -> None:
    """Fill the tile's raw weights for one signal."""
    first, last = span
    raw = scratch.raw[: last - first]
    side_rows(scratch.z, signals.part[u], signals.weights[u], (signals.top[u], signals.threshold[u]), scratch.score, raw)
    weigh_sides(raw, prices.per_vol[first:last], raw)
