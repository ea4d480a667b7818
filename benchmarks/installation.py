"""A whole installation for a benchmark: a simulated Bybit on our own time, a home with its bars, `tradewind up` trading."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import requests

from tasks import clock

TRADEWIND = [sys.executable, "-c", "from flows.cli import main; main()"]
HISTORY_DAYS = 199


class Installation(NamedTuple):
    """A running one."""

    home: Path
    up: subprocess.Popen[bytes]
    api: str


@contextmanager
def installation(home: Path, webhook: str | None) -> Iterator[Installation]:
    """Bring everything up and take it down again; the account decides every hour."""
    home.mkdir(parents=True, exist_ok=True)
    with exchange(home) as there:
        env = there | ({"TRADEWIND_DISCORD_WEBHOOK": webhook} if webhook else {})
        call(["ingest", "--history-days", str(HISTORY_DAYS)], home, env)
        decide_every_hour(home, env)
        with started(["up"], home, env, home / "up.out") as up:
            api = until(180, lambda: (home / "server.url").exists() and (home / "server.url").read_text())
            until(180, lambda: "trade" in deployments(api))
            yield Installation(home, up, api)


@contextmanager
def exchange(home: Path) -> Iterator[dict[str, str]]:
    """Run a simulated Bybit on our own time and give the environment that trades there."""
    now = clock.now()
    reach = ["--start", f"{now:%Y-%m-%dT%H:%M:%S}", "--end", f"{now + timedelta(days=2):%Y-%m-%d}"]
    said = home / "exchange.out"
    with started(["exchange", *reach, "--speed", "1", "--json"], home, {}, said):
        row = until(60, lambda: said.exists() and said.read_text().strip() and json.loads(said.read_text().splitlines()[0]))
        yield {
            "TRADEWIND_BYBIT_URL": row["url"],
            "TRADEWIND_EXCHANGE_URL": row["url"],
            "TRADEWIND_MODE": "demo",
            "TRADEWIND_ACCOUNT": "hour",
            "TRADEWIND_API_KEY": row["api_key"],
            "TRADEWIND_API_SECRET": row["secret"],
        }


@contextmanager
def started(arguments: list[str], home: Path, env: dict[str, str], said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process of its own; Ctrl-C ends it."""
    with said.open("wb") as sink:
        command = [*TRADEWIND, *arguments, "--home", str(home)]
        process = subprocess.Popen(command, env=environment(env), stdout=sink, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def call(arguments: list[str], home: Path, env: dict[str, str]) -> None:
    """Run a command to its end, which has to be a good one."""
    command = [*TRADEWIND, *arguments, "--home", str(home), "--json"]
    done = subprocess.run(command, env=environment(env), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{arguments}: exit code {done.returncode}: {done.stderr[-500:]}")


def decide_every_hour(home: Path, env: dict[str, str]) -> None:
    """Put a release live that decides every hour, not every day: an hour should hold a decision."""
    script = (
        "import sys; from pathlib import Path; from flows.session import open_session; open_session(Path(sys.argv[1]))\n"
        "from core.deploy.release import baseline; from storage.activations import Activation; from tasks import clock\n"
        "from tasks.live_releases import default_book_start, publish\n"
        "release = baseline('bybit', '1h', default_book_start('bybit', '1h')).model_copy(update={'rebalance': 1})\n"
        "publish(release, 'hour', '{}', Activation(release.fingerprint, 'full', clock.now(), 'hour', 'a benchmark'))"
    )
    subprocess.run([sys.executable, "-c", script, str(home)], env=environment(env), check=True)  # noqa: S603


def environment(more: dict[str, str]) -> dict[str, str]:
    """Return our environment without anybody's Tradewind or Prefect settings."""
    ours = ("TRADEWIND_", "PREFECT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more  # noqa: TID251


def until(seconds: float, found: Any) -> Any:
    """Return what `found` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.5)
    raise SystemExit(f"not within {seconds:g} s")


def deployments(api: str) -> dict[str, str]:
    """Return the names of the deployments by id, and their ids by name; nothing while the server does not answer."""
    try:
        known = requests.post(f"{api}/deployments/filter", json={}, timeout=10).json()
    except requests.RequestException:
        return {}
    return {one["id"]: one["name"] for one in known} | {one["name"]: one["id"] for one in known}


def runs_of(api: str, began: float, *, until_now: bool = False) -> list[dict[str, Any]]:
    """Return the deployments' runs that came due since then; those of the last 45 seconds may not be over, and are left out."""
    names, found = deployments(api), []
    last = clock.now() + timedelta(seconds=30 if until_now else -45)
    reach = {
        "after_": datetime.fromtimestamp(began, UTC).isoformat(),
        "before_": last.isoformat(),
    }
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


def moment(text: str) -> float:
    """Read a moment as Prefect writes it: seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()
