"""One live decision as a fresh process: the kernel's own source in plain Python, no compiler loaded (see `benchmarks.live`).

Reads a saved market and the state of the book at the last decision but one, takes the block that follows it, decides anew, and
prints what an order plan needs.
"""

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.signals import LOOKBACKS, SKIP, THRESHOLD, TOP, VOL_FLOOR, WEIGHTS
from core.backtest.kernel import fresh_run
from core.backtest.run import TARGET, UNITS, VOL, Account, Knobs, Run, Tape
from core.backtest.steps import run_blocks
from core.signals.momentum import side_rows, zscore_rows
from core.sizing.inverse_vol import weigh_rows
from core.types import Array


def main(folder: str, compiled: str) -> None:
    """Take one step and print it; `compiled` is "plain" or "strict"."""
    build = _plain if compiled == "plain" else _strict
    saved = {path.stem: np.load(path, mmap_mode="c") for path in Path(folder).glob("*.npy")}
    tape = Tape(*(saved[name] for name in Tape._fields))
    run = fresh_run(tape, Knobs(*saved["knobs"].tolist()), keep=False)
    run.book[:] = saved["book"]
    last = len(tape.rows) - 1
    raw = last_weights(tape, saved["log_close"], build)
    lines = np.stack([saved["before"], raw])
    account = build(run_blocks)(run, (last - 1, last + 1), lines, 0, Account(*saved["account"].tolist()))
    print(json.dumps(step(run, account, loaded="numba" in sys.modules)))


def last_weights(tape: Tape, log_close: Array, build: object) -> Array:
    """(W,) raw weights of the last decision."""
    assert callable(build)
    rows, width = tape.rows[-1:], tape.bars.shape[2]
    z, sides, raw = np.zeros((len(LOOKBACKS), 1, width)), np.zeros((1, width)), np.zeros((1, width))
    member = np.isfinite(log_close[rows])
    for j, lookback in enumerate(LOOKBACKS):
        build(zscore_rows)(log_close, rows, member, (SKIP, lookback), z[j])
    build(side_rows)(z, np.arange(len(LOOKBACKS)), np.array(WEIGHTS), (TOP, THRESHOLD), np.zeros(width), sides)
    build(weigh_rows)(sides, np.asarray(tape.decided[-1:, VOL]), VOL_FLOOR * 8760.0**0.5, raw)
    return raw[0]


def step(run: Run, account: Account, *, loaded: bool) -> dict[str, object]:
    """Return what was decided, with every digit."""
    return {
        "account": [float(value).hex() for value in account],
        "targets": [float(value).hex() for value in run.book[TARGET]],
        "units": [float(value).hex() for value in run.book[UNITS]],
        "numba": loaded,
    }


def _plain(function: object) -> object:
    return function


def _strict(function: object) -> object:
    from core.compiled import strict  # noqa: PLC0415 - a plain step must not load the compiler

    return strict(function)  # type: ignore[type-var]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
