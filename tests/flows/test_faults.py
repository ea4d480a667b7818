"""Stories of a bad day: replies spoiled, processes killed, symbols gone. No order is doubled, no fill is lost.

The flow's own steps run here without Prefect around them: a killed tick and the next one are then a second, not ten.
"""

import copy
import itertools
import json
import multiprocessing
import os
import shutil
import signal
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from prefect import Task

import flows.trade
from core.errors import DataError, ExchangeUnavailable, StoreError
from core.exchange.memory import dump, load
from core.exchange.state import Terms, open_account
from core.execution.intents import IntentState
from core.execution.orders import Fill
from core.ledger.fifo import Book, apply_fills
from core.market.synthetic import synthetic_market
from storage.activations import Activation
from storage.decisions import DuckDecisions, MemoryDecisions
from storage.equity import MemoryEquity
from storage.fills import DuckFills, MemoryFills
from storage.intents import DuckIntents, MemoryIntents
from storage.paper import DuckPaper
from storage.store import MemoryStore, Store
from tasks import connecting, desk, live_releases, stores, telling
from tasks.live_releases import publish
from tasks.settings import settings
from tasks.stopping import FILE as EMERGENCY_STOP
from tasks.venues import paper
from tasks.venues.bybit import BybitVenue
from tasks.venues.bybit_server import BybitServer
from tests.flows.recorded import RELEASE, START, bar_frame, funding_frame

pytestmark = pytest.mark.flow

NOON = START + timedelta(days=40)
EVERY = timedelta(hours=RELEASE.rebalance)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CREATE, EXECUTIONS, POSITIONS = "/v5/order/create", "/v5/execution/list", "/v5/position/list"
HISTORY = 45
STRIDE = int(os.environ.get("TRADEWIND_FAULT_STRIDE", "5"))
"""The sweeps try every fifth point; 1 tries them all."""
FOREIGN = ("TRADEWIND_VENUE", "TRADEWIND_BYBIT_URL", "TRADEWIND_TIMEFRAME", "TRADEWIND_ACCOUNT")
ROOT = Path(__file__).parents[2]


class FaultyServer(BybitServer):
    """The real front behind a bad line: `fault(call, process)` says what is answered, None hangs up."""

    def __init__(self, *arguments, fault):
        super().__init__(*arguments)
        self.fault = fault

    def answer(self, call):
        return self.fault(call, super().answer)


def honest(call, process):
    return process(call)


def spoils(path, reply, *, times=1):
    """The first calls of a path are processed, and answered with something else."""
    left = [times]

    def fault(call, process):
        body = process(call)
        if call.path != path or not left[0]:
            return body
        left[0] -= 1
        return reply(body)

    return fault


def loses(times, keep=lambda call: None):
    """The first orders do not arrive; few enough that the circuit breaker stays closed."""
    left = [times]

    def fault(call, process):
        if call.path != CREATE or not left[0]:
            return process(call)
        left[0] -= 1
        return keep(call)

    return fault


def blind(call, process):
    """Every order arrives, no answer comes back, nobody can ask for an order, and no execution is to be seen yet."""
    body = process(call)
    if call.path == CREATE or (call.method == "GET" and "orderLinkId" in call.payload):
        return None
    return changed(result={"list": [], "nextPageCursor": ""})(body) if call.path == EXECUTIONS else body


def dark(nth, *, arrives):
    """From the nth request of the tick on nothing is answered; the nth itself may still have arrived."""
    seen = itertools.count(1)

    def fault(call, process):
        number = next(seen)
        if number < nth:
            return process(call)
        if number == nth and arrives:
            process(call)
        return None

    return fault


def without_prefect(patch):
    """Let the flow call its own steps as plain functions, and publish nothing."""
    for name, step in vars(flows.trade).copy().items():
        if isinstance(step, Task):
            patch.setattr(flows.trade, name, step.fn)
    for name in [name for name in vars(telling) if name.startswith("create_")]:
        patch.setattr(telling, name, lambda **_: None)


def tick(after, fault=honest):
    """One tick of the real flow so long after noon."""
    with pytest.MonkeyPatch.context() as patch:
        without_prefect(patch)
        patch.setattr(paper, "BybitServer", partial(FaultyServer, fault=fault))
        return flows.trade.trade.fn(at=NOON + after)


