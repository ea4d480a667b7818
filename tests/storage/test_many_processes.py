# ruff: noqa: T201 - what it prints is what it is for
"""Four processes hammer one store; TRADEWIND_SOAK_SECONDS says for how long."""

import json
import os
import subprocess
import sys
from pathlib import Path

from core.execution.intents import IntentState
from storage.store import Store

ROOT = Path(__file__).parents[2]
WORKERS = Path(__file__).with_name("workers.py")
SECONDS = float(os.environ.get("TRADEWIND_SOAK_SECONDS", "8"))
ROLES = ("live", "ingest", "reader", "nightly")


def start(role, home, seconds):
    command = [sys.executable, str(WORKERS), role, str(home), str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_four_processes_on_one_store_lose_nothing(tmp_path):
    workers = [start(role, tmp_path, SECONDS) for role in ROLES]
    outcomes = [worker.communicate(timeout=SECONDS + 120) for worker in workers]
    for role, worker, (_, complaint) in zip(ROLES, workers, outcomes, strict=True):
        assert worker.returncode == 0, f"{role}: {complaint}"
    told = {outcome["role"]: outcome for outcome in (json.loads(out) for out, _ in outcomes)}
    for outcome in told.values():
        print("{role:8} {operations:5} operations, worst {worst:.2f} s, {acked} acknowledged".format(**outcome))

    store = Store(tmp_path)
    batches = told["live"]["acked"]
    assert len(store.fills.all()) == 3 * batches
    sent = store.intents.all(10**6)
    assert len(sent) == 3 * batches
    assert {intent.state for intent in sent} == {IntentState.SENT}
    assert [series.bars for series in store.bars.series()] == [24 * told["ingest"]["acked"] + 1] * 20
    assert len(store.trials.of_run("night")) == 1000 * told["nightly"]["acked"]
    assert store.paper.load("night") == str(told["nightly"]["acked"] - 1)
    assert told["reader"]["acked"] > 0
    assert max(outcome["worst"] for outcome in told.values()) < 15
