"""The messenger: one process per home that brings notices out of the outbox and watches over the rest.

1. Trading never waits for it: it reads the store briefly, writes only what was delivered, and holds nothing meanwhile.
2. Every destination has a courier with a thread of its own, so that one that hangs delays no other.
3. It may die at any moment: what was not recorded as told is told again, with the same marks.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import numpy as np

from core.errors import StoreError
from core.notify.watching import begun
from storage.store import MemoryStore, Store
from tasks import clock
from tasks.courier import Courier, Destination, Hold
from tasks.destinations import discord_destination, prefect_destination
from tasks.lookout import Lookout
from tasks.mailbox import Mailbox
from tasks.messenger_http import listening
from tasks.messenger_note import messenger_lock, noted
from tasks.prefect_wire import server_address
from tasks.settings import settings
from tasks.webhooks import webhooks

log = logging.getLogger("tradewind.messenger")

TICK, LEAVE_SECONDS = 1.0, 3.0
STORE_TROUBLE, TROUBLE = 5.0, 60.0
"""Seconds to wait after the store could not be read, and after what nobody foresaw."""


@contextmanager
def running(home: Path, chosen: str | None) -> Iterator[tuple[str, tuple[Destination, ...]]]:
    """Run the messenger of a home for as long as the block runs; return its address and whom it tells.

    Parameters
    ----------
    chosen : API address of the Prefect server that the operator named; None for the one that the home's note names

    Raises
    ------
    ConfigError
        When a webhook is malformed, another messenger runs here, or nothing can listen at its address.
    """
    destinations = (*map(discord_destination, webhooks()), prefect_destination(lambda: server_address(home, chosen)))
    with messenger_lock(home):
        mailbox, spare, now = Mailbox(Store(home), home / "trading.duckdb"), MemoryStore(), clock.now()
        lookout = Lookout(home, chosen, mailbox, spare, destinations, since=now, watch=begun(now), looked=now)
        with listening(settings().messenger_url, lookout.health, lookout.receive) as url, noted(home, url):
            steps = [courier.step for courier in couriers(mailbox, spare, destinations)]
            with at_work([lookout.look, *steps]):
                yield url, destinations


def couriers(mailbox: Mailbox, spare: Store, destinations: Sequence[Destination]) -> tuple[Courier, ...]:
    """Return a courier for each destination; a rate limit of this machine holds up all of Discord's."""
    discord, nobody = Hold(), Hold()
    rngs = np.random.default_rng().spawn(len(destinations))
    return tuple(
        Courier(destination, mailbox, spare, nobody if destination.is_quiet else discord, rng)
        for destination, rng in zip(destinations, rngs, strict=True)
    )


@contextmanager
def at_work(steps: Sequence[Callable[[], object]]) -> Iterator[None]:
    """Repeat each step about every second, each in a thread of its own, until the end of the block."""
    over = Event()
    threads = [Thread(target=_repeat, args=(step, over), daemon=True) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(LEAVE_SECONDS / len(threads))  # one that hangs is left behind; what it sends is sent again


def _repeat(step: Callable[[], object], over: Event) -> None:
    pause = 0.0
    while not over.wait(pause):
        pause = TICK
        try:
            step()
        except StoreError as error:
            log.warning("%s", error)
            pause = STORE_TROUBLE
        except Exception as error:  # noqa: BLE001 - this thread must live; the text could hold an address
            log.error("%s where none was foreseen", type(error).__name__)  # noqa: TRY400
            pause = TROUBLE
