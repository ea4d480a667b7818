"""Living through one seed, with one of two drivers, and what came of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.errors import TradewindError
from core.exchange.state import open_account
from core.market.timeframe import utc
from storage.activations import Activation
from storage.store import MemoryStore
from tasks import live_releases
from tasks.stopping import FILE
from tasks.venues.simulated.exchange import SimulatedExchange
from tests.simulation.bot import ACCOUNT, Crash, ShownBars, Steps, Watched, bot, home, watch
from tests.simulation.engine_venue import EngineVenue
from tests.simulation.line import Line
from tests.simulation.oracle import Oracle
from tests.simulation.outside import ChangingWorld, calm, happen
from tests.simulation.wire import http_driver
from tests.simulation.world import HOUR, MINUTE, Scenario

Driver = Callable[["Life"], Any]
"""Connects the bot to the venue; a context manager whose value is called at every tick for a fresh `Venue`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    ticks: int
    crashes: int
    failed_ticks: int
    requests: int
    orders: int
    executions: int
    violations: tuple[str, ...]


class Life:
    """Everything one seed is lived on: the venue and its line, the store, the judge."""

    def __init__(self, story: Scenario, store: Any = None, *, stocked: bool = False) -> None:
        self.story = story
        world = ChangingWorld(story.panel, story.instruments, delist_after_ms=HOUR)
        self.exchange = SimulatedExchange(world, open_account(ACCOUNT, story.balance, story.terms))
        self.line = Line(self.exchange, latency=story.latency, lags=story.lags, now=story.at[0] - HOUR)
        self.store = MemoryStore() if store is None else store
        self.steps = Steps()
        self.skew = 0
        self.stop = home() / FILE
        self.stop.unlink(missing_ok=True)
        limit = Decimal(str(story.release.risk.max_gross))
        self.oracle = Oracle(self.exchange, self.store, self.line.shown, max_gross=limit, deposit=story.balance)
        self.store.bars = ShownBars(story.panel, lambda: self.line.now)
        if not stocked:
            self._stock()

    def now(self) -> int:
        """Return the bot's own clock, milliseconds."""
        return self.line.now + self.skew

    def _stock(self) -> None:
        story = self.story
        self.store.instruments.record(story.instruments, utc(story.at[0] - 60 * HOUR))
        since = utc(story.at[0] - HOUR)
        with publishing_into(self.store):
            activation = Activation(story.release.fingerprint, "paper", since, "test", "a simulation")
            live_releases.publish(story.release, "test", "{}", activation)


@contextmanager
def publishing_into(store: Any) -> Iterator[None]:
    kept, live_releases.store = live_releases.store, lambda: store
    try:
        yield
    finally:
        live_releases.store = kept


@contextmanager
def engine_driver(life: Life) -> Iterator[Callable[[], Any]]:
    """Connect straight to the engine."""
    yield lambda: EngineVenue(ACCOUNT, life.line, life.oracle.sent)


def live(story: Scenario, driver: Any = engine_driver) -> Outcome:
    """Live through a scenario and judge it."""
    life = Life(story)
    crashes = failed = 0
    with (
        driver(life) as connect,
        bot(watch(life.store, life.steps), lambda: Watched(connect(), life.steps), life.now) as tick,
    ):
        for number, planned in enumerate(story.at):
            disturbed = number < len(story.at) - story.clean
            at = max(planned, life.line.now + _pause(number, len(story.at) - story.clean))
            life.line.begin(at, [fault for fault in story.faults if fault.tick == number] if disturbed else [])
            life.skew = 0
            if number == len(story.at) - story.clean:
                calm(life)
            for event in story.outside:
                if event.tick == number and disturbed:
                    happen(life, event)
            life.steps.begin([(one.nth, one.when) for one in story.crashes if one.tick == number and disturbed])
            try:
                run = tick()
            except Crash:
                crashes += 1
            except TradewindError as error:
                failed += 1
                if not disturbed:
                    life.oracle.not_quiet(error)
            else:
                life.oracle.ticked(run)
                if number >= len(story.at) - 2:
                    life.oracle.quiet(run)
    life.oracle.ended()
    state = life.exchange.state
    return Outcome(
        story.seed,
        len(story.at),
        crashes,
        failed,
        life.line.requests,
        len(state.links),
        len(state.executions),
        tuple(life.oracle.violations),
    )


def _pause(number: int, first_clean: int) -> int:
    """Return how long a tick waits for the one before at least: a suspended machine shifts what follows."""
    if number < first_clean:
        return 1_000
    return 11 * MINUTE if number == first_clean else MINUTE


DRIVERS: dict[str, Any] = {"engine": engine_driver, "http": http_driver}