def states(run):
    return {(order.symbol, order.leg, order.attempt): order.state for order in run.orders}


def venue(books):
    kept = books.paper.load("paper")
    return load(kept) if kept else open_account("paper", Decimal(0), Terms())


def held(books):
    return {symbol: holding.quantity for symbol, holding in venue(books).holdings.items() if holding.quantity}


def audit(books, unexplained=(), *, foreign=False, slices=False):
    """What must hold after any fault: the oracle.

    `unexplained` is money that moved behind the exchange's back, `foreign` says that somebody else trades the account too.
    """
    exchange, fills, intents = venue(books), books.fills.all(), {i.link: i for i in books.intents.all(10**6)}
    assert [f.quantity for f in fills if f.exec_id.startswith("unexplained")] == list(unexplained)
    fills = tuple(f for f in fills if not f.exec_id.startswith("unexplained"))
    booked = {f.exec_id: (f.symbol, f.link, f.side, f.quantity, f.price, f.fee, f.kind) for f in fills}
    happened = {e.exec_id: (e.symbol, e.link, e.side, e.quantity, e.price, e.fee, e.kind) for e in exchange.executions}
    assert len(booked) == len(fills)
    assert booked == happened
    assert apply_fills(Book(), fills).quantities == held(books)
    orders = [order for order in exchange.orders.values() if not foreign or order.link.startswith("tw-")]
    assert len({order.link for order in orders}) == len(orders)
    assert all(intents[order.link].quantity == order.quantity for order in orders)
    assert slices or all(len(group) == 1 for group in legs_at_venue(books).values()), "one decision's leg became two orders"
    assert books.intents.open() == ()


def legs_at_venue(books):
    """The venue's orders by what they were decided as, whatever their links."""
    intents, legs = {i.link: i for i in books.intents.all(10**6)}, defaultdict(list)
    for order in venue(books).orders.values():
        if (intent := intents.get(order.link)) is None:
            continue  # somebody else's, which the oracle has looked at
        legs[intent.decision_time, intent.symbol, intent.leg].append(order)
    return legs


def settled(books, after, unexplained=(), *, foreign=False, slices=False):
    """Quiet ticks past the fence, and past the pauses of the circuit breaker; everything must be in order then."""
    for minutes in range(1, 5):
        last = tick(after + minutes * MINUTE)
    audit(books, unexplained, foreign=foreign, slices=slices)
    return last


@pytest.fixture(scope="module")
def market():
    return synthetic_market(np.random.default_rng(5), days=HISTORY, symbols=4, start=START, edge=4e-4)


def fill_store(books, market):
    books.bars.merge(bar_frame(market.panel))
    books.funding.merge(funding_frame(market.panel))
    books.instruments.record(market.instruments, START)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_releases, "store", lambda: books)
        publish(RELEASE, "test", "{}", Activation(RELEASE.fingerprint, "paper", START, "test", "a test"))


def use(patch, books, home):
    patch.setenv("TRADEWIND_HOME", str(home))
    settings.cache_clear()
    for module in (stores, desk, live_releases):
        patch.setattr(module, "store", lambda: books)


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
def books(home, monkeypatch, market):
    """A store in memory, live, with the whole recording."""
    memory = MemoryStore()
    fill_store(memory, market)
    use(monkeypatch, memory, home)
    return memory


@pytest.fixture
def on_disk(home, monkeypatch, market, template):
    """The same on disk, for stories of several processes."""
    place = home / "var"
    shutil.copytree(template, place)
    use(monkeypatch, Store(place), place)
    return place


@pytest.fixture(scope="module")
def template(market, tmp_path_factory):
    place = tmp_path_factory.mktemp("template")
    fill_store(Store(place), market)
    return place


@pytest.fixture
def second_decision(books, home, monkeypatch):
    """A way to begin, again and again, before a decision with exits and entries; and what it ends with undisturbed."""
    tick(0 * DAY)

    def begin():
        fresh = copy.deepcopy(books)
        use(monkeypatch, fresh, home)
        return fresh

    done = begin()
    assert {order.leg for order in tick(EVERY).orders} == {"exit", "entry"}
    audit(done)
    return begin, held(done)


