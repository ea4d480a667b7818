"""Stories of an account that is not ours alone: strange orders, trades, money and clocks, and who is told."""

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import ConfigError, ExchangeUnavailable
from core.exchange.engine import step
from core.exchange.events import MoneyMoved, OrderSubmitted
from core.exchange.memory import dump
from core.execution import plan
from core.execution.intents import OURS, IntentState
from core.execution.orders import OrderRequest
from core.execution.rounding import round_price
from core.risk.breaker import Tally
from core.risk.verdict import Verdict
from storage.activations import Activation
from storage.releases import ReleaseRow
from tasks import adopting, heartbeat, looking, stopping, telling, trading
from tasks.adopting import adopt_positions
from tasks.connecting import connected
from tasks.desk import open_desk
from tasks.heartbeat import missed_minute
from tasks.patience import within
from tasks.settings import Settings
from tasks.stopping import Stop, clear_stop, read_stop, set_stop
from tests.flows.test_faults import (  # noqa: F401 - fixtures
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    audit,
    books,
    held,
    home,
    market,
    settled,
    spoils,
    tick,
    undisturbed,
    venue,
)

pytestmark = pytest.mark.flow


def happens(books, *events):  # noqa: F811
    """Something that is not ours happens at the exchange."""
    state = venue(books)
    for event in events:
        state = step(state, event).state
    books.paper.save("paper", dump(state))


def order(link, symbol, side="buy", quantity="1", *, reduce_only=False, price=None):
    return OrderSubmitted(OrderRequest(link, symbol, side, Decimal(quantity), reduce_only, price))


def half(books, symbol):  # noqa: F811
    """A price at which nothing is sold soon."""
    state = venue(books)
    return round_price(state.prices[symbol] / 2, state.instruments[symbol].tick)


def raised(run):
    return {alarm.rule for alarm in run.alarms if alarm.raised}


# --- trades, orders and money of somebody else


def test_a_manual_trade_is_booked_and_the_next_decision_takes_it_into_account(books, undisturbed):  # noqa: F811
    tick(0 * DAY)
    symbol = min(undisturbed)
    happens(books, order("", symbol, "buy", "100"))
    after = tick(MINUTE)
    assert (after.verdict, after.reasons) == ("ALLOW", ())
    assert held(books)[symbol] == undisturbed[symbol] + 100
    settled(books, MINUTE, foreign=True)


def test_a_manual_order_that_waits_is_told_once_and_stops_nothing(books, undisturbed):  # noqa: F811
    tick(0 * DAY)
    symbol = min(undisturbed)
    happens(books, order("mine", symbol, "buy", "100", price=half(books, symbol)))
    first, second = tick(MINUTE), tick(2 * MINUTE)
    assert raised(first) == {"foreign_orders"}
    assert (first.verdict, second.verdict, second.alarms) == ("ALLOW", "ALLOW", ())
    assert symbol in first.reasons[0]


def test_an_order_with_our_kind_of_link_that_the_journal_does_not_know_halts_and_is_cancelled(books, undisturbed):  # noqa: F811
    """Another writer, or a lost database: a person must hear of it."""
    tick(0 * DAY)
    happens(books, order(f"{OURS}zombie", min(undisturbed), "buy", "100", price=half(books, min(undisturbed))))
    run = tick(MINUTE)
    assert run.verdict == "HALT"
    assert raised(run) == {"lost_orders"}
    after = tick(2 * MINUTE)
    assert after.verdict == "ALLOW"
    assert [(alarm.rule, alarm.raised) for alarm in after.alarms] == [("lost_orders", False)]
    assert [o.status for o in venue(books).orders.values() if o.link == f"{OURS}zombie"] == ["cancelled"]


@pytest.mark.parametrize("amount", [-50_000, 70_000])
def test_money_moved_in_or_out_is_neither_a_loss_nor_a_profit(books, amount):  # noqa: F811
    first = tick(0 * DAY)
    happens(books, MoneyMoved(Decimal(amount)))
    run = tick(MINUTE)
    assert run.equity == first.equity + amount
    assert (run.verdict, run.alarms) == ("ALLOW", ())
    assert books.equity.last("paper").transferred == amount
    assert books.equity.peak("paper", NOON) == first.equity
    settled(books, MINUTE)


