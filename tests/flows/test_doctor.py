"""`tradewind doctor` examines everything without changing it, with nothing running and no network, and never hangs."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from core.exchange.state import Terms, open_account
from core.operations.checkup import Outcome
from flows.cli import app
from storage import turnstile
from tasks.doctoring import CHECKS, Check, examine
from tasks.doctoring_venue import PROBE
from tasks.project import project_root
from tasks.settings import settings
from tasks.venues.bybit_server import BybitServer
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.world import PanelWorld

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def alone(home, monkeypatch):
    """No Prefect server, no venue, no webhook."""
    monkeypatch.setenv("PREFECT_HOME", str(home))  # the command changes it: this puts it back
    for name in ("PREFECT_API_URL", "TRADEWIND_DISCORD_WEBHOOK", "TRADEWIND_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRADEWIND_BYBIT_URL", NOWHERE)
    settings.cache_clear()


def found(name, home):
    (check,) = [check for check in CHECKS if check.name == name]
    return examine(check, project_root(), home)


def test_an_empty_home_without_a_network_is_examined_to_the_end(home, capsys):
    code = app(["doctor", "--json", "--home", str(home)], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [check["check"] for check in told["checks"]] == [check.name for check in CHECKS]
    failed = {check["check"] for check in told["checks"] if check["outcome"] == "fail"}
    assert failed == {"venue and clock"}
    assert not list(home.glob("*.duckdb"))


def test_a_check_that_hangs_or_breaks_is_a_finding():
    def hang(*_):
        time.sleep(30)

    def explode(*_):
        raise ZeroDivisionError("x\ny")

    hung = examine(Check("slow", hang, 0.1), project_root(), project_root())
    assert (hung.outcome, hung.said) == (Outcome.FAIL, "no answer within 0.1 s")
    assert examine(Check("odd", explode), project_root(), project_root()).said == "ZeroDivisionError: x y"


def test_the_stored_bars_are_read_through_the_check_that_trading_reads_them_through(stored):
    sound = found("databases", stored)
    assert sound.outcome is Outcome.OK
    (stored / "market.duckdb").write_bytes(b"not a database")
    assert found("databases", stored).outcome is Outcome.FAIL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock")
def test_whoever_keeps_a_database_is_named(stored, monkeypatch):
    monkeypatch.setattr("tasks.doctoring_home.LOCK_SECONDS", 0.2)
    keep = (
        "import sys, time; from pathlib import Path; from storage.turnstile import exclusive\n"
        "with exclusive(Path(sys.argv[1]), 5):\n    print('in', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", keep, str(stored / "trading.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout.readline() == "in\n"
        kept = found("database lock", stored)
        keeper.kill()
    assert kept.outcome is Outcome.FAIL
    assert f"process {keeper.pid} (" in kept.said
    with turnstile.shared(stored / "trading.duckdb", 5):
        pass


def test_a_note_of_a_process_that_was_killed_is_a_warning(home):
    (home / "server.url").write_text(NOWHERE)
    left = found("leftovers", home)
    assert (left.outcome, left.said) == (Outcome.WARN, "notes of a process that was killed: server.url")


def test_wrong_settings_are_a_finding_in_one_line(home, monkeypatch):
    monkeypatch.setenv("TRADEWIND_MODE", "reckless")
    settings.cache_clear()
    wrong = found("settings", home)
    assert wrong.outcome is Outcome.FAIL
    assert wrong.said.startswith("TRADEWIND_MODE: ")


def test_mode_live_without_keys_or_without_the_second_yes_fails(home, monkeypatch):
    monkeypatch.setenv("TRADEWIND_MODE", "live")
    settings.cache_clear()
    assert "without TRADEWIND_API_KEY" in found("API key", home).said
    monkeypatch.setenv("TRADEWIND_API_KEY", "key")
    monkeypatch.setenv("TRADEWIND_API_SECRET", "secret")
    settings.cache_clear()
    assert "TRADEWIND_CONFIRM_LIVE" in found("API key", home).said


@pytest.fixture
def exchange(market):
    """The simulated exchange over HTTP, with one account whose key is `key`."""
    panel = replace(market.panel, symbols=(PROBE, *market.panel.symbols[1:]))
    world = PanelWorld(panel, (replace(market.instruments[0], symbol=PROBE), *market.instruments[1:]))
    simulated = SimulatedExchange(world, open_account("paper", Decimal(1000), Terms()), clock=None)
    with BybitServer(simulated, {"key": "secret"}) as server:
        yield server.url


def test_a_venue_that_answers_says_how_our_clocks_differ_and_what_the_key_may_do(home, exchange, monkeypatch):
    for name, value in (("MODE", "demo"), ("API_KEY", "key"), ("API_SECRET", "secret"), ("EXCHANGE_URL", exchange)):
        monkeypatch.setenv(f"TRADEWIND_{name}", value)
    monkeypatch.setenv("TRADEWIND_BYBIT_URL", exchange)
    settings.cache_clear()
    clock = found("venue and clock", home)
    assert clock.outcome is Outcome.FAIL, "the simulated exchange lives in the past"
    assert clock.said.startswith("bybit answers in ")
    key = found("API key", home)
    assert (key.outcome, key.said) == (Outcome.WARN, "can trade contracts and cannot withdraw, from any address")
    assert found("position mode", home).said == "one-way"
    monkeypatch.setenv("TRADEWIND_API_SECRET", "wrong")
    settings.cache_clear()
    assert found("API key", home).outcome is Outcome.FAIL


def test_a_webhook_of_the_wrong_shape_fails_without_being_shown(home, monkeypatch):
    monkeypatch.setenv("TRADEWIND_DISCORD_WEBHOOK", "https://example.org/hook/s3cret")
    settings.cache_clear()
    wrong = found("Discord", home)
    assert wrong.outcome is Outcome.FAIL
    assert "s3cret" not in wrong.said
