"""The kernel's front: what a book of raw weights would have earned, bar by bar. The steps are in core/backtest/steps.py."""

from typing import NamedTuple

import numpy as np

from core.backtest.run import Account, Knobs, Record, Run, Tape
from core.backtest.steps import run_blocks
from core.compiled import strict
from core.types import Array

FRESH = Account(equity=1.0, peak=1.0, drawdown=0.0, variance=0.0, mean=0.0, square=0.0, traded=0.0, cost=0.0)
"""Nothing held, nothing known."""


class Paths(NamedTuple):
    """What happened, bar by bar; the (T,) series are fractions of equity at the previous close.

    `equity` is in units of the starting equity. `targets` is (D, N), the weights decided; `weights` (T, N), the weights held
    at each close; `contribution` (T, N), each symbol's profit after its costs, as a fraction of the equity before the bar;
    `forced` and `stopped` (N,) count positions closed for want of bars and by a stop.

    Contributions add up to `net` in every bar but that of ruin, where more than everything may be lost; the two counts then
    run on to the end of that block.
    """

    equity: Array
    net: Array
    fees: Array
    spread: Array
    impact: Array
    funding: Array
    turnover: Array
    targets: Array
    weights: Array
    contribution: Array
    forced: Array
    stopped: Array


def simulate(tape: Tape, raw: Array, knobs: Knobs) -> Paths:
    """Run one book with the strict build and keep everything.

    Parameters
    ----------
    raw : (D, N) raw weights decided at ``tape.rows``, gross at most 1; NaN leaves a position alone

    Returns
    -------
    Paths
        Equity stays 1 before the first decision fills, and 0 from the bar in which everything is lost: its net return is -1.
    """
    run, width = fresh_run(tape, knobs, keep=True), raw.shape[1]
    account = strict(run_blocks)(run, (0, len(raw)), pad_columns(raw, tape), 0, FRESH)
    series, record = run.record.series, run.record
    if account.equity <= 0.0:
        lost = int(np.argmax(series[0] <= 0.0))
        series[0, lost:], record.weights[lost:] = 0.0, 0.0
        record.contribution[lost + 1 :] = 0.0  # the rest of the block was carried before it was known
    cells = (array[:, :width].copy() for array in (record.targets, record.weights, record.contribution))
    return Paths(*series, *cells, *record.exits[:, :width])


def fresh_run(tape: Tape, knobs: Knobs, *, keep: bool) -> Run:
    """Return a run that has not begun; it keeps its paths or only its days."""
    _, bars, width = tape.bars.shape
    kept = bars if keep else 0
    record = Record(
        series=np.zeros((7, kept)),
        targets=np.zeros((len(tape.rows) if keep else 0, width)),
        weights=np.zeros((kept, width)),
        contribution=np.zeros((kept, width)),
        exits=np.zeros((2, width if keep else 0)),
    )
    record.series[0] = 1.0
    longest = int((tape.ends - tape.rows).max(initial=1))
    return Run(tape, knobs, np.zeros((6, width)), np.zeros((5, longest)), np.zeros((3, tape.day[-1] + 1)), record)


def pad_columns(raw: Array, tape: Tape) -> Array:
    """Return (D, N) weights as (D, W), with nothing held in the padding; as they are if they have that width."""
    if raw.shape[1] == tape.bars.shape[2]:
        return raw
    return np.pad(raw, ((0, 0), (0, tape.bars.shape[2] - raw.shape[1])))
