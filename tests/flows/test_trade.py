"""Stories of the live flow: stops, locks, stale bars, and running twice."""

from datetime import timedelta

import pytest

from core.errors import ConfigError, StoreError
from flows.trade import trade
from storage.activations import Activation
from tasks.lock import writer_lock
from tasks.stopping import FILE as EMERGENCY_STOP
from tasks.stores import store
from tests.flows.recorded import DAYS, RELEASE, START

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

NOON = START + timedelta(days=40)
EVERY = timedelta(hours=RELEASE.rebalance)


def open_positions():
    """What our own books hold."""
    from core.ledger.fifo import Book, apply_fills

    return apply_fills(Book(), store().fills.all()).quantities


def test_a_tick_that_is_run_twice_is_run_once(stored):
    first = trade(at=NOON)
    fills = store().fills.all()
    second = trade(at=NOON)

    assert first.orders
    assert second.orders == first.orders
    assert second.equity == first.equity
    assert store().fills.all() == fills


def test_the_emergency_stop_flattens_and_keeps_flat(stored):
    trade(at=NOON)
    assert open_positions()
    (stored / EMERGENCY_STOP).touch()

    stopped = trade(at=NOON + timedelta(hours=1))
    assert stopped.verdict == "FLATTEN"
    assert not open_positions()
    assert {order.leg for order in stopped.orders} == {"exit"}

    after = trade(at=NOON + EVERY)
    assert after.orders == ()
    assert not open_positions()

    (stored / EMERGENCY_STOP).unlink()
    assert trade(at=NOON + 2 * EVERY).orders


def test_what_goes_live_between_two_decisions_is_traded_on_the_next_tick(stored):
    """A quarter of the capital from ten past on: one more decision, named by that moment, taken once."""
    whole = trade(at=NOON)
    since = NOON + timedelta(minutes=10, microseconds=5)
    store().activations.append(Activation(RELEASE.fingerprint, "small", since, "test", "a canary"))

    tick = trade(at=NOON + timedelta(minutes=11))
    assert tick.decision_time == since
    assert tick.targets == {symbol: pytest.approx(weight / 4) for symbol, weight in whole.targets.items()}
    assert {order.leg for order in tick.orders} == {"exit"}
    assert trade(at=NOON + timedelta(minutes=12)).orders == tick.orders
    assert trade(at=NOON + EVERY).decision_time == NOON + EVERY


def test_old_bars_allow_no_entry_and_say_why(stored):
    late = trade(at=START + timedelta(days=DAYS, hours=6))
    assert late.verdict == "REDUCE_ONLY"
    assert "the newest bar closed at" in late.reasons[0]
    assert {order.state.value for order in late.orders if order.leg == "entry"} == {"NEW"}
    assert not open_positions()


def test_only_one_process_trades_an_account_and_the_other_says_who_does(stored):
    with writer_lock(stored, "paper"), pytest.raises(StoreError, match='another process is trading it: {"epoch": 1, "pid": '):
        trade(at=NOON)


def test_an_account_never_trades_in_its_past(stored):
    trade(at=NOON)
    with pytest.raises(ConfigError, match="has traded up to 2024-02-10 00:00 UTC: it cannot trade at 2024-02-09"):
        trade(at=NOON - timedelta(hours=1))


def test_a_home_without_bars_is_refused_with_what_to_do(home):
    with pytest.raises(ConfigError, match="run `tradewind import FILE` or `tradewind ingest` first"):
        trade()


def test_a_fill_missed_within_the_hour_is_booked_again_by_itself(stored):
    first = trade(at=NOON)
    before = store().fills.all()
    forget(before[0])

    assert trade(at=NOON + timedelta(minutes=30)).verdict == first.verdict
    assert store().fills.all() == before


def test_positions_that_differ_from_our_books_halt_trading(stored):
    for step in range(4):
        trade(at=NOON + step * EVERY)
    oldest, *_, newest = store().fills.all()
    assert newest.at > oldest.at + EVERY
    forget(oldest)

    halted = trade(at=NOON + 4 * EVERY)
    assert halted.verdict == "HALT"
    assert halted.reasons[0].startswith(f"positions differ: {oldest.symbol}: the venue holds ")
    assert halted.orders == ()


def forget(fill):
    """Lose one fill from our books, as a torn disk would."""
    with store().fills._database.write() as connection:
        connection.execute("delete from fills where exec_id = ?", [fill.exec_id])
