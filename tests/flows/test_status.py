"""`tradewind status` says in one page, and in one exit code, whether all is well."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from flows.cli import app
from storage.equity import Snapshot
from tasks import clock
from tasks.lock import write_note
from tasks.stopping import set_stop
from tasks.stores import store
from tasks.up_lock import up_lock
from tests.flows.recorded import RELEASE


@pytest.fixture
def quiet(home, monkeypatch):
    """No Prefect server anywhere."""
    monkeypatch.setenv("PREFECT_HOME", str(home))  # the command changes it: this puts it back
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


def status(home, capsys):
    code = app(["status", "--json", "--home", str(home)], standalone_mode=False)
    return code or 0, json.loads(capsys.readouterr().out)


pytestmark = pytest.mark.usefixtures("quiet")


def test_an_empty_home_is_not_running_and_stays_empty(home, capsys):
    code, seen = status(home, capsys)
    assert code == 1
    assert seen["complaints"] == ["not running: start it with `tradewind up`"]
    assert not list(home.glob("*.duckdb"))


def test_the_keys_that_scripts_read_are_these(home, capsys):
    _, seen = status(home, capsys)
    assert sorted(seen) == [
        *("at", "complaints", "flows", "gone", "heartbeat", "heartbeat_age_seconds", "home", "money", "ok", "release", "stage"),
        *("stop", "ui", "unread", "up", "waiting"),
    ]


def test_what_is_live_and_what_it_is_worth_is_read_from_the_books(stored, capsys):
    now = clock.now()
    store().equity.append(Snapshot(now, "paper", Decimal(99), Decimal(99), 0.0, "HALT", "the clock is off"))
    write_note(stored / "heartbeat.json", {"at": (now - timedelta(seconds=30)).isoformat()})
    code, seen = status(stored, capsys)
    assert code == 1
    assert (seen["release"], seen["stage"]) == (RELEASE.fingerprint, "paper")
    assert (seen["money"]["equity"], seen["money"]["verdict"]) == (99, "HALT")
    assert 30 <= seen["heartbeat_age_seconds"] < 90
    assert "verdict: HALT: the clock is off" in seen["complaints"]


def test_an_emergency_stop_and_an_up_without_a_server_are_said(home, capsys):
    set_stop("too hot")
    with up_lock(home):
        _, seen = status(home, capsys)
    assert [line.split(":")[0] for line in seen["complaints"]] == ["Prefect server", "emergency stop"]


def test_a_database_that_cannot_be_read_is_not_an_empty_one(home, capsys):
    (home / "trading.duckdb").write_bytes(b"not a database")
    code, seen = status(home, capsys)
    assert code == 1
    assert any("trading.duckdb" in line for line in seen["unread"])


def test_the_page_names_what_is_wrong(home, capsys):
    assert app(["status", "--home", str(home)], standalone_mode=False) == 1
    page = capsys.readouterr().out
    assert "! not running: start it with `tradewind up`" in page
    assert "no server answers" in page
