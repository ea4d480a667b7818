"""kill -9 of a flow run's process, of the worker and of the server: who is told, how long it takes, what goes on by itself.

    python -m benchmarks.kills [--home DIR]

A whole installation trades against a simulated exchange; a receiver with Discord's shape hears what is told.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

from benchmarks.installation import Installation, installation, moment, runs_of, until

PATIENCE = 300.0
SETTLED = 330.0
"""Seconds after which Prefect's automations hear of every run: of those planned before its start they hear late."""


def main() -> None:
    """Kill one after the other, and print what followed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="an empty folder; a temporary one by default")
    asked = parser.parse_args()
    with ExitStack() as running:
        home = asked.home or Path(running.enter_context(tempfile.TemporaryDirectory()))
        hook = running.enter_context(_receiver(home))
        there = running.enter_context(installation(home / "home", hook))
        until(PATIENCE, lambda: _ticks_since(there, 0.0))
        _say("a waiting tick, just after the start", _killed(there, hook, lambda: _engine(there, "trade", "PENDING")))
        time.sleep(max(0.0, SETTLED - _age(there)))
        _start(there, "null-test")
        _say("a running null test", _killed(there, hook, lambda: _engine(there, "null-test", "RUNNING")))
        _say("the worker that trades", _killed(there, hook, lambda: _process(there, "worker start --pool live")))
        _say("the server", _killed(there, hook, lambda: _process(there, "server start")))


def _say(what: str, figures: dict[str, Any]) -> None:
    sys.stdout.write(f"{what:>38}  " + ", ".join(f"{name} {value}" for name, value in figures.items()) + "\n")
    sys.stdout.flush()


def _killed(there: Installation, hook: str, victim: Callable[[], int | None]) -> dict[str, Any]:
    """Kill a process once it is there; wait until somebody was told, and until a tick has begun and ended after it."""
    pid = until(PATIENCE, victim)
    before = len(_seen(hook))
    at = time.time()  # noqa: TID251 - a benchmark is its own clock
    os.kill(pid, signal.SIGKILL)
    told, first = until(PATIENCE, lambda: _told(hook, before))
    tick = until(PATIENCE, lambda: _ticks_since(there, at))
    return {"told after s": round(told - at, 1), "first": repr(first), "a whole tick ended after s": round(tick - at, 1)}


def _told(hook: str, before: int) -> tuple[float, str] | None:
    new = _seen(hook)[before:]
    return (time.time(), new[0]) if new else None  # noqa: TID251


def _seen(hook: str) -> list[str]:
    """Return the title of every message, but for those about orders that were filled meanwhile."""
    messages = requests.get(hook.split("/api/", maxsplit=1)[0] + "/seen", timeout=5).json()
    titles = [embed.get("title", "") for message in messages for embed in message["payload"].get("embeds", [])]
    return [title for title in titles if "orders filled" not in title]


def _ticks_since(there: Installation, at: float) -> float | None:
    try:
        runs = runs_of(there.api, at, until_now=True)
    except (requests.RequestException, ValueError):
        return None
    ended = [moment(r["end_time"]) for r in runs if r["deployment"] == "trade" and r["state_name"] == "Completed"]
    return min(ended) if ended else None


def _engine(there: Installation, deployment: str, state: str) -> int | None:
    """Return the process of a run of this deployment that is in this state: one that has ended is no victim."""
    runs = runs_of(there.api, 0.0, until_now=True)
    wanted = {r["id"] for r in runs if (r["deployment"], r["state_type"]) == (deployment, state)}
    for pid, words, environ in _processes(there):
        if "prefect.engine" in words and any(f"PREFECT__FLOW_RUN_ID={run}" in environ for run in wanted):
            return pid
    return None


def _process(there: Installation, mark: str) -> int | None:
    return next((pid for pid, words, _ in _processes(there) if mark in words), None)


def _processes(there: Installation) -> Iterator[tuple[int, str, str]]:
    home = f"TRADEWIND_HOME={there.home.resolve()}"
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_text(errors="replace").split("\0")
            words = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if home in environ:
            yield int(folder.name), words, "\n".join(environ)


def _start(there: Installation, deployment: str) -> None:
    known = requests.post(f"{there.api}/deployments/filter", json={}, timeout=10).json()
    (which,) = [one["id"] for one in known if one["name"] == deployment]
    requests.post(f"{there.api}/deployments/{which}/create_flow_run", json={}, timeout=10).raise_for_status()


def _age(there: Installation) -> float:
    return time.time() - (there.home / "server.url").stat().st_mtime  # noqa: TID251


@contextmanager
def _receiver(home: Path) -> Iterator[str]:
    home.mkdir(parents=True, exist_ok=True)
    said = home / "receiver.out"
    with said.open("wb") as sink:
        process = subprocess.Popen([sys.executable, "-m", "tests.tasks.discord_receiver", "--port", "0"], stdout=sink)
    try:
        yield until(60, lambda: '"hook"' in said.read_text() and said.read_text().split('"')[3])
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
