"""`python -m benchmarks.startup`: from a fresh process to the first result of the compiled kernel (goal G9).

The machine code must come from the cache: a single new cache file while measuring is a failure.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.live import save
from benchmarks.measure import REPEATS, figure, report
from benchmarks.processes import ROOT, fresh
from benchmarks.workload import make_workload


def main() -> None:
    """Warm the cache, then start afresh turn by turn, with an empty process beside it."""
    with tempfile.TemporaryDirectory(prefix="bench-startup-") as folder:
        save(make_workload(), Path(folder))
        fresh("benchmarks.first_result", folder)
        before = _machine_code()
        turns = [(fresh("benchmarks.first_result", folder), fresh("benchmarks.nothing")) for _ in range(REPEATS)]
    if new := _machine_code() - before:
        sys.exit(f"benchmarks.startup: the cache was missed, {len(new)} new files such as {min(new)}")
    cpu = np.array([[cost.cpu for cost in turn] for turn in turns]).T
    peak = np.array([cost.peak_mib for cost, _ in turns])
    print(
        f"\nfrom nothing to the first result: {np.median(cpu[0]):.3f} CPU s, {np.median(peak):.0f} MiB; no cache file written"
    )
    print(f"  of this, importing numpy and numba: {np.median(cpu[1]):.3f} CPU s")
    report(
        [
            figure("startup, first result", cpu[0], "CPU s"),
            figure("startup, first result / importing numpy and numba", cpu[0] / cpu[1], "x"),
            figure("startup, peak memory", peak, "MiB"),
        ]
    )


def _machine_code() -> set[str]:
    """Name what numba has cached, with the time it was written."""
    return {f"{path.relative_to(ROOT)} {path.stat().st_mtime_ns}" for path in (ROOT / "core").rglob("*.nbc")}


if __name__ == "__main__":
    main()
