"""The messenger as it runs: a process of its own beside a Discord of our own."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from core.errors import DataError
from core.notify.notice import Notice, Severity
from core.notify.wording import mark
from storage.store import Store
from tasks import heartbeat, heartbeat_note
from tasks.lock import write_note
from tests.flows.terminal import TRADEWIND, answer, refusal
from tests.tasks.discord_receiver import Receiver, drawn
from tests.tasks.test_courier import marks

SOON = 40


def notices(*names, severity=Severity.INFO):
    return [Notice(name, "order.filled", datetime.now(UTC), severity, "account.paper", f"Bought {name}") for name in names]


def environment(*hooks, **more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEWIND_", "PREFECT_"))}
    return {**clean, "TRADEWIND_DISCORD_WEBHOOK": " ".join(hooks), "PREFECT_API_URL": "http://127.0.0.1:9/api", **more}


@contextmanager
def messenger(home, *hooks, **more):
    """A messenger of this home, and its address."""
    process = subprocess.Popen(
        [TRADEWIND, "messenger", "--json", "--home", home],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment(*hooks, **more),
    )
    line = process.stdout.readline()
    assert line, process.stderr.read()
    try:
        yield process, json.loads(line)["url"]
    finally:
        process.terminate()
        process.said = "".join(process.communicate(timeout=20))


def wait_for(true, seconds=SOON):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def failed(flow, run, state="Crashed"):
    body = f"flow_run_id: {run}\nflow: {flow}\ndeployment: {flow}\nstate: {state}\nurl: http://x\nmessage: was killed\nby hand"
    return {"subject": f"{flow} {state}", "body": body}


def test_a_messenger_delivers_answers_and_leaves_in_order(tmp_path):
    with Receiver() as receiver:
        with messenger(tmp_path, receiver.hook(1), TRADEWIND_MESSENGER_URL="http://127.0.0.1:43110") as (process, url):
            assert (tmp_path / "messenger.url").read_text() == url
            Store(tmp_path).outbox.add(notices("a"))
            wait_for(lambda: receiver.stored)
            assert marks(receiver.stored) == {mark("a"): 1}

            assert requests.post(f"{url}/prefect", json=failed("trade", "r-1"), timeout=30).status_code == 202
            assert requests.post(f"{url}/prefect", json=failed("trade", "r-1"), timeout=30).status_code == 202
            wait_for(lambda: len(receiver.stored) == 2)
            assert receiver.stored[1].payload["embeds"][0]["title"] == "trade crashed"
            assert "was killed\nby hand" in receiver.stored[1].payload["embeds"][0]["description"]

            assert requests.post(f"{url}/prefect", json={"body": "nonsense"}, timeout=30).status_code == 400
            assert requests.post(f"{url}/prefect", data=json.dumps(failed("trade", "r-2")), timeout=30).status_code == 400
            assert requests.get(f"{url}/elsewhere", timeout=30).status_code == 404
            health = requests.get(f"{url}/health", timeout=30)
            assert health.status_code == 200
            assert set(health.json()) == {"ok", "why", "heartbeat_age_seconds", "server", "waiting", "since"}
            assert (health.json()["heartbeat_age_seconds"], health.json()["server"]) == (None, "silent")

            hooks = {"TRADEWIND_DISCORD_WEBHOOK": receiver.hook(1)}
            assert answer("notify", home=tmp_path, **hooks)["webhooks"][0]["message"] == "3"
            assert "a messenger already runs here: process" in refusal("messenger", home=tmp_path, **hooks)
            began = time.monotonic()
        assert time.monotonic() - began < 8
        assert process.returncode == 0
        assert not (tmp_path / "messenger.url").exists()
        assert "s3cret" not in process.said


def test_a_trial_notice_says_of_every_webhook_what_became_of_it(tmp_path):
    with Receiver({1: ["ok"], 2: ["404"]}) as receiver:
        hooks = {"TRADEWIND_DISCORD_WEBHOOK": f"{receiver.hook(1)},{receiver.hook(2)}"}
        tried = answer("notify", "hello", home=tmp_path, **hooks)
        assert tried["arrived"] is True
        first, second = tried["webhooks"]
        assert (first["message"], first["trouble"], first["sources"]) == ("1", "", ["environment"])
        assert (second["message"], second["trouble"]) == ("", "HTTP 404 Unknown Webhook")
        assert receiver.of(1)[0].payload["embeds"][0]["description"] == "hello"


def test_a_trial_without_a_webhook_or_with_a_malformed_one_is_refused(tmp_path):
    assert "set TRADEWIND_DISCORD_WEBHOOK" in refusal("notify", home=tmp_path)
    line = refusal("messenger", home=tmp_path, TRADEWIND_DISCORD_WEBHOOK="https://discord.com/s3cret")
    assert "expected https://discord.com" in line
    assert "s3cret" not in line


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_messenger_that_is_killed_again_and_again_loses_nothing(tmp_path):
    store, everything, chance = Store(tmp_path), [], drawn(5, 0.5)
    script = tuple("ok" if action.startswith(("400", "hang", "lost")) else action for action in chance)
    with Receiver(script) as receiver:
        for life in range(6):
            with messenger(tmp_path, receiver.hook(1)) as (process, _):
                for batch in range(3):
                    names = [f"{life}-{batch}-{n}" for n in range(10)]
                    store.outbox.add(notices(*names))
                    everything += names
                    time.sleep(0.7)
                process.send_signal(signal.SIGKILL)
                process.wait()
        with messenger(tmp_path, receiver.hook(1)):
            wait_for(lambda: not sum(each.waiting for each in store.outbox.standings() if each.destination != "prefect"), 120)
    told = marks(receiver.stored)
    assert set(told) == {mark(name) for name in everything}
    # What was on its way when the process died is told once more, and nothing else is.
    assert max(told.values()) <= 1 + 6
    assert sum(times > 1 for times in told.values()) <= 6 * 30


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_standing_heart_and_a_silent_server_are_told_and_make_the_messenger_unwell(tmp_path):
    (tmp_path / "heartbeat.json").write_text(json.dumps({"at": datetime(2026, 1, 1, tzinfo=UTC).isoformat()}))
    with Receiver() as receiver, messenger(tmp_path, receiver.hook(1)) as (_, url):
        wait_for(lambda: len(receiver.stored) == 2, 200)
        titles = [message.payload["embeds"][0]["title"] for message in receiver.stored]
        assert titles == ["The Prefect server is silent", "Trading stands still"]
        health = requests.get(f"{url}/health", timeout=30)
        assert (health.status_code, len(health.json()["why"])) == (503, 2)
        (tmp_path / "heartbeat.json").write_text(json.dumps({"at": datetime.now(UTC).isoformat()}))
        wait_for(lambda: len(receiver.stored) == 3)
        assert receiver.stored[2].payload["embeds"][0]["title"] == "Trading ticks again"


def test_the_receiver_runs_from_a_command_line(tmp_path):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.tasks.discord_receiver", "--script", "ok,429:0.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        hook = json.loads(process.stdout.readline())["hook"]
        message = {"content": "hi", "allowed_mentions": {"parse": []}}
        statuses = [requests.post(hook, params={"wait": "true"}, json=message, timeout=10).status_code for _ in range(2)]
        process.kill()
    assert statuses == [200, 429]


def test_the_heartbeat_that_is_read_is_the_one_that_is_written(tmp_path):
    assert heartbeat_note.FILE == heartbeat.FILE
    assert heartbeat_note.last_beat(tmp_path) is None
    write_note(tmp_path / heartbeat.FILE, {"at": datetime(2026, 1, 1, tzinfo=UTC).isoformat()})
    assert heartbeat_note.last_beat(tmp_path) == datetime(2026, 1, 1, tzinfo=UTC)
    (tmp_path / heartbeat.FILE).write_text("{")
    with pytest.raises(DataError, match="unreadable"):
        heartbeat_note.last_beat(tmp_path)
