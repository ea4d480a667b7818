"""`python -m benchmarks.live`: one live decision in a fresh process without a compiler (goal G8).

A strict run leaves its state before the last block; a fresh process in plain Python takes it from there and must arrive at the
same bits as the compiled build. Then fresh processes, plain and compiled, take turns.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measure import REPEATS, figure, report
from benchmarks.processes import Cost, fresh
from benchmarks.sets import default_sets
from benchmarks.workload import Workload, full_knobs, make_workload
from core.backtest.kernel import FRESH, fresh_run, pad_columns
from core.backtest.run import Tape
from core.backtest.steps import run_blocks
from core.backtest.tape import padded
from core.compiled import strict
from core.types import Array


def main() -> None:
    """Save, compare, measure."""
    with tempfile.TemporaryDirectory(prefix="bench-live-") as folder:
        save(make_workload(), Path(folder))
        plain, compiled = _step(folder, "plain"), _step(folder, "strict")
        _check(json.loads(plain.printed), json.loads(compiled.printed))
        turns = [(_step(folder, "plain"), _step(folder, "strict")) for _ in range(REPEATS)]
    cpu = np.array([[cost.cpu for cost in turn] for turn in turns]).T
    peak = np.array([[cost.peak_mib for cost in turn] for turn in turns]).T
    print("\none live decision as a fresh process")
    for name, seconds, memory in zip(("plain Python", "compiled, from cache"), cpu, peak, strict=True):
        print(f"  {name:24}{np.median(seconds):8.3f} CPU s{np.median(memory):8.1f} MiB")
    report(
        [
            figure("live, CPU of a fresh process", cpu[0], "CPU s"),
            figure("live, peak memory", peak[0], "MiB"),
            figure("live, compiled / plain, CPU", cpu[1] / cpu[0], "x"),
            figure("live, compiled / plain, memory", peak[1] / peak[0], "x"),
        ]
    )


def save(work: Workload, folder: Path) -> None:
    """Write the tape, and the book as it was before the last block."""
    tape, one = work.tape, default_sets(1)
    raw = np.stack([pad_columns(each, tape) for each in work.raw(one)])
    last = len(tape.rows) - 1
    run = fresh_run(tape, full_knobs(one), keep=False)
    account = strict(run_blocks)(run, (0, last - 1), raw[0], 0, FRESH)
    state: dict[str, Array] = {"knobs": np.array(run.knobs), "book": run.book, "account": np.array(account)}
    state |= {
        "before": raw[0][last - 1],
        "raw": raw,
        "log_close": padded(work.features.log_close, None, np.nan),
        **dict(zip(Tape._fields, tape, strict=True)),
    }
    for name, values in state.items():
        np.save(folder / f"{name}.npy", values)


def _step(folder: str, build: str) -> Cost:
    return fresh("benchmarks.live_bar", folder, build)


def _check(plain: dict[str, object], compiled: dict[str, object]) -> None:
    if plain.pop("numba") or not compiled.pop("numba"):
        sys.exit("benchmarks.live: the plain process loaded numba, or the compiled one did not")
    if plain != compiled:
        sys.exit("benchmarks.live: plain Python and the strict build differ in the state after one block")
    print("agreed: account, targets and units are the same to the last bit; the plain process has not loaded numba")


if __name__ == "__main__":
    main()
