"""kill -9 in the middle of commits: what was acknowledged is there, and nothing is there by half.

TRADEWIND_KILLS says how often.
"""

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.execution.intents import IntentState
from storage.store import Store

ROOT = Path(__file__).parents[2]
WORKERS = Path(__file__).with_name("workers.py")
KILLS = int(os.environ.get("TRADEWIND_KILLS", "10"))


def killed_after(home, lines, pause):
    """Run a writer, let it acknowledge some writes, kill it a moment later; return every line it had printed."""
    command = [sys.executable, str(WORKERS), "crash", str(home), "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    heard = list(itertools.islice(writer.stdout, lines))
    time.sleep(pause)
    writer.send_signal(signal.SIGKILL)
    heard += writer.stdout.readlines()
    assert writer.wait() == -signal.SIGKILL
    return [line.split() for line in heard if line.endswith("\n")]


@pytest.mark.long
@pytest.mark.timeout(30 + 10 * KILLS)
def test_an_acknowledged_write_survives_a_kill_and_no_write_is_there_by_half(tmp_path):
    chance = random.Random(1)
    newest = {}
    for _ in range(KILLS):
        for what, batch in killed_after(tmp_path, chance.randint(1, 12), chance.uniform(0, 0.1)):
            newest[what] = max(newest.get(what, -1), int(batch))
        check(Store(tmp_path), newest)


def check(store, newest):
    intents, fills = store.intents.all(10**6), store.fills.all()
    whole(len(intents), 50, newest.get("intents", -1))
    whole(len(fills), 50, newest.get("fills", -1))
    series = store.bars.series()
    assert len({s.bars for s in series}) <= 1
    assert all(s.gaps == 0 for s in series)
    whole(series[0].bars - 1 if series else 0, 24, newest.get("bars", -1))
    sent = sum(intent.state is IntentState.SENT for intent in intents)
    whole(sent, 1, newest.get("sent", -1))


def whole(rows, size, acknowledged):
    assert rows % size == 0, "half a batch is there"
    assert rows // size >= acknowledged + 1, "an acknowledged batch is lost"