def test_a_position_nobody_ordered_halts_until_a_person_has_the_books_take_it_over(books, undisturbed, monkeypatch):  # noqa: F811
    tick(0 * DAY)
    tick(MINUTE)
    tick(2 * MINUTE)
    tick(DAY)
    symbol = min(held(books))
    for fill in [fill for fill in books.fills.all() if fill.symbol == symbol and fill.kind == "trade"]:
        del books.fills._fills[fill.venue, fill.symbol, fill.exec_id]
    halted = tick(DAY + MINUTE)
    assert (halted.verdict, raised(halted)) == ("HALT", {"book_differs"})
    monkeypatch.setattr(adopting, "open_desk", lambda bars, timeframe, _: open_desk(bars, timeframe, NOON + DAY + MINUTE))
    (shown,) = adopt_positions("synthetic", really=False)
    assert (shown.symbol, shown.quantity) == (symbol, abs(undisturbed[symbol]))
    assert tick(DAY + 2 * MINUTE).verdict == "HALT"
    monkeypatch.setattr(adopting, "open_desk", lambda bars, timeframe, _: open_desk(bars, timeframe, NOON + DAY + 2 * MINUTE))
    assert adopt_positions("synthetic", really=True)
    assert adopt_positions("synthetic", really=True) == ()
    ticks = [tick(DAY + minutes * MINUTE) for minutes in (3, 4, 5)]
    assert raised(ticks[0]) == {"unexplained_money"}, "the lost fill's fee; seen twice, it is booked as money that went"
    assert (ticks[-1].verdict, ticks[-1].reasons) == ("ALLOW", ())


# --- large orders, and entries that waited


def test_a_large_order_leaves_slice_by_slice_and_a_tick_run_twice_sends_none_twice_as_fast(books, undisturbed, monkeypatch):  # noqa: F811
    monkeypatch.setattr(plan, "PARTICIPATION", 1e-3)
    first = tick(0 * DAY)
    sizes = Counter(order.symbol for order in first.orders)
    assert max(sizes.values()) > 2
    assert {order.slice for order in first.orders if order.state is IntentState.DONE} == {1}
    assert tick(0 * DAY).orders == first.orders
    for minute in range(1, max(sizes.values())):
        run = tick(minute * MINUTE)
        assert {order.slice for order in run.orders if order.sent_at == run.at} == {minute + 1}
    settled(books, max(sizes.values()) * MINUTE, slices=True)
    assert held(books) == undisturbed


def test_an_entry_that_waited_is_weighed_again_at_the_prices_of_now(books, monkeypatch):  # noqa: F811
    """Planned at one price and let go at another, it could break a limit that it kept when it was planned."""
    with monkeypatch.context() as patch:
        patch.setattr(trading, "may_leave", lambda *_: False)
        tick(0 * DAY)
    with monkeypatch.context() as patch:
        patch.setattr(looking, "yardstick_of", lambda desk, sight: dear(real_yardstick(desk, sight)))
        run = tick(MINUTE)
    assert {order.state for order in run.orders} == {IntentState.DEAD}
    assert run.orders[0].reason.startswith("no entry: ")
    settled(books, MINUTE)
    assert held(books) == {}


real_yardstick = looking.yardstick_of


def dear(stick):
    return replace(stick, equity=stick.equity / 100)


# --- alarms


def test_an_alarm_is_raised_once_and_cleared_once(books, home):  # noqa: F811
    tick(0 * DAY)
    set_stop("a test")
    first, second = tick(MINUTE), tick(2 * MINUTE)
    assert [(alarm.rule, alarm.raised, alarm.verdict) for alarm in first.alarms] == [("emergency_stop", True, Verdict.FLATTEN)]
    assert first.reasons == ("the emergency stop is set: the file " + str(home / "EMERGENCY_STOP") + ": a test",)
    assert second.alarms == ()
    assert clear_stop()
    assert not clear_stop()
    third = tick(3 * MINUTE)
    assert [(alarm.rule, alarm.raised) for alarm in third.alarms] == [("emergency_stop", False)]
    assert [alarm.raised for alarm in books.alarms.all("paper")] == [True, False]


