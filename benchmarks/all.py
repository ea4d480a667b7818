"""`python -m benchmarks.all`: every quick benchmark, one process each; their JSON lines go to var/bench.jsonl."""

import json
import subprocess
import sys
import time

from benchmarks.processes import ROOT

QUICK = (
    ("roof",),
    ("mc",),
    ("live",),
    ("startup",),
    ("nightly",),
    ("peers", "--engine", "vectorbt-rust"),
    ("peers", "--engine", "vectorbt-numba"),
    ("peers", "--engine", "numpy"),
    ("peers", "--engine", "backtesting"),
)


def main() -> None:
    """Run them all, even if one fails; fail at the end if any did."""
    target, failed = ROOT / "var" / "bench.jsonl", []
    target.parent.mkdir(exist_ok=True)
    with target.open("w") as lines:
        for name, *arguments in QUICK:
            started = time.monotonic()
            print(f"\n== {' '.join((name, *arguments))}", flush=True)
            done = subprocess.run(  # noqa: S603 - our own modules
                [sys.executable, "-m", f"benchmarks.{name}", *arguments],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
                check=False,
            )
            print(done.stdout, f"  took {time.monotonic() - started:.0f} s", sep="", flush=True)
            lines.writelines(f"{line}\n" for line in done.stdout.splitlines() if _is_figure(line))
            if done.returncode:
                failed.append(name)
    print(f"\nwritten: {target.relative_to(ROOT)}")
    if failed:
        sys.exit(f"benchmarks: failed: {', '.join(failed)}")


def _is_figure(line: str) -> bool:
    return line.startswith("{") and "ratio" in json.loads(line)


if __name__ == "__main__":
    main()
