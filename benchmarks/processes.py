"""Run a fresh process and read what it cost: CPU seconds of all its threads, and peak memory.

A forked child inherits the peak memory of its parent, so a small process stands between: `python -m benchmarks.processes`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Cost(NamedTuple):
    """CPU seconds, user and system; largest resident memory in MiB; what it printed."""

    cpu: float
    peak_mib: float
    printed: str


def fresh(*arguments: str) -> Cost:
    """Run `python -m arguments...` in the project's root and wait for it."""
    command = [sys.executable, "-m", "benchmarks.processes", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own modules
    if done.returncode:
        sys.exit(f"benchmarks: `{' '.join(arguments)}` failed; its own message is above")
    return Cost(**json.loads(done.stdout))


def main(arguments: list[str]) -> None:
    """Be the small process between."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024.0, printed)
    print(json.dumps(cost._asdict()))
    sys.exit(process.returncode)


if __name__ == "__main__":
    main(sys.argv[1:])