def test_a_tick_that_dies_before_its_page_has_told_everything_all_the_same(books, home, monkeypatch):  # noqa: F811
    tick(0 * DAY)
    set_stop("")
    with monkeypatch.context() as patch:
        patch.setattr(telling, "within", _refuses)
        patch.setattr(telling, "get_run_logger", _refuses)
        with pytest.raises(ConfigError, match="mine"):
            tick(MINUTE)
    assert "alarm.raised" in [notice.event for notice in books.outbox.newest(100)]
    tick(2 * MINUTE)
    assert sum(notice.event == "alarm.raised" for notice in books.outbox.newest(1000)) == 1


def test_a_tick_says_what_it_decided_what_was_filled_and_what_came_of_it_once(books):  # noqa: F811
    done = tick(0 * DAY)
    said = Counter(notice.event for notice in books.outbox.newest(1000))
    filled = [fill for fill in books.fills.all() if fill.kind == "trade"]
    assert (said["decision.taken"], said["trades.settled"], said["order.filled"]) == (1, 1, len(filled))
    summary = next(notice for notice in books.outbox.newest(1000) if notice.event == "trades.settled")
    assert summary.title.startswith(f"{len(done.orders)} of {len(done.orders)} orders filled")
    tick(MINUTE)
    assert Counter(notice.event for notice in books.outbox.newest(1000)) == said, "a quiet minute says nothing"


def test_many_failures_open_the_breaker_which_probes_and_closes_by_itself(books, undisturbed):  # noqa: F811
    for seconds in range(0, 60, 5):
        books.tallies.append("paper", Tally(NOON + timedelta(seconds=seconds - 60), 10, 5))
    run = tick(0 * DAY)
    assert run.verdict == "HALT"
    assert "breaker_open" in raised(run)
    assert run.orders == ()
    probing = tick(55 * SECOND)
    assert probing.verdict == "REDUCE_ONLY"
    after = tick(2 * MINUTE)
    assert after.verdict == "ALLOW"
    assert {intent.state for intent in after.orders} == {IntentState.DONE}
    settled(books, 2 * MINUTE)
    assert held(books) == undisturbed


def test_while_the_venue_bans_us_nothing_is_asked_at_all(books):  # noqa: F811
    books.tallies.append("paper", Tally(NOON - MINUTE, 10, 1, None, NOON + 9 * MINUTE))
    asked = []
    with pytest.raises(ExchangeUnavailable, match="lets us ask again at"):
        tick(0 * DAY, lambda call, process: (asked.append(call), process(call))[1])
    assert asked == []
    assert tick(9 * MINUTE).verdict in {"HALT", "REDUCE_ONLY", "ALLOW"}


def test_a_failed_tick_leaves_its_tally(books):  # noqa: F811
    with pytest.raises(ExchangeUnavailable):
        tick(0 * DAY, spoils("/v5/position/list", lambda _: b"<html>"))
    (tally,) = books.tallies.since("paper", NOON - DAY)
    assert tally.failed == 1
    assert tally.total > 1


# --- the switches


@pytest.mark.parametrize("value", ["true", "on", "1", "now", True, {"by": "me"}])
def test_any_meant_value_of_the_variable_stops(home, monkeypatch, value):  # noqa: F811
    monkeypatch.setattr(stopping.Variable, "get", lambda *_, **__: value)
    assert read_stop.fn(None).set_by.startswith("the Prefect variable emergency_stop = ")


@pytest.mark.parametrize("value", [None, "", "false", "No", " off ", "0", False, 0])
def test_a_value_that_says_no_does_not_stop(home, monkeypatch, value):  # noqa: F811
    monkeypatch.setattr(stopping.Variable, "get", lambda *_, **__: value)
    assert read_stop.fn(None) == Stop()


