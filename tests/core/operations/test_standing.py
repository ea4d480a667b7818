"""What is not as it should be is said, the worst first, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.operations.standing import FlowStanding, Holder, Money, Standing, changes, complaints

NOW = datetime(2024, 1, 1, 12, tzinfo=UTC)
TRADE = FlowStanding("trade", "Every minute.", due=True, paused=False, next_run=NOW, last_state="Completed", last_at=NOW)
WELL = Standing(
    NOW,
    "home",
    up=Holder(7, NOW - timedelta(hours=1)),
    ui="http://127.0.0.1:4200",
    flows=(TRADE,),
    heartbeat=NOW - timedelta(seconds=40),
    release="1f3a5b",
    stage="paper",
    money=Money("paper", NOW, Decimal(100), "ALLOW", ""),
)

BAD = {
    "not running: start it": replace(WELL, up=None, ui="", flows=()),
    "Prefect server: no answer": replace(WELL, ui="", flows=()),
    "emergency stop: set by the file": replace(WELL, stop="the file EMERGENCY_STOP"),
    "verdict: HALT: skew": replace(WELL, money=replace(WELL.money, verdict="HALT", reason="skew")),
    "heartbeat: the last tick began 10 min ago": replace(WELL, heartbeat=NOW - timedelta(minutes=10)),
    "account: the last tick that ended well was 20 min ago": replace(
        WELL, money=replace(WELL.money, at=NOW - timedelta(minutes=20))
    ),
    "trade: Crashed: killed": replace(WELL, flows=(replace(TRADE, last_state="Crashed", last_message="killed"),)),
    "webhook 1…f: it is gone": replace(WELL, gone=("1…f",)),
    "trading.duckdb: locked": replace(WELL, unread=("trading.duckdb: locked",)),
}


def test_nothing_is_said_of_an_installation_that_is_well():
    assert complaints(WELL) == ()


@pytest.mark.parametrize("said", BAD)
def test_what_is_wrong_is_said_in_one_line(said):
    (line,) = complaints(BAD[said])
    assert line.startswith(said)


def test_a_home_that_does_not_trade_has_no_stale_heartbeat():
    paused = replace(TRADE, due=False, paused=True)
    assert complaints(replace(WELL, flows=(paused,), heartbeat=NOW - timedelta(days=3))) == ()
    assert complaints(replace(WELL, heartbeat=None)) == ()


def test_a_server_of_somebody_else_needs_no_up_of_ours():
    assert complaints(replace(WELL, up=None)) == ()


def test_a_look_that_finds_nothing_new_says_nothing():
    later = replace(WELL, at=NOW + timedelta(minutes=1), flows=(replace(TRADE, last_at=NOW + timedelta(minutes=1)),))
    assert changes(WELL, later) == ()


def test_what_has_changed_is_said_once():
    failed = replace(WELL, flows=(replace(TRADE, last_state="Failed", last_message="no bars"),), stage="small")
    assert changes(WELL, failed) == ("trade: Failed: no bars", "live: release 1f3a5b at stage small")
    assert changes(failed, failed) == ()
    assert changes(failed, WELL) == ("trade: Completed", "live: release 1f3a5b at stage paper")


def test_a_complaint_whose_figures_move_is_not_said_again():
    stale = replace(WELL, heartbeat=NOW - timedelta(minutes=10))
    assert changes(WELL, stale) != ()
    assert changes(stale, replace(stale, at=NOW + timedelta(minutes=5))) == ()
