"""`tradewind up` brings everything up, says who it is, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from core.errors import ConfigError
from storage.store import Store
from tasks.children import ChildEnded, start_child, stop_children
from tasks.environment import for_child
from tasks.prefect_processes import HOST, free_port
from tasks.project import declared_deployments, project_root
from tasks.up_lock import up_lock

CLI = [sys.executable, "-c", "from flows.cli import main; main()"]
COMMAND = [*CLI, "up", "--home"]
DEPLOYED = {deployment["name"] for deployment in declared_deployments(project_root())}
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def until(seconds, found):
    """Return what `found` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s")


def processes_of(home):
    """Ids of the processes whose environment names this home, but for the zombies."""
    mark, found = f"TRADEWIND_HOME={home}\0".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() + b"\0":
                found.append(int(folder.name))
        except OSError:  # gone, or another user's
            continue
    return found


def child_pid(home, words):
    for pid in processes_of(home):
        if words in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
            return pid
    return None


def called(command, home):
    done = subprocess.run(
        [*CLI, command, "--json", "--home", str(home)], capture_output=True, text=True, timeout=90, check=False
    )
    return done.returncode, json.loads(done.stdout)


def begin_up(home):
    hidden = {"PREFECT_API_URL", "TRADEWIND_VENUE", "TRADEWIND_DISCORD_WEBHOOK"}
    env = {k: v for k, v in os.environ.items() if k not in hidden}
    env["TRADEWIND_BYBIT_URL"] = "http://127.0.0.1:9"  # nobody there: the schedules must not reach the internet
    with (home.parent / "up.out").open("w") as sink:
        return subprocess.Popen([*COMMAND, str(home)], stdout=sink, stderr=subprocess.STDOUT, env=env)


@pytest.fixture
def up(tmp_path):
    home = tmp_path / "home"
    process = begin_up(home)
    yield process, home, tmp_path / "up.out"
    process.kill()
    process.wait()
    until(15, lambda: not processes_of(home))


def serving(process, home, said):
    """Wait until everything runs, and return the server's address."""
    until(220, lambda: "Ctrl-C" in said.read_text() or process.poll() is not None)
    assert process.poll() is None, said.read_text()
    return (home / "server.url").read_text()


@pytest.mark.flow
@pytest.mark.long
@pytest.mark.timeout(400)
def test_up_runs_everything_keeps_it_running_and_leaves_nothing_behind(up):
    process, home, said = up

    api = serving(process, home, said)
    assert requests.get(f"{api}/health", timeout=5).ok
    assert requests.get(api.removesuffix("/api"), timeout=5).ok

    known = requests.post(f"{api}/deployments/filter", json={}, timeout=5).json()
    ids = {one["name"]: one["id"] for one in known}
    assert ids.keys() == DEPLOYED
    assert "not planned" not in said.read_text()

    run = requests.post(f"{api}/deployments/{ids['report']}/create_flow_run", json={}, timeout=5).json()
    path = f"{api}/flow_runs/{run['id']}"
    ended = until(60, lambda: (now := requests.get(path, timeout=5).json())["state_type"] in ENDED and now)
    assert ended["state_type"] == "FAILED"
    assert "no bars in" in ended["state"]["message"], "the flow itself ran, with this home"

    second = subprocess.run([*COMMAND, str(home)], capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert f"process {process.pid} since" in second.stderr
    assert second.stderr.count("\n") == 1

    os.kill(child_pid(home, "--pool batch"), signal.SIGKILL)
    until(30, lambda: "worker batch runs again" in said.read_text())
    until(30, lambda: {"process.died", "process.restarted"} <= {notice.event for notice in Store(home).outbox.newest(20)})

    status, seen = called("status", home)
    assert (status, seen["ok"]) == (1, False), "the report failed"
    assert any(line.startswith("report: Failed: ") for line in seen["complaints"])
    assert seen["up"]["pid"] == process.pid
    assert {flow["name"] for flow in seen["flows"]} == DEPLOYED
    _, found = called("doctor", home)
    outcomes = {check["check"]: check["outcome"] for check in found["checks"]}
    on_the_server = ("tradewind up", "leftovers", "Prefect server", "Prefect database", "deployments", "automations")
    assert {outcomes[name] for name in on_the_server} == {"ok"}, found

    assert called("down", home) == (0, {"pid": process.pid, "stopped": True})
    assert process.wait(5) == 0, said.read_text()
    assert processes_of(home) == []
    assert not (home / "server.url").exists()
    assert called("down", home) == (0, {"pid": None, "stopped": True})


@pytest.mark.flow
@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_run_whose_process_was_killed_is_told_and_its_slot_is_free_again(up):
    process, home, said = up
    api = serving(process, home, said)
    known = requests.post(f"{api}/deployments/filter", json={}, timeout=5).json()
    (null_test,) = [one["id"] for one in known if one["name"] == "null-test"]
    runs = {requests.post(f"{api}/deployments/{null_test}/create_flow_run", json={}, timeout=5).json()["id"] for _ in range(2)}
    first, pid = until(120, lambda: next(((run, pid) for run in runs if (pid := process_of(run))), None))
    os.kill(pid, signal.SIGKILL)
    told = until(120, lambda: [n for n in Store(home).outbox.newest(20) if n.id.startswith(f"flow-run.{first}.")])
    assert told[0].title.startswith("null-test crashed")
    (other,) = runs - {first}  # Prefect promises no order
    until(120, lambda: process_of(other))


def process_of(run):
    mark = f"PREFECT__FLOW_RUN_ID={run}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                return int(folder.name)
        except OSError:  # gone, or another user's
            continue
    return None


def test_a_second_holder_is_told_who_holds_the_home(tmp_path):
    with up_lock(tmp_path), pytest.raises(ConfigError, match=f"process {os.getpid()} since"), up_lock(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["up.lock"]


def test_a_port_that_is_taken_is_passed_over():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with free_port() as port:
            taken.bind((HOST, port))
            taken.listen()
        with free_port() as next_port:
            assert next_port != port


def test_a_port_is_kept_while_nobody_listens_on_it():
    with free_port() as ours, free_port() as theirs:
        assert theirs != ours


def sleeper(tmp_path, code="import time; time.sleep(60)"):
    return start_child("sleeper", [sys.executable, "-c", code], env=for_child(), cwd=tmp_path, logs=tmp_path / "logs")


def test_a_child_that_ends_by_itself_is_named_with_its_log(tmp_path):
    child = sleeper(tmp_path, "raise SystemExit(3)")
    child.process.wait()
    with pytest.raises(ChildEnded, match=r"sleeper ended by itself \(exit code 3\): see .*sleeper\.log"):
        child.check()


def test_a_child_that_will_not_go_is_killed_with_its_own_children(tmp_path):
    stubborn = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\n"
        "import time; time.sleep(60)"
    )
    child = sleeper(tmp_path, stubborn)
    grandchild = int(until(10, child.log.read_text))
    stop_children([child], patience=0.2)
    assert child.process.returncode == -signal.SIGKILL
    until(5, lambda: not running(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's kernel ends a child with its parent")
def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from tasks.children import start_child\n"
        "place = Path(sys.argv[1])\n"
        "child = start_child('c', [sys.executable, '-c', 'import time; time.sleep(60)'], env={}, cwd=place, logs=place)\n"
        "print(child.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert running(child)
    parent.kill()
    parent.communicate()
    until(5, lambda: not running(child))


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
