"""From nothing to the first batch of backtests, as the nightly search begins (see `benchmarks.startup`)."""

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.sets import varied_sets
from benchmarks.workload import full_knobs
from core.backtest.batch import run_batch
from core.backtest.run import Tape


def main(folder: str) -> None:
    """Run one set over a saved tape and print its equity."""
    tape = Tape(*(np.load(Path(folder) / f"{name}.npy", mmap_mode="c") for name in Tape._fields))
    raw = np.load(Path(folder) / "raw.npy")
    batch = run_batch(tape, [full_knobs(varied_sets(1))], raw, [0])
    print(json.dumps({"equity": float(batch.equity[0, -1])}))


if __name__ == "__main__":
    main(sys.argv[1])
