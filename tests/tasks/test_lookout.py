"""The lookout: what it finds is told once, and is told even when the store takes nothing."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from core.notify.delivery import Line
from core.notify.notice import Severity
from core.notify.watching import begun
from storage.store import MemoryStore, Store
from tasks import clock
from tasks.destinations import PREFECT, prefect_destination
from tasks.lookout import Lookout
from tasks.mailbox import Mailbox
from tasks.settings import settings
from tests.core.notify.notices import plain_notice


@pytest.fixture
def lookout(tmp_path):
    now = clock.now()
    store = Store(tmp_path, patience=0.05)
    told = (prefect_destination(lambda: ""),)
    mailbox = Mailbox(store, None)
    return Lookout(tmp_path, None, mailbox, MemoryStore(), told, since=now, watch=begun(now), looked=now)


ASKED = []


class _Prefect(BaseHTTPRequestHandler):
    """Enough of a server: one crashed run, one deployment."""

    def do_GET(self):
        ASKED.append(self.path)
        self._reply({})

    def do_POST(self):
        ended = clock.now().isoformat()
        run = {"id": "r-1", "flow_id": "f-1", "deployment_id": None, "state_name": "Crashed", "end_time": ended}
        answers = {
            "flow_runs": [{**run, "state": {"message": "killed"}}],
            "flows": [{"id": "f-1", "name": "trade"}],
            "deployments": [{"paused": True, "schedules": [{"active": True}]}],
        }
        self._reply(answers[self.path.split("/")[2]])

    def _reply(self, body):
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


@pytest.fixture
def prefect():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Prefect)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/api"
    server.shutdown()
    server.server_close()


def test_a_run_that_no_automation_told_is_found_once(lookout, prefect):
    lookout.chosen = prefect
    lookout.look()
    lookout._due.clear()
    lookout.look()
    (notice,) = lookout.mailbox.store.outbox.newest(9)
    assert (notice.id, notice.severity) == ("flow-run.r-1.crashed", Severity.CRITICAL)
    assert lookout.health()["server"] == "answers"
    assert not lookout.trades


def test_what_the_automation_told_is_not_told_again(lookout, prefect):
    lookout.receive("flow_run_id: r-1\nflow: trade\nstate: Crashed\nmessage: killed")
    lookout.chosen = prefect
    lookout.look()
    assert len(lookout.mailbox.store.outbox.newest(9)) == 1


def test_what_the_store_does_not_take_is_kept_in_memory_with_the_reason(lookout, tmp_path):
    lookout.mailbox.store.outbox.newest(1)
    with Store(tmp_path).trading.read():
        lookout.receive("flow_run_id: r-1\nflow: trade\nstate: Crashed")
    assert [notice.event for notice in lookout.spare.outbox.newest(9)] == ["outbox.unwritable", "flow-run.crashed"]
    assert lookout.mailbox.store.outbox.newest(9) == ()


def test_a_store_that_cannot_be_read_makes_it_unwell(lookout, tmp_path):
    (tmp_path / "trading.duckdb").write_bytes(b"not a database" * 999)
    lookout.look()
    health = lookout.health()
    assert not health["ok"]
    assert "cannot be read" in health["why"][0]


def test_a_hook_that_is_gone_or_long_behind_makes_it_unwell(lookout):
    lookout.destinations = (replace(lookout.destinations[0], is_quiet=False),)
    hour_ago = clock.now() - timedelta(hours=1)
    lookout.mailbox.store.outbox.open(PREFECT, since=hour_ago, least=Severity.EVENT)
    lookout.mailbox.store.outbox.add([plain_notice(1, at=hour_ago)])
    lookout.look()
    assert lookout.health()["ok"]
    assert lookout.waiting == 1
    for line in (Line(3, trouble="HTTP 503"), Line(gone="HTTP 404")):
        lookout.mailbox.store.outbox.keep(PREFECT, line)
        lookout.look()
        assert lookout.health()["why"] == [f"Prefect's events: {line.trouble or line.gone}"]


def test_an_outside_monitor_is_called_while_all_is_well_and_not_otherwise(lookout, prefect, tmp_path, monkeypatch):
    ASKED.clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADEWIND_PING_URL", prefect.replace("/api", "/ping"))
    settings.cache_clear()
    lookout.destinations = (replace(lookout.destinations[0], is_quiet=False),)
    lookout.mailbox.store.outbox.open(PREFECT, since=clock.now(), least=Severity.EVENT)
    for line in (Line(gone="HTTP 404"), Line()):
        lookout.mailbox.store.outbox.keep(PREFECT, line)
        lookout.look()
        assert lookout.health()["ok"] is not bool(line.gone)
    end = time.monotonic() + 10
    while "/ping" not in ASKED and time.monotonic() < end:
        time.sleep(0.01)
    settings.cache_clear()
    assert ASKED.count("/ping") == 1
