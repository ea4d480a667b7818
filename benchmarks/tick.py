"""One tick of the live flow at 50 symbols, the exchange in a process of its own, over loopback.

`python -m benchmarks.tick` prints the median milliseconds of a quiet tick, and of one that decides and sends an order for
every symbol, and their ratio. Prefect is left out, and the start of the interpreter; the real client, store and flow are not.
"""

import json
import multiprocessing
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import numpy as np
from prefect import Task

import flows.trade
from core.deploy.release import Release, Sleeve
from core.exchange.state import Terms, open_account
from core.market.synthetic import synthetic_market
from storage.activations import Activation
from tasks import clock, telling
from tasks.environment import override
from tasks.live_releases import publish
from tasks.stopping import Stop
from tasks.stores import store
from tasks.venues.bybit_server import BybitServer
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.world import PanelWorld
from tests.flows.recorded import bar_frame, funding_frame

SYMBOLS, DAYS, TICKS = 50, 45, 9
KEY, SECRET = "benchmark", "benchmark-secret"


def main() -> None:
    """Serve, prepare, tick, print."""
    start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, start), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as home:
        flow, decide_again = prepare(Path(home), ours.recv(), start)
        busy, quiet, orders = [], [], []
        for number in range(TICKS):
            decide_again("small" if number % 2 else "full")
            seconds, tick = timed(flow)
            busy.append(seconds)
            orders.append(sum(order.state.value == "DONE" for order in tick.orders))
            quiet.append(timed(flow)[0])
    ours.send("enough")
    middle = [statistics.median(times[1:]) * 1e3 for times in (quiet, busy)]
    figure = {
        "claim": "a tick's own work at 50 symbols is at most 500 ms",
        "quiet_ms": round(middle[0]),
        "busy_ms": round(middle[1]),
    }
    print(json.dumps(figure | {"orders": statistics.median(orders[1:]), "ratio": round(middle[1] / middle[0], 2)}))


def timed(flow: Any) -> tuple[float, Any]:
    """Run one tick; return its seconds and what it told."""
    began = time.perf_counter()
    tick = flow()
    return time.perf_counter() - began, tick


def market_from(start: datetime, days: int) -> Any:
    """Return the market both processes know."""
    return synthetic_market(np.random.default_rng(1), days=days, symbols=SYMBOLS, start=start, edge=3e-4)


def serve(pipe: Connection, start: datetime) -> None:
    """Run a simulated exchange in the present until told that it is enough."""
    market = market_from(start, DAYS + 2)
    state = open_account("benchmark", Decimal(1_000_000), Terms())
    exchange = SimulatedExchange(PanelWorld(market.panel, market.instruments), state, clock=clock.milliseconds)
    with BybitServer(exchange, {KEY: SECRET}) as front:
        pipe.send(front.url)
        pipe.recv()


def prepare(home: Path, url: str, start: datetime) -> tuple[Any, Any]:
    """Fill a home with the same market up to now; return the flow without Prefect, and what makes the next tick decide."""
    override(HOME=str(home), ACCOUNT="bench", MODE="demo", EXCHANGE_URL=url, API_KEY=KEY, API_SECRET=SECRET)

    invented = market_from(start, DAYS)
    market = replace(
        invented,
        panel=replace(invented.panel, venue="bybit"),
        instruments=tuple(replace(i, venue="bybit") for i in invented.instruments),
    )
    store().bars.merge(bar_frame(market.panel))
    store().funding.merge(funding_frame(market.panel))
    store().instruments.record(market.instruments, start)
    release = Release.model_validate(
        {
            "venue": "bybit",
            "sleeves": [Sleeve(strategy="sma_cross", params={"fast": 12, "slow": 72})],
            "universe": {"top": SYMBOLS, "min_listed_days": 5, "liquidity_days": 5},
            "vol_half_life": 48,
            "band": 0.0,
            "book_start": start + timedelta(days=20),
        }
    )

    def decide_again(stage: Literal["small", "full"]) -> None:
        publish(release, "benchmark", "{}", Activation(release.fingerprint, stage, clock.now(), "benchmark", "again"))

    return without_prefect(), decide_again


def without_prefect() -> Any:
    """Return the flow's function with its steps called as plain functions, and nothing published."""
    for name, step in vars(flows.trade).copy().items():
        if isinstance(step, Task):
            setattr(flows.trade, name, step.fn)
    vars(flows.trade)["read_stop"] = lambda _: Stop()
    for name in [name for name in vars(telling) if name.startswith("create_")]:
        setattr(telling, name, lambda **_: None)
    return flows.trade.trade.fn


if __name__ == "__main__":
    main()
