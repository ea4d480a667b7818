"""An hour of `tradewind up`, minute by minute: ticks missed, late or overlapping, memory, disk, locks.

    python -m benchmarks.hour [--minutes 60] [--home DIR] [--webhook URL]

A simulated Bybit lives in real time in a process of its own; the account is traded there over HTTP by the schedules of
`prefect.yaml`, as deployed. Nothing is compressed: a minute is a minute.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.installation import installation, moment, runs_of, until
from tasks import clock

EVERY = 10.0
KINDS = ("server", "worker", "messenger", "up", "run", "exchange")


def main() -> None:
    """Live through it and print what was seen, as a page and as one JSON line."""
    asked = _arguments()
    with ExitStack() as running:
        home = asked.home or Path(running.enter_context(tempfile.TemporaryDirectory()))
        there = running.enter_context(installation(home, asked.webhook))
        seen = _watched(home, there.up, asked.minutes)
        seen |= _ticks(there.api, seen["began"]) | _logs(home)
    sys.stdout.write("\n".join(f"{name:>28}  {value}" for name, value in seen.items()) + "\n" + json.dumps(seen) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--home", type=Path, help="an empty folder; a temporary one by default")
    parser.add_argument("--webhook", help="where notices go, such as the loopback receiver of the tests")
    return parser.parse_args()


def _watched(home: Path, up: subprocess.Popen[bytes], minutes: float) -> dict[str, Any]:
    """Sample memory and disk until the time is over."""
    memory, disk = [], []
    until(120, lambda: clock.now().second == 0)
    began = clock.now().timestamp()
    while clock.now().timestamp() < began + 60 * minutes:
        if up.poll() is not None:
            raise SystemExit(f"up ended with exit code {up.returncode}: see {home / 'up.out'}")
        memory.append(_memory(home))
        disk.append(_disk(home))
        time.sleep(EVERY)
    fifth = max(1, len(memory) // 5)
    grown = {k: [round(median(m[k] for m in part)) for part in (memory[fifth : 2 * fifth], memory[-fifth:])] for k in KINDS}
    per_day = {k: round((disk[-1][k] - disk[len(disk) // 4][k]) / (0.75 * minutes) * 1440, 1) for k in disk[-1]}
    return {
        "began": began,
        "minutes": minutes,
        "memory MiB, early and late": grown,
        "disk MiB": disk[-1],
        "disk MiB a day": per_day,
    }


def _memory(home: Path) -> dict[str, float]:
    found = Counter(dict.fromkeys(KINDS, 0.0))
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().replace("\0", " ")
            started = f"TRADEWIND_HOME={home.resolve()}\0".encode() in (folder / "environ").read_bytes() + b"\0"
            if not started and f"--home {home} " not in words:
                continue
            pages = int((folder / "statm").read_text().split()[1])
        except (OSError, ValueError):
            continue
        found[_kind(words)] += pages * 4096 / 2**20
    return dict(found)


def _kind(words: str) -> str:
    for mark, kind in (
        ("prefect.engine", "run"),
        ("worker start", "worker"),
        ("messenger", "messenger"),
        (" exchange ", "exchange"),
    ):
        if mark in words:
            return kind
    return "up" if " up " in words else "server"


def _disk(home: Path) -> dict[str, float]:
    parts = {"trading": "trading.duckdb*", "market": "market.duckdb*", "prefect": "prefect/prefect.db*", "logs": "logs/*"}
    return {name: round(sum(f.stat().st_size for f in home.glob(mask)) / 2**20, 2) for name, mask in parts.items()}


def _ticks(api: str, began: float) -> dict[str, Any]:
    """Read what became of every minute."""
    runs = runs_of(api, began)
    trade = [run for run in runs if run["deployment"] == "trade"]
    done = [run for run in trade if run["state_name"] == "Completed"]
    late = [moment(run["start_time"]) - moment(run["expected_start_time"]) for run in done]
    took = [moment(run["end_time"]) - moment(run["start_time"]) for run in done]
    spans = sorted((moment(run["start_time"]), moment(run["end_time"])) for run in done)
    overlaps = sum(one[1] > after[0] for one, after in pairwise(spans))
    return {
        "ticks due": len(trade),
        "ticks by state": dict(Counter(run["state_name"] for run in trade)),
        "ticks not done": [f"{run['expected_start_time'][11:19]} {run['state_name']}" for run in trade if run not in done],
        "overlaps": overlaps,
        "late, median and worst s": [round(median(late), 2), round(max(late), 2)],
        "took, median and worst s": [round(median(took), 2), round(max(took), 2)],
        "other runs": dict(Counter(f"{run['deployment']} {run['state_name']}" for run in runs if run not in trade)),
    }


def _logs(home: Path) -> dict[str, Any]:
    said = "".join(file.read_text(errors="replace") for file in sorted((home / "logs").glob("*.log")))
    return {
        "database is locked": len(re.findall("database is locked", said)),
        "still in use": len(re.findall("still in use", said)),
        "errors in the logs": len(re.findall(r"\bERROR\b|Traceback", said)),
    }


if __name__ == "__main__":
    main()
