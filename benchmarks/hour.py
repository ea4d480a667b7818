"""An hour of `tradewind up`, minute by minute: ticks missed, late or overlapping, memory, disk, locks.

    python -m benchmarks.hour [--minutes 60] [--home DIR] [--webhook URL]

A simulated Bybit lives in real time in a process of its own; the account is traded there over HTTP by the schedules of
`prefect.yaml`, as deployed. Nothing is compressed: a minute is a minute.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import requests

from tasks import clock

TRADEWIND = [sys.executable, "-c", "from flows.cli import main; main()"]
EVERY = 10.0
HISTORY_DAYS = 199
KINDS = ("server", "worker", "messenger", "up", "run", "exchange")


def main() -> None:
    """Live through it and print what was seen, as a page and as one JSON line."""
    asked = _arguments()
    with ExitStack() as running:
        home = asked.home or Path(running.enter_context(tempfile.TemporaryDirectory()))
        home.mkdir(parents=True, exist_ok=True)
        env = running.enter_context(_exchange(home)) | ({"TRADEWIND_DISCORD_WEBHOOK": asked.webhook} if asked.webhook else {})
        _call(["ingest", "--history-days", str(HISTORY_DAYS)], home, env)
        _decide_every_hour(home, env)
        up = running.enter_context(_started(["up"], home, env, home / "up.out"))
        api = _until(180, lambda: (home / "server.url").exists() and (home / "server.url").read_text())
        _until(180, lambda: "trade" in _deployments(api))
        seen = _watched(home, up, asked.minutes)
        seen |= _ticks(api, seen["began"]) | _logs(home)
    sys.stdout.write("\n".join(f"{name:>28}  {value}" for name, value in seen.items()) + "\n" + json.dumps(seen) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--home", type=Path, help="an empty folder; a temporary one by default")
    parser.add_argument("--webhook", help="where notices go, such as the loopback receiver of the tests")
    return parser.parse_args()


@contextmanager
def _exchange(home: Path) -> Iterator[dict[str, str]]:
    """Run a simulated Bybit on our own time and give the environment that trades there."""
    now = clock.now()
    reach = ["--start", f"{now:%Y-%m-%dT%H:%M:%S}", "--end", f"{now + timedelta(days=2):%Y-%m-%d}"]
    said = home / "exchange.out"
    with _started(["exchange", *reach, "--speed", "1", "--json"], home, {}, said):
        row = _until(60, lambda: said.exists() and said.read_text().strip() and json.loads(said.read_text().splitlines()[0]))
        yield {
            "TRADEWIND_BYBIT_URL": row["url"],
            "TRADEWIND_EXCHANGE_URL": row["url"],
            "TRADEWIND_MODE": "demo",
            "TRADEWIND_ACCOUNT": "hour",
            "TRADEWIND_API_KEY": row["api_key"],
            "TRADEWIND_API_SECRET": row["secret"],
        }


@contextmanager
def _started(arguments: list[str], home: Path, env: dict[str, str], said: Path) -> Iterator[subprocess.Popen[bytes]]:
    with said.open("wb") as sink:
        command = [*TRADEWIND, *arguments, "--home", str(home)]
        process = subprocess.Popen(command, env=_environment(env), stdout=sink, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _call(arguments: list[str], home: Path, env: dict[str, str]) -> None:
    command = [*TRADEWIND, *arguments, "--home", str(home), "--json"]
    done = subprocess.run(command, env=_environment(env), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{arguments}: exit code {done.returncode}: {done.stderr[-500:]}")


def _decide_every_hour(home: Path, env: dict[str, str]) -> None:
    """Put a release live that decides every hour, not every day: an hour should hold a decision."""
    script = (
        "import sys; from pathlib import Path; from flows.session import open_session; open_session(Path(sys.argv[1]))\n"
        "from core.deploy.release import baseline; from storage.activations import Activation; from tasks import clock\n"
        "from tasks.deploying import default_book_start, publish\n"
        "release = baseline('bybit', '1h', default_book_start('bybit', '1h')).model_copy(update={'rebalance': 1})\n"
        "publish(release, 'hour', '{}', Activation(release.fingerprint, 'full', clock.now(), 'hour', 'a benchmark'))"
    )
    subprocess.run([sys.executable, "-c", script, str(home)], env=_environment(env), check=True)  # noqa: S603


def _environment(more: dict[str, str]) -> dict[str, str]:
    ours = ("TRADEWIND_", "PREFECT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more  # noqa: TID251


def _until(seconds: float, found: Any) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.5)
    raise SystemExit(f"not within {seconds:g} s")


def _deployments(api: str) -> dict[str, str]:
    try:
        known = requests.post(f"{api}/deployments/filter", json={}, timeout=10).json()
    except requests.RequestException:
        return {}
    return {one["id"]: one["name"] for one in known} | {one["name"]: one["id"] for one in known}


def _watched(home: Path, up: subprocess.Popen[bytes], minutes: float) -> dict[str, Any]:
    """Sample memory and disk until the time is over."""
    memory, disk = [], []
    _until(120, lambda: clock.now().second == 0)
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
    runs = _runs(api, began)
    trade = [run for run in runs if run["deployment"] == "trade"]
    done = [run for run in trade if run["state_name"] == "Completed"]
    late = [_moment(run["start_time"]) - _moment(run["expected_start_time"]) for run in done]
    took = [_moment(run["end_time"]) - _moment(run["start_time"]) for run in done]
    spans = sorted((_moment(run["start_time"]), _moment(run["end_time"])) for run in done)
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


def _runs(api: str, began: float) -> list[dict[str, Any]]:
    names, found = _deployments(api), []
    now = clock.now()
    reach = {"after_": datetime.fromtimestamp(began, UTC).isoformat(), "before_": (now - timedelta(seconds=45)).isoformat()}
    for offset in range(0, 10_000, 200):
        asked = {
            "limit": 200,
            "offset": offset,
            "flow_runs": {"expected_start_time": reach, "deployment_id": {"is_null_": False}},
        }
        page = requests.post(f"{api}/flow_runs/filter", json=asked, timeout=30).json()
        found += [run | {"deployment": names.get(run["deployment_id"], "?")} for run in page]
        if len(page) < 200:
            return found
    return found


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _logs(home: Path) -> dict[str, Any]:
    said = "".join(file.read_text(errors="replace") for file in sorted((home / "logs").glob("*.log")))
    return {
        "database is locked": len(re.findall("database is locked", said)),
        "still in use": len(re.findall("still in use", said)),
        "errors in the logs": len(re.findall(r"\bERROR\b|Traceback", said)),
    }


if __name__ == "__main__":
    main()
