"""The demo: the real flows, one after another, on a synthetic market served by the simulated exchange."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from rich.progress import Progress, TaskID

from core.exchange.state import Terms, open_account
from core.market.synthetic import VENUE, synthetic_market
from core.market.timeframe import milliseconds
from core.reporting.outcomes import Demo
from flows.console import progress
from flows.ingest import ingest
from flows.optimize import optimize
from flows.report import report
from flows.session import under_prefect
from flows.trade import trade
from tasks import clock
from tasks.environment import override
from tasks.venues.bybit_server import BybitServer
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.world import PanelWorld

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, TRADED_DAYS, TICK_HOURS = 730, 3, 8
HISTORY_PARTS = 4
"""Ingests spread over the history: a symbol that is delisted later is seen while it still trades."""
EDGE = 3e-4
"""Strength of the planted momentum: strong enough that a cautious gate sees it in under two years."""
TRIALS, FOLDS = 20, 4


def run_demo(*, seed: int) -> Demo:
    """Run ingest, optimise, deploy, trade and report over an invented market of two years and some days."""
    started = clock.now()
    with progress("demo") as bars:
        steps = bars.add_task("demo", total=2 + HISTORY_PARTS + TRADED_DAYS * 24 // TICK_HOURS)
        with _market(seed) as exchange:
            return under_prefect(lambda: _cycle(exchange, bars, steps, started))


def _cycle(exchange: SimulatedExchange, bars: Progress, steps: TaskID, started: datetime) -> Demo:
    for share in range(1, HISTORY_PARTS + 1):
        _say(bars, steps, f"demo: ingest, part {share} of {HISTORY_PARTS}")
        exchange.advance_to(milliseconds(START + timedelta(days=DAYS * share // HISTORY_PARTS)))
        ingest(venue=VENUE, history_days=DAYS)
    _say(bars, steps, "demo: optimise")
    night = optimize(trials=TRIALS, folds=FOLDS, venue=VENUE)
    links: set[str] = set()
    for hour in range(0, TRADED_DAYS * 24, TICK_HOURS):
        _say(bars, steps, f"demo: trade, day {hour // 24 + 1} of {TRADED_DAYS}")
        now = START + timedelta(days=DAYS, hours=hour)
        exchange.advance_to(milliseconds(now))
        ingest(venue=VENUE)
        ticked = trade(at=now, venue=VENUE)
        links |= {order.link for order in ticked.orders} if ticked else set()
    _say(bars, steps, "demo: report")
    done = report(at=now, venue=VENUE)
    seconds = (clock.now() - started).total_seconds()
    return Demo(night, done, TRADED_DAYS * 24 // TICK_HOURS, len(links), seconds)


def _say(bars: Progress, steps: TaskID, what: str) -> None:
    bars.update(steps, description=what, advance=1)


@contextmanager
def _market(seed: int) -> Iterator[SimulatedExchange]:
    """Serve an invented market on loopback, and let the flows fetch from there."""
    market = synthetic_market(np.random.default_rng(seed), days=DAYS + TRADED_DAYS + 1, start=START, edge=EDGE)
    world = PanelWorld(market.panel, market.instruments)
    exchange = SimulatedExchange(world, open_account("market", Decimal(0), Terms()), clock=None)
    with BybitServer(exchange, {}) as server:
        override(VENUE=VENUE, BYBIT_URL=server.url)
        yield exchange
