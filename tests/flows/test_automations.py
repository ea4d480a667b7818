"""A real Prefect server is brought in step with the automations' file, tells our messenger, and sets going no stampede."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread

import pytest
import yaml
from prefect.client.schemas.responses import SetStateStatus
from prefect.events.schemas.automations import AutomationCore
from prefect.settings import PREFECT_API_URL
from prefect.states import Failed, Pending, Running, Scheduled

from core.errors import ConfigError
from tasks import clock
from tasks.abandoned import CATCH_UP, end_abandoned, end_missed, release_runs
from tasks.automations import FILE, PREFIX, Synced, missing_automations, sync_automations
from tasks.deployed_mark import keep_mark, read_mark, sources_mark
from tasks.prefect_api import ensure_pools, prefect_at
from tasks.project import declared_deployments, project_root

ROOT = project_root()
NAMES = sorted(deployment["name"] for deployment in declared_deployments(ROOT))
DECLARED = {spec["name"] for spec in yaml.safe_load((ROOT / FILE).read_text())["automations"]}
ELSEWHERE = "http://127.0.0.1:9"

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def server(prefect_server):
    return PREFECT_API_URL.value()


@pytest.fixture
def client(server):
    with prefect_at(server) as client:
        yield client


@pytest.fixture(scope="module")
def deployments(server):
    with prefect_at(server) as client:
        return {name: client.create_deployment(client.create_flow_from_name(name), name) for name in NAMES}


@pytest.fixture
def receiver():
    """A loopback HTTP server's address, and what is posted to it."""
    posted = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.put((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", posted
        http.shutdown()


def changed(one, **fields):
    return AutomationCore.model_validate(one.model_dump(exclude={"id", "owner_resource"}) | fields)


def ours(client):
    return [one for one in client.read_automations() if one.name.startswith(PREFIX)]


def test_a_server_brought_in_step_twice_is_brought_in_step_once(client, deployments):
    first = sync_automations(client, ROOT, deployments, ELSEWHERE)
    assert set(first.made) | {one.name for one in ours(client)} >= DECLARED
    assert sync_automations(client, ROOT, deployments, ELSEWHERE) == Synced()
    assert sorted(one.name for one in ours(client)) == sorted(DECLARED)
    assert missing_automations(client, ROOT) == ()


def test_duplicates_and_what_the_file_no_longer_has_are_deleted_and_strangers_left_alone(client, deployments):
    sync_automations(client, ROOT, deployments, ELSEWHERE)
    one = ours(client)[0]
    for name in (one.name, f"{PREFIX}of an older version", "somebody else's"):
        client.create_automation(changed(one, name=name))
    done = sync_automations(client, ROOT, deployments, ELSEWHERE)
    assert done == Synced(deleted=tuple(sorted((one.name, f"{PREFIX}of an older version"))))
    assert sorted(known.name for known in client.read_automations()) == sorted([*DECLARED, "somebody else's"])


def test_what_was_switched_off_stays_off_and_what_was_changed_is_put_right(client, deployments):
    sync_automations(client, ROOT, deployments, ELSEWHERE)
    one = ours(client)[0]
    client.update_automation(one.id, changed(one, description="changed by hand", enabled=False))
    assert sync_automations(client, ROOT, deployments, ELSEWHERE) == Synced(changed=(one.name,))
    (now,) = [known for known in ours(client) if known.id == one.id]
    assert not now.enabled
    assert now.description != "changed by hand"
    assert missing_automations(client, ROOT) == (one.name,)
    client.update_automation(now.id, changed(now, enabled=True))


def test_a_run_that_fails_reaches_the_messenger(client, deployments, receiver):
    url, posted = receiver
    sync_automations(client, ROOT, deployments, url)
    run = client.create_flow_run_from_deployment(deployments["report"])
    client.set_flow_run_state(run.id, Failed(message="no bars\nin the store"), force=True)
    path, said = posted.get(timeout=30)
    assert path == "/prefect"
    assert said["subject"] == "report"
    lines = said["body"].split("\n")
    assert lines[:4] == [f"flow_run_id: {run.id}", "flow: report", "deployment: report", "state: Failed"]
    assert lines[4].startswith("url: ")
    assert lines[5:] == ["message: no bars", "in the store"]


def test_a_run_of_somebody_else_is_none_of_our_business(client, deployments, receiver):
    url, posted = receiver
    sync_automations(client, ROOT, deployments, url)
    foreign = client.create_deployment(client.create_flow_from_name("foreign"), "foreign")
    for deployment in (foreign, deployments["ingest"]):
        run = client.create_flow_run_from_deployment(deployment)
        client.set_flow_run_state(run.id, Failed(message="no"), force=True)
    assert posted.get(timeout=30)[1]["subject"] == "ingest"
    assert posted.empty()


def test_a_file_that_names_an_unknown_deployment_is_refused_in_one_line(client, tmp_path):
    (tmp_path / FILE.parent).mkdir()
    spec = {"name": f"{PREFIX}x", "of": ["nowhere"], "trigger": {"type": "event"}, "actions": ["tell"]}
    (tmp_path / FILE).write_text(yaml.safe_dump({"automations": [spec]}))
    with pytest.raises(ConfigError, match="no deployment 'nowhere'"):
        sync_automations(client, tmp_path, {}, ELSEWHERE)
    (tmp_path / FILE).write_text("automations: 7")
    with pytest.raises(ConfigError, match="not a file of automations"):
        sync_automations(client, tmp_path, {}, ELSEWHERE)


def due(client, deployment):
    runs = client.read_flow_runs()
    mine = [run for run in runs if run.deployment_id == deployment and run.state.is_scheduled()]
    return [run for run in mine if run.expected_start_time < clock.now()]


def test_what_was_missed_runs_once_where_that_is_wanted_and_never_where_it_is_not(client):
    """Three runs each by hand; a second sweep finds the one that is kept, and keeps it."""
    kept, lost = (
        client.create_deployment(client.create_flow_from_name(name), name, tags=tags)
        for name, tags in (("kept", [CATCH_UP]), ("lost", []))
    )
    for deployment in (kept, lost):
        for minutes in (1, 2, 3):
            planned = Scheduled(scheduled_time=clock.now() - timedelta(minutes=minutes))
            client.create_flow_run_from_deployment(deployment, state=planned)
    swept = end_missed(client, clock.now(), ["kept", "lost"])
    assert (swept.missed, swept.caught_up) == (5, ("kept",))
    assert end_missed(client, clock.now(), ["kept", "lost"]).missed == 0
    assert len(due(client, kept)) == 1
    assert not due(client, lost)


def test_a_run_that_was_begun_is_crashed_and_not_begun_again(client):
    deployment = client.create_deployment(client.create_flow_from_name("begun"), "begun", tags=[CATCH_UP])
    run = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(run.id, Pending(), force=True)
    swept = end_abandoned(client, clock.now())
    assert swept.crashed == 1
    assert client.read_flow_run(run.id).state.is_crashed()
    assert not due(client, deployment)


def test_what_a_dead_worker_had_taken_is_planned_again_if_it_had_not_begun(client):
    ensure_pools(client, ["dead"])
    flow = client.create_flow_from_name("taken")
    runs = {}
    for name, state in (("waiting", Pending()), ("running", Running()), ("old", Pending())):
        deployment = client.create_deployment(flow, name, work_pool_name="dead", concurrency_limit=1)
        when = clock.now() - timedelta(minutes=5 if name == "old" else 0)
        runs[name] = client.create_flow_run_from_deployment(deployment, state=Scheduled(scheduled_time=when)).id
        client.set_flow_run_state(runs[name], state, force=True)
    assert release_runs(client, "dead", clock.now()) == (1, 2)
    states = {name: client.read_flow_run(run).state.name for name, run in runs.items()}
    assert states == {"waiting": "Scheduled", "running": "Crashed", "old": "Crashed"}
    again = client.set_flow_run_state(runs["waiting"], Pending())
    assert again.status is SetStateStatus.ACCEPT, "the slot that it had is free again"


def test_the_mark_of_what_was_deployed_is_kept_on_the_server(client):
    assert read_mark(client) == ""
    for mark in ("one", "another"):
        keep_mark(client, mark)
        assert read_mark(client) == mark
    assert sources_mark(ROOT) == sources_mark(ROOT)