def test_a_variable_that_cannot_be_read_is_not_read_as_unset(home, monkeypatch):  # noqa: F811
    def broken(*_, **__):
        raise ConnectionError("no server")

    monkeypatch.setattr(stopping.Variable, "get", broken)
    assert "no server" in read_stop.fn(None).unreadable
    monkeypatch.setattr(stopping.Variable, "get", lambda *_, **__: time.sleep(5))
    monkeypatch.setattr(stopping, "ANSWER_SECONDS", 0.05)
    assert "TimeoutError" in read_stop.fn(None).unreadable


def test_patience_ends_and_errors_come_through():
    assert within(1.0, lambda: 7) == 7
    with pytest.raises(ConfigError, match="mine"):
        within(1.0, _refuses)
    with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
        within(0.05, lambda: time.sleep(5))


def _refuses():
    raise ConfigError("mine")


def test_a_run_that_comes_a_minute_late_is_skipped(monkeypatch):
    monkeypatch.setattr(heartbeat.clock, "now", lambda: NOON)

    class Run:
        scheduled_start_time = None

    monkeypatch.setattr(heartbeat, "flow_run", Run)
    assert missed_minute() == ""
    Run.scheduled_start_time = NOON - timedelta(seconds=59)
    assert missed_minute() == ""
    Run.scheduled_start_time = NOON - timedelta(seconds=60)
    assert "the next tick sees the same market" in missed_minute()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"mode": "demo"}, "needs TRADEWIND_API_KEY and TRADEWIND_API_SECRET"),
        ({"mode": "demo", "api_key": "k", "api_secret": "s"}, "the account 'paper' has paper fills in its books"),
        ({"mode": "live", "api_key": "k", "api_secret": "s", "account": "main"}, "with TRADEWIND_CONFIRM_LIVE=main"),
        ({"mode": "live", "api_key": "k", "api_secret": "s", "account": "main", "confirm_live": "yes"}, "confirm it with"),
    ],
)
def test_real_orders_need_keys_and_real_money_a_second_yes(home, given, complaint):  # noqa: F811
    config = Settings.model_validate(given)
    with pytest.raises(ConfigError, match=complaint), connected(config, None, None, None):
        pass
    assert "s" not in repr(config.api_secret).replace("SecretStr", "")


def test_real_orders_are_for_the_present(home):  # noqa: F811
    config = Settings(mode="demo", api_key="k", api_secret="s", account="main")
    with pytest.raises(ConfigError, match="trades in the present only"), connected(config, None, None, NOON):
        pass
    with connected(config, None, None, None) as there:
        assert there.name == "main"


@pytest.mark.parametrize("publish", [lambda _: time.sleep(5), lambda _: _refuses()], ids=["hangs", "fails"])
def test_a_page_that_prefect_does_not_take_costs_the_page_and_not_the_tick(books, monkeypatch, publish):  # noqa: F811
    said = []
    log = type("Log", (), {"warning": lambda _, *words: said.append(words)})()
    monkeypatch.setattr(telling, "get_run_logger", lambda: log)
    monkeypatch.setattr(telling, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(telling, "_publish", publish)
    assert tick(0 * DAY).orders
    assert len(said) == 1
    audit(books)


def test_what_is_live_under_an_older_version_s_name_goes_on_under_its_present_one(books):  # noqa: F811
    """A release is named by its content, and a version that adds a setting adds it to all of them."""
    present = books.activations.live()
    older = json.loads(books.releases.get(present.fingerprint).json)
    del older["risk"]["quiet_hours"]
    row = ReleaseRow("0ld", json.dumps(older), NOON - DAY, "a note", '{"oos_sharpe": 1.0}')
    books.releases.publish(row, Activation("0ld", "full", NOON - DAY, "optimize", "better"), books.activations)
    assert tick(0 * DAY).orders
    now = books.activations.live()
    assert (now.fingerprint, now.stage) == (present.fingerprint, "full")
    assert now.reason == "the same as 0ld, under the name that this version of Tradewind gives it"