@pytest.fixture(scope="module")
def undisturbed(market, tmp_path_factory):
    """What a run without faults holds after noon's decision."""
    memory = MemoryStore()
    fill_store(memory, market)
    with pytest.MonkeyPatch.context() as patch:
        use(patch, memory, tmp_path_factory.mktemp("undisturbed"))
        tick(0 * DAY)
    settings.cache_clear()
    audit(memory)
    assert len(held(memory)) >= 3
    return held(memory)


def changed(**parts):
    return lambda body: json.dumps({**json.loads(body), **parts}).encode()


SPOILED = {
    "hung up": lambda _: None,
    "HTML": lambda _: b"<html>502 Bad Gateway</html>",
    "cut JSON": lambda body: body[: len(body) // 2],
    "nothing": lambda _: b"",
    "result {}": changed(result={}),
    "result null": changed(result=None),
    "rows of another shape": changed(result={"list": [{"symbol": "SYN01USDT"}], "nextPageCursor": ""}),
    "a server error": changed(retCode=10016, retMsg="Server error"),
}


# --- the line is bad


@pytest.mark.parametrize("reply", SPOILED.values(), ids=SPOILED)
def test_an_order_whose_answer_is_lost_is_found_and_never_sent_again(books, undisturbed, reply):
    run = tick(0 * DAY, spoils(CREATE, reply, times=99))
    assert set(states(run).values()) == {IntentState.DONE}
    settled(books, 0 * DAY)
    assert held(books) == undisturbed


def test_an_order_nobody_can_ask_for_stays_unknown_until_it_is_found(books, undisturbed):
    run = tick(0 * DAY, blind)
    assert set(states(run).values()) == {IntentState.UNKNOWN}
    assert run.reasons == (f"{len(run.orders)} orders are still in flight",)
    settled(books, 0 * DAY)
    assert held(books) == undisturbed


def test_an_order_that_never_arrived_is_sent_again_only_after_the_fence_and_under_a_new_link(books, undisturbed):
    first = tick(0 * DAY, loses(2))
    lost = [order for order in first.orders if order.state is IntentState.UNKNOWN]
    assert len(lost) == 2
    assert tick(15 * SECOND).orders == first.orders
    assert not {order.symbol for order in lost} & held(books).keys()
    second = tick(16 * SECOND)
    assert {order.symbol for order in second.orders if order.state is IntentState.DEAD} == {order.symbol for order in lost}
    again = [order for order in second.orders if order.attempt == 2]
    assert {order.state for order in again} == {IntentState.DONE}
    assert {(o.symbol, o.quantity) for o in again} == {(o.symbol, o.quantity) for o in lost}
    settled(books, 0 * DAY)
    assert held(books) == undisturbed


@pytest.mark.parametrize("late", [5 * SECOND, 20 * SECOND], ids=["within its window", "after its window"])
def test_an_order_that_arrives_late_is_not_doubled(books, undisturbed, late):
    kept = []
    tick(0 * DAY, loses(2, keep=kept.append))
    tick(4 * SECOND)
    assert len(held(books)) == len(undisturbed) - 2

    def delivers(call, process):
        while kept:
            process(kept.pop())
        return process(call)

    tick(late, delivers)
    settled(books, 0 * DAY)
    assert held(books) == undisturbed


@pytest.mark.parametrize("reply", SPOILED.values(), ids=SPOILED)
@pytest.mark.parametrize("path", [POSITIONS, EXECUTIONS])
def test_a_spoiled_read_fails_the_tick_before_anything_is_sent(books, path, reply):
    with pytest.raises(ExchangeUnavailable):
        tick(0 * DAY, spoils(path, reply))
    assert dict(venue(books).orders) == {}
    assert tick(MINUTE).orders
    audit(books)


def test_executions_that_cannot_be_read_after_sending_are_booked_by_the_next_tick(books, undisturbed):
    sent = []

    def fault(call, process):
        sent.extend([call] if call.path == CREATE else [])
        return b"<html>" if sent and call.path == EXECUTIONS else process(call)

    with pytest.raises(ExchangeUnavailable):
        tick(0 * DAY, fault)
    assert books.fills.all() == ()
    settled(books, 0 * DAY)
    assert held(books) == undisturbed


@pytest.mark.parametrize("arrives", [True, False], ids=["and is processed", "and is lost"])
def test_the_venue_may_go_dark_at_any_request(second_decision, arrives):
    """The tick fails or learns nothing; two minutes later everything is as if nothing had been."""
    begin, expected = second_decision
    for nth in range(1, 999, STRIDE):
        books = begin()
        try:
            tick(EVERY, dark(nth, arrives=arrives))
        except ExchangeUnavailable:
            settled(books, EVERY)
            assert held(books) == expected, f"request {nth}"
        else:
            break
    assert nth > 20


def test_an_entry_waits_while_the_exit_before_it_is_not_known_to_have_arrived(second_decision):
    """Sent first, the entry would be eaten by what is still held."""
    begin, expected = second_decision
    books = begin()
    run = tick(
        EVERY, lambda call, process: None if call.path == CREATE and '"reduceOnly":true' in call.payload else process(call)
    )
    turned = {order.symbol for order in run.orders if order.leg == "exit"} & {o.symbol for o in run.orders if o.leg == "entry"}
    assert turned
    assert {order.state for order in run.orders if order.leg == "entry" and order.symbol in turned} == {IntentState.NEW}
    settled(books, EVERY)
    assert held(books) == expected


# --- the process dies


class Crash(BaseException):
    """A death that nothing in the flow can catch."""


def at_point(patch, owner, method, nth, when, happens):
    """Let something happen before or after the nth call of a method of the real thing."""
    real, calls = getattr(owner, method), itertools.count(1)

    def watched(*arguments, **named):
        is_now = next(calls) == nth
        if is_now and when == "before":
            happens()
        result = real(*arguments, **named)
        if is_now and when == "after":
            happens()
        return result

    patch.setattr(owner, method, watched)


def dies(owner, method, nth, when, after):
    """A tick that dies at this point of this process."""

    def happens():
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        at_point(patch, owner, method, nth, when, happens)
        tick(after)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("owner", "method"),
    [
        (MemoryIntents, "add"),
        (MemoryIntents, "update"),
        (MemoryDecisions, "add"),
        (MemoryFills, "book"),
        (MemoryEquity, "append"),
        (BybitVenue, "submit"),
    ],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_the_tick_may_die_at_any_write(second_decision, owner, method, when):
    begin, expected = second_decision
    for nth in range(1, 999, STRIDE):
        books = begin()
        try:
            dies(owner, method, nth, when, EVERY)
        except Crash:
            settled(books, EVERY)
            assert held(books) == expected, f"call {nth}"
        else:
            break
    assert nth > 1


def in_child(home, point, waits):
    """One tick in a process of its own, which is killed at a point, or waits there."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.chdir(home)
    with pytest.MonkeyPatch.context() as patch:
        use(patch, Store(home), home)
        at_point(patch, *point, waits or (lambda: os.kill(os.getpid(), signal.SIGKILL)))
        tick(0 * DAY)


def child(home, point, waits=None):
    os.environ["PYTHONPATH"] = str(ROOT)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.flows.test_faults"])
    process = context.Process(target=in_child, args=(home, point, waits))
    process.start()
    return process


KILLS = {
    "orders stored, decision not": (DuckDecisions, "add", 1, "before"),
    "SENT stored, nothing sent": (BybitVenue, "submit", 1, "before"),
    "sent, answer not stored": (BybitVenue, "submit", 1, "after"),
    "while the exchange keeps it": (DuckPaper, "save", 2, "before"),
    "between two orders": (DuckIntents, "update", 2, "after"),
    "all sent, no fill booked": (DuckFills, "book", 1, "before"),
}


@pytest.fixture(scope="module")
def killed(template, tmp_path_factory):
    """Homes in which a tick was killed, all at the same time, and how each process ended."""
    place = tmp_path_factory.mktemp("killed")
    homes = {name: Path(shutil.copytree(template, place / name.replace(" ", "-"))) for name in KILLS}
    processes = {name: child(homes[name], point) for name, point in KILLS.items()}
    for process in processes.values():
        process.join(120)
    return {name: (homes[name], processes[name].exitcode) for name in KILLS}


@pytest.mark.parametrize("name", KILLS)
def test_after_a_kill_the_next_tick_ends_where_an_undisturbed_one_does(home, killed, undisturbed, monkeypatch, name):
    place, exitcode = killed[name]
    assert exitcode == -signal.SIGKILL
    books = Store(place)
    assert books.equity.all("paper") == ()
    use(monkeypatch, books, place)
    tick(0 * DAY)
    tick(MINUTE)
    audit(books)
    assert held(books) == undisturbed


def test_two_ticks_at_once_are_one_tick_and_a_refusal(on_disk, undisturbed):
    context = multiprocessing.get_context("forkserver")
    there, go = context.Event(), context.Event()
    other = child(on_disk, (BybitVenue, "submit", 1, "before"), Meeting(there, go))
    assert there.wait(60)
    with pytest.raises(StoreError, match="another process is trading it"):
        tick(0 * DAY)
    go.set()
    other.join(60)
    assert other.exitcode == 0
    audit(stores.store())
    assert held(stores.store()) == undisturbed


class Meeting:
    """Says that it is there, and waits."""

    def __init__(self, there, go):
        self.there, self.go = there, go

    def __call__(self):
        self.there.set()
        assert self.go.wait(60)


def test_a_decision_taken_again_after_a_crash_keeps_the_orders_of_the_first_time(second_decision):
    """An hour later prices differ: a mixture of two plans would be a plan nobody made."""
    books = second_decision[0]()
    with pytest.raises(Crash):
        dies(MemoryDecisions, "add", 1, "before", EVERY)
    planned = {(intent.symbol, intent.leg, intent.quantity) for intent in books.intents.open()}
    run = tick(EVERY + HOUR)
    assert {(order.symbol, order.leg, order.quantity) for order in run.orders} == planned
    settled(books, EVERY + HOUR)


def test_the_first_fills_are_found_however_long_the_machine_was_off(books, undisturbed):
    with pytest.raises(Crash):
        dies(MemoryFills, "book", 1, "before", 0 * DAY)
    tick(3 * DAY)
    settled(books, 3 * DAY)


# --- the verdict changes while orders wait


def test_the_emergency_stop_does_not_wait_for_orders_in_flight(books, home):
    tick(0 * DAY, spoils_all_but_first())
    (home / EMERGENCY_STOP).touch()
    stopped = tick(10 * SECOND)
    assert stopped.verdict == "FLATTEN"
    assert held(books) == {}
    tick(20 * SECOND)
    assert held(books) == {}
    (home / EMERGENCY_STOP).unlink()
    settled(books, MINUTE)
    assert held(books) == {}, "what a flattening has closed came back a leg at a time"


def spoils_all_but_first():
    """One order arrives, all later ones are lost."""
    orders = itertools.count()

    def fault(call, process):
        return None if call.path == CREATE and next(orders) else process(call)

    return fault


def test_the_emergency_stop_needs_no_model(books, home, market):
    tick(0 * DAY)
    frame = bar_frame(market.panel).filter(pl.col("open_time") != NOON + EVERY - HOUR)
    books.bars = MemoryStore().bars
    books.bars.merge(frame)
    with pytest.raises(DataError, match="no symbol has the bar that closes at"):
        tick(EVERY + HOUR)
    (home / EMERGENCY_STOP).touch()
    assert tick(EVERY + HOUR + MINUTE).verdict == "FLATTEN"
    settled(books, EVERY + 2 * HOUR)
    assert held(books) == {}


def test_a_waiting_entry_is_given_up_when_the_account_must_be_flat(books, home):
    with pytest.raises(Crash):
        dies(BybitVenue, "submit", 1, "before", 0 * DAY)
    (home / EMERGENCY_STOP).touch()
    tick(0 * DAY)
    assert held(books) == {}
    (home / EMERGENCY_STOP).unlink()
    settled(books, EVERY)


def test_a_waiting_entry_is_given_up_when_the_bars_have_grown_stale(books, market):
    books.bars = MemoryStore().bars
    books.bars.merge(bar_frame(market.panel).filter(pl.col("open_time") < NOON))
    with pytest.raises(Crash):
        dies(MemoryDecisions, "add", 1, "after", 0 * DAY)
    late = tick(131 * MINUTE)
    assert late.verdict == "REDUCE_ONLY"
    assert {order.reason for order in late.orders} == {"no entry while REDUCE_ONLY"}
    settled(books, 140 * MINUTE)
    assert held(books) == {}


def test_a_halt_holds_waiting_orders_back_until_it_is_lifted(books, undisturbed):
    with pytest.raises(Crash):
        dies(MemoryDecisions, "add", 1, "after", 0 * DAY)
    stranger = Fill("paper", "SYN01USDT", "stranger", "", "buy", Decimal(1), Decimal(1), Decimal(0), "trade", NOON)
    books.fills.book([stranger])
    assert tick(MINUTE).verdict == "HALT"
    assert dict(venue(books).orders) == {}
    assert {intent.state for intent in books.intents.open()} == {IntentState.NEW}
    books.fills._fills.clear()
    tick(2 * MINUTE)
    settled(books, 2 * MINUTE)
    assert held(books) == undisturbed


def test_another_account_s_orders_are_neither_sent_nor_asked_for(books, monkeypatch):
    with pytest.raises(Crash):
        dies(BybitVenue, "submit", 2, "after", 0 * DAY)
    before = books.intents.open()
    monkeypatch.setenv("TRADEWIND_ACCOUNT", "other")
    settings.cache_clear()
    tick(0 * DAY)
    tick(MINUTE)
    assert books.intents.open() == before
    monkeypatch.setenv("TRADEWIND_ACCOUNT", "paper")
    settings.cache_clear()
    tick(2 * MINUTE)
    assert held(books)
    assert {len(group) for group in legs_at_venue(books).values()} == {1}


# --- the account and the market


def test_a_rejected_order_is_named_and_not_sent_again(books, monkeypatch):
    monkeypatch.setattr(connecting, "_terms", lambda _: Terms(max_leverage=Decimal("0.01")))
    run = tick(0 * DAY)
    assert {order.state for order in run.orders} == {IntentState.REJECTED}
    assert run.orders[0].reason.startswith("110007: ")
    assert settled(books, 0 * DAY).orders == run.orders


def test_an_account_without_money_buys_nothing_and_says_why(books):
    books.paper.save("paper", dump(open_account("paper", Decimal(0), Terms())))
    run = tick(0 * DAY)
    assert (run.verdict, run.orders) == ("FLATTEN", ())
    assert run.reasons[0].startswith("down 100.00% from the peak")
    settled(books, 0 * DAY)


def test_an_account_that_lost_more_than_it_had_is_closed(books):
    tick(0 * DAY)
    tick(MINUTE)
    tick(2 * MINUTE)
    exchange = venue(books)
    books.paper.save("paper", dump(replace(exchange, wallet=exchange.wallet - 200_000)))
    robbed = tick(HOUR - MINUTE)
    assert robbed.equity < 0
    assert held(books) == {}
    assert "unexplained_money" in {alarm.rule for alarm in robbed.alarms if alarm.raised}
    settled(books, HOUR, unexplained=[200_000])
    assert "unexplained_money" not in books.alarms.raised("paper")


def without(books, market, symbol, since, until):
    """Forget a symbol's bars."""
    frame = bar_frame(market.panel)
    gone = (pl.col("symbol") == symbol) & pl.col("open_time").is_between(since, until, closed="left")
    books.bars = MemoryStore().bars
    books.bars.merge(frame.filter(~gone))


def test_a_held_symbol_that_is_delisted_is_settled_and_booked(books, market, undisturbed):
    symbol = min(undisturbed)
    without(books, market, symbol, NOON + 2 * HOUR, NOON + 99 * DAY)
    for hours in (0, 8, 16, 24, 32):
        tick(hours * HOUR)
    assert symbol not in held(books)
    assert [fill.kind for fill in books.fills.all() if fill.symbol == symbol][-1] == "settlement"
    settled(books, 33 * HOUR)


def test_trading_goes_on_long_after_a_symbol_it_once_held_is_gone(books, market, undisturbed):
    without(books, market, min(undisturbed), NOON + 2 * HOUR, NOON + 99 * DAY)
    for hours in (0, 24, 48, 72, 96):
        tick(hours * HOUR)
    settled(books, 97 * HOUR)


def test_a_symbol_without_a_bar_at_the_decision_is_left_alone(books, market, undisturbed):
    symbol = min(undisturbed)
    without(books, market, symbol, NOON + EVERY - HOUR, NOON + EVERY)
    tick(0 * DAY)
    before = held(books)[symbol]
    run = tick(EVERY)
    assert symbol not in run.targets
    assert held(books)[symbol] == before
    settled(books, EVERY)
