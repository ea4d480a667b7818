"""A ban seen by one is kept to by all, the pace is everybody's, and what the venue asks for is given."""

from datetime import timedelta
from threading import Thread
from time import monotonic, sleep

import pytest

from core.errors import ExchangeUnavailable, StoreError
from core.risk.breaker import LONGEST_BAN, Tally
from tasks import clock
from tasks.bans import banned_for, banned_until, refuse_banned, remember_ban
from tasks.venues.bybit_client import TurnedAway
from tasks.venues.gate import Gate
from tasks.venues.meter import Banned
from tasks.venues.pace import CATCH_UP, Pace

MINUTE = timedelta(minutes=1)


def test_a_ban_holds_for_its_venue_until_its_end(tmp_path):
    assert banned_until(tmp_path, "bybit") is None
    until = clock.now() + MINUTE
    remember_ban(tmp_path, "bybit", until)
    assert banned_until(tmp_path, "bybit") == until
    assert 50 < banned_for(tmp_path, "bybit") <= 60
    with pytest.raises(Banned, match="bybit: banned for too many requests; none is made before"):
        refuse_banned(tmp_path, "bybit")
    refuse_banned(tmp_path, "binance")


def test_the_later_ban_stands_and_none_is_believed_for_ever(tmp_path):
    until = clock.now() + 5 * MINUTE
    for moment in (until, until - MINUTE):
        remember_ban(tmp_path, "bybit", moment)
    assert banned_until(tmp_path, "bybit") == until
    remember_ban(tmp_path, "bybit", until + timedelta(days=9999))
    assert banned_for(tmp_path, "bybit") <= LONGEST_BAN.total_seconds()


def test_a_ban_that_is_over_is_none(tmp_path):
    remember_ban(tmp_path, "bybit", clock.now() - MINUTE)
    assert banned_until(tmp_path, "bybit") is None
    assert banned_for(tmp_path, "bybit") == 0


def test_a_note_that_cannot_be_read_is_no_permission(tmp_path):
    (tmp_path / "ban.bybit.json").write_text("{")
    with pytest.raises(StoreError, match="remove it if the venue answers again"):
        refuse_banned(tmp_path, "bybit")


def test_many_threads_may_learn_of_a_ban_at_once(tmp_path):
    until = clock.now() + MINUTE
    threads = [Thread(target=remember_ban, args=(tmp_path, "bybit", until + n * MINUTE)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert banned_until(tmp_path, "bybit") == until + 7 * MINUTE


def test_requests_of_all_are_spaced_together(tmp_path):
    """Two of them stand for two processes: they share nothing but the file."""
    paces, began = [Pace(tmp_path / "pace", 100) for _ in range(2)], monotonic()
    for number in range(21):
        paces[number % 2].wait()
    assert monotonic() - began >= 0.2


def test_of_the_moments_that_nobody_took_only_the_last_few_are_made_up_for(tmp_path):
    pace = Pace(tmp_path / "pace", 100)
    pace.wait()
    sleep(2 * CATCH_UP)
    began = monotonic()
    for _ in range(60):
        pace.wait()
    assert monotonic() - began >= 59 / 100 - CATCH_UP


def test_a_pause_is_everybodys(tmp_path):
    Pace(tmp_path / "pace", 1000).hold(0.2)
    began = monotonic()
    Pace(tmp_path / "pace", 1000).wait()
    assert monotonic() - began >= 0.19


def test_a_moment_from_before_the_last_start_of_the_machine_is_forgotten(tmp_path):
    (tmp_path / "pace").write_text(repr(monotonic() + 1e6))
    began = monotonic()
    Pace(tmp_path / "pace", 1000).wait()
    assert monotonic() - began < 0.2


def failing(cause):
    def ask():
        raise ExchangeUnavailable("no") from cause

    return ask


def test_the_gate_lets_nobody_through_as_long_as_the_venue_asked_for(tmp_path):
    gate, calm = Gate("bybit", tmp_path, 1000), lambda: Tally(clock.now())
    with pytest.raises(ExchangeUnavailable, match="no"):
        gate.ask(failing(TurnedAway(429, pause_ms=300)), calm)
    began = monotonic()
    assert Gate("bybit", tmp_path, 1000).ask(lambda: "yes", calm) == "yes"
    assert monotonic() - began >= 0.29


def test_the_gate_remembers_the_ban_that_its_connection_met(tmp_path):
    until = clock.now() + MINUTE
    with pytest.raises(Banned):
        Gate("bybit", tmp_path, 1000).ask(failing(TurnedAway(403)), lambda: Tally(clock.now(), 1, 1, None, until))
    assert banned_until(tmp_path, "bybit") == until
