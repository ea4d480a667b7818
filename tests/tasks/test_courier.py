"""Couriers against a Discord of our own: nothing is lost, nothing is sent twice without its mark, nobody waits for another."""

import re
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import numpy as np
import pytest

from core.errors import StoreError
from core.notify.delivery import PACE, Line
from core.notify.notice import Severity
from core.notify.wording import mark
from storage.store import MemoryStore, Store
from tasks import discord
from tasks.courier import Courier, Hold
from tasks.destinations import discord_destination
from tasks.mailbox import Mailbox
from tasks.messenger import at_work
from tasks.webhooks import webhooks
from tests.core.notify.notices import plain_notice
from tests.tasks.discord_receiver import Receiver, drawn

START, SPEED = datetime(2026, 1, 1, 12, tzinfo=UTC), 20.0


class Fast:
    """A clock that runs twenty times as fast, for the courier and for its receiver."""

    def __init__(self):
        self.began = time.monotonic()

    def seconds(self):
        return (time.monotonic() - self.began) * SPEED

    def now(self):
        return START + timedelta(seconds=self.seconds())


@pytest.fixture
def clock():
    return Fast()


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def kept(tmp_path):
    return Store(tmp_path, patience=0.05)


@pytest.fixture
def send_to(tmp_path, monkeypatch, store, clock):
    """Couriers of these webhooks, that share a hold."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(discord, "TIMEOUT", 0.3)
    hold, spare = Hold(), MemoryStore()

    def couriers(*urls, of=store):
        monkeypatch.setenv("TRADEWIND_DISCORD_WEBHOOK", ",".join(urls))
        mailbox = Mailbox(of, None if isinstance(of, MemoryStore) else tmp_path / "trading.duckdb")
        return [
            Courier(discord_destination(hook), mailbox, spare, hold, np.random.default_rng(n), clock.now)
            for n, hook in enumerate(webhooks())
        ]

    return couriers


def work(couriers, until, limit=30.0):
    """Let every courier work in turn until this is true."""
    end = time.monotonic() + limit
    while not until():
        assert time.monotonic() < end, [courier.line for courier in couriers]
        for courier in couriers:
            courier.step()
        time.sleep(0.005)


def waiting(store):
    return sum(standing.waiting for standing in store.outbox.standings() if not standing.line.gone)


def marks(messages):
    """How often each notice was told."""
    counts = Counter()
    for message in messages:
        said = [message.payload.get("content", "")]
        said += [
            e.get("footer", {}).get("text", "") + " " + e.get("description", "") for e in message.payload.get("embeds", [])
        ]
        counts.update(set(re.findall(r"\b[0-9a-f]{8}\b", " ".join(said))))
    return counts


def told(store, courier):
    courier.step()
    return not waiting(store)


def test_a_notice_arrives_once_and_the_store_knows_the_message(kept, send_to, clock):
    store = kept
    with Receiver(clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1), of=store)
        courier.step()
        store.outbox.add([plain_notice(1)])
        work([courier], lambda: not waiting(store))
        for _ in range(20):
            assert not courier.step()
    assert marks(receiver.stored) == {mark("n-1"): 1}
    (delivery,) = store.outbox.told("n-1")
    assert (delivery.destination, delivery.message, delivery.given_up) == (courier.destination.name, "1", "")


def test_what_was_added_before_and_after_a_restart_arrives_once(store, send_to, clock):
    with Receiver(clock=clock.seconds) as receiver:
        for number in range(3):
            store.outbox.add([plain_notice(number)])
            couriers = send_to(receiver.hook(1))
            work(couriers, lambda couriers=couriers: told(store, couriers[0]))
    assert set(marks(receiver.stored).values()) == {1}
    assert len(marks(receiver.stored)) == 3


@pytest.mark.parametrize(
    "script", [["429:3", "ok"], ["global:3", "ok"], ["500", "500", "ok"], ["hang:1", "ok"], ["drop", "ok"]]
)
def test_trouble_delays_a_notice_and_never_loses_or_doubles_it(store, send_to, clock, script):
    with Receiver(script, clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1))
        store.outbox.add([plain_notice(1)])
        work([courier], lambda: told(store, courier))
    assert marks(receiver.stored) == {mark("n-1"): 1}
    assert receiver.impatient == []
    assert store.outbox.line(courier.destination.name).trouble == ""


def test_a_message_whose_answer_was_lost_is_sent_again_with_the_same_mark(store, send_to, clock):
    with Receiver(["lost:1", "ok"], clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1))
        store.outbox.add([plain_notice(1)])
        work([courier], lambda: told(store, courier))
    assert marks(receiver.stored) == {mark("n-1"): 2}


def test_a_refused_message_goes_once_as_text(store, send_to, clock):
    with Receiver(["400", "ok"], clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1))
        store.outbox.add([plain_notice(1)])
        work([courier], lambda: told(store, courier))
    (message,) = receiver.stored
    assert mark("n-1") in message.payload["content"]


def test_what_is_refused_twice_is_given_up_and_said_and_the_next_one_goes(store, send_to, clock):
    with Receiver(["400", "400", "ok"], clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1))
        store.outbox.add([plain_notice(1)])
        work([courier], lambda: told(store, courier))
    assert store.outbox.told("n-1")[0].given_up == "HTTP 400 Invalid Form Body"
    assert [message.payload["embeds"][0]["title"] for message in receiver.stored] == [
        "1 notices could not be delivered to webhook ..1 at " + receiver.url.removeprefix("http://")
    ]


def test_a_hook_that_refuses_everything_does_not_complain_to_itself_for_ever(store, send_to, clock):
    with Receiver(["400"], clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1))
        store.outbox.add([plain_notice(1)])
        work([courier], lambda: told(store, courier))
    assert len(receiver.arrivals) == 4
    assert len(store.outbox.newest(9)) == 2


def test_a_hook_that_is_gone_is_left_alone_and_the_others_are_told(store, send_to, clock):
    with Receiver({1: ["404"], 2: ["ok"]}, clock=clock.seconds) as receiver:
        couriers = send_to(receiver.hook(1), receiver.hook(2))
        for courier in couriers:
            courier.step()
        store.outbox.add([plain_notice(1)])
        work(couriers, lambda: len(receiver.of(2)) == 2)
        for _ in range(50):
            couriers[0].step()
        assert len([hook for hook, _ in receiver.arrivals if hook == "1"]) == 1
        assert store.outbox.line(couriers[0].destination.name).gone == "HTTP 404 Unknown Webhook"
        assert "does not know webhook ..1" in receiver.of(2)[1].payload["embeds"][0]["title"]

        (again, _) = send_to(receiver.hook(1), receiver.hook(2))
        again.step()
        assert again.line.gone


def test_a_hook_that_was_gone_is_used_again_once_somebody_asks_for_it(kept, send_to, clock):
    store = kept
    with Receiver(["404", "ok"], clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1), of=store)
        store.outbox.add([plain_notice(1)])
        work([courier], lambda: bool(courier.line.gone))
        courier.step()
        store.outbox.forget(courier.destination.name)
        work([courier], lambda: len(receiver.stored) == 1)
    assert courier.line.gone == ""


def test_a_limit_of_this_machine_holds_up_every_hook(store, send_to, clock):
    with Receiver({1: ["global:20", "ok"], 2: ["ok"]}, clock=clock.seconds) as receiver:
        couriers = send_to(receiver.hook(1), receiver.hook(2))
        store.outbox.add([plain_notice(1)])
        work(couriers, lambda: not waiting(store) and couriers[1].line.next_try is not None)
    assert receiver.impatient == []
    assert len(receiver.stored) == 2


def test_a_hook_that_hangs_delays_no_other(store, send_to):
    with Receiver({1: ["hang:9"], 2: ["ok"]}) as receiver:
        couriers = send_to(receiver.hook(1), receiver.hook(2))
        for courier in couriers:
            courier.step()
        arrived = Event()
        store.outbox.add([plain_notice(1)])
        began = time.monotonic()
        with at_work([courier.step for courier in couriers]):
            while not receiver.of(2) and time.monotonic() - began < 10:
                arrived.wait(0.01)
        assert receiver.of(2)
        assert receiver.of(1) == []
        assert receiver.of(2)[0].at - began < 3


def test_critical_notices_overtake_a_storm(store, send_to, clock):
    with Receiver(clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1))
        store.outbox.add([plain_notice(number) for number in range(400)])
        store.outbox.add([plain_notice(999, severity=Severity.CRITICAL, title="Fire")])
        work([courier], lambda: told(store, courier))
    assert receiver.stored[0].payload["embeds"][0]["title"] == "Fire"
    assert len(receiver.stored) == 3
    assert len(marks(receiver.stored)) == 401


def test_what_was_told_while_the_store_could_not_be_written_is_not_told_again(kept, tmp_path, send_to, clock):
    store = kept
    with Receiver(clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1), of=store)
        courier.step()
        store.outbox.add([plain_notice(1)])
        somebody, send = Store(tmp_path).trading.read(), courier.destination.send

        def send_while_somebody_reads(message):
            somebody.__enter__()
            return send(message)

        courier.destination = replace(courier.destination, send=send_while_somebody_reads)
        work([courier], lambda: receiver.stored != [])
        assert store.outbox.told("n-1") == ()
        somebody.__exit__(None, None, None)
        work([courier], lambda: store.outbox.told("n-1") != ())
        time.sleep(0.2)
        courier.step()
    assert len(receiver.stored) == 1
    assert store.outbox.line(courier.destination.name) == courier.line != Line()


def test_what_waits_in_memory_is_sent_even_when_the_store_is_broken(tmp_path, send_to, clock):
    (tmp_path / "trading.duckdb").write_bytes(b"not a database" * 999)
    with Receiver(clock=clock.seconds) as receiver:
        (courier,) = send_to(receiver.hook(1), of=Store(tmp_path))
        with pytest.raises(StoreError):
            courier.step()
        courier.spare.outbox.add([plain_notice(1)])
        assert courier.step()
        for _ in range(3):
            with pytest.raises(StoreError):
                courier.step()
            time.sleep(PACE / SPEED)
    assert marks(receiver.stored) == {mark("n-1"): 1}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(4))
def test_hundreds_of_notices_through_random_trouble_all_arrive(store, send_to, clock, seed):
    rng = np.random.default_rng(seed)
    severities = [Severity.INFO] * 6 + [Severity.WARNING] * 3 + [Severity.CRITICAL]
    everything, script = [], {1: drawn(seed, 0.5), 2: drawn(seed + 100, 0.2)}
    with Receiver(script, clock=clock.seconds) as receiver:
        couriers = send_to(receiver.hook(1), receiver.hook(2))
        for _ in range(30):
            new = [
                plain_notice(len(everything) + n, severity=severities[rng.integers(10)], group=["", "a"][rng.integers(2)])
                for n in range(rng.integers(1, 20))
            ]
            store.outbox.add(new)
            everything += new
            for _ in range(20):
                [courier.step() for courier in couriers]
        work(couriers, lambda: not waiting(store), limit=150)
    given_up = [delivery.notice for notice in everything for delivery in store.outbox.told(notice.id) if delivery.given_up]
    for hook in (1, 2):
        lost = {mark(notice.id) for notice in everything if notice.id not in given_up} - set(marks(receiver.of(hook)))
        assert lost == set()
    assert receiver.impatient == []
    assert [broken for broken in receiver.refused if broken != {"_": "refused by the script"}] == []
