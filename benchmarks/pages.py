"""Requests a second, and bars: the backfill's engine against the simulated exchange, over loopback, in a process of its own.

    python -m benchmarks.pages            at the usual sixty requests a second, and as fast as it goes

All of it counts: the request, the checks, the merge into DuckDB. The exchange bans an address at 120 a second, as Bybit does.
"""

import json
import multiprocessing
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from core.exchange.state import Terms, open_account
from core.market.synthetic import synthetic_market
from core.market.timeframe import milliseconds
from tasks import backfilling, clock, market_data
from tasks.environment import override
from tasks.fetch_plan import Order
from tasks.settings import settings
from tasks.stores import store
from tasks.venues.bybit_server import BybitServer, Manners
from tasks.venues.gate import Gate
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.limits import Limits
from tasks.venues.simulated.world import PanelWorld

START, DAYS, SYMBOLS = datetime(2024, 1, 1, tzinfo=UTC), 730, 20


def serve(url: Connection, *, limited: bool) -> None:
    """Serve two years of hourly bars until the other end hangs up."""
    market = synthetic_market(np.random.default_rng(1), days=DAYS, symbols=SYMBOLS, start=START, edge=0.0)
    exchange = SimulatedExchange(PanelWorld(market.panel, market.instruments), open_account("x", Decimal(0), Terms()))
    exchange.advance_to(milliseconds(START + timedelta(days=DAYS - 1)))
    limits = Limits(clock.milliseconds, lambda: exchange.now_ms) if limited else None
    with BybitServer(exchange, {}, manners=Manners(limits)) as server:
        url.send(server.url)
        url.recv()


class CountingGate(Gate):
    """Counts what goes through it; a page of funding is several requests."""

    asked = 0

    def ask(self, request: Any, tally: Any) -> Any:
        """Make a request when its turn comes."""
        CountingGate.asked += 1
        return super().ask(request, tally)


def measured(per_second: float, *, limited: bool) -> dict[str, float]:
    """Backfill all of it, in this process; return how fast it went."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), kwargs={"limited": limited}, daemon=True)
    child.start()
    with TemporaryDirectory() as home:
        override(HOME=home, BYBIT_URL=ours.recv())
        settings.cache_clear()
        store.cache_clear()
        market_data.gate = lambda venue: CountingGate(market_data.address(venue), Path(home), per_second)
        order = Order("synthetic", "1h", START, START + timedelta(days=DAYS), "missing", "same")
        now, listed = market_data.fetch_time.fn("synthetic"), market_data.fetch_instruments.fn("synthetic")
        fetch = backfilling.plan_backfill.fn(order, None, listed, now)
        began, cpu, before = time.perf_counter(), time.process_time(), CountingGate.asked
        brought = backfilling.bring.fn(fetch, shown=False)
        seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    ours.send("enough")
    requests = CountingGate.asked - before
    return {
        "asked_per_second": per_second,
        "pages": brought.pages,
        "requests": requests,
        "bars": brought.new_bars,
        "failed": brought.failed,
        "seconds": round(seconds, 2),
        "requests_per_second": round(requests / seconds, 1),
        "bars_per_second": round(brought.new_bars / seconds),
        "cpu_ms_per_request": round(1000 * spent / requests, 2),
    }


if __name__ == "__main__":
    for rate, limited in ((60, True), (100, True), (10_000, False)):
        sys.stdout.write(json.dumps(measured(rate, limited=limited)) + "\n")
        sys.stdout.flush()
