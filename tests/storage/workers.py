# ruff: noqa: T201 - what it prints is what it is for
"""Processes that share one store: ``python workers.py ROLE HOME SECONDS``.

Each prints one JSON line when it ends: what was acknowledged to it, its operations and its worst wait. The role ``crash``
prints every acknowledgement at once and works until it is killed.
"""

import itertools
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from core.errors import DataError
from core.execution.intents import Intent, sending
from core.execution.orders import Fill
from storage.store import Store
from storage.trials import Trial

START = datetime(2024, 1, 1, tzinfo=UTC)
SYMBOLS = [f"S{n:02}USDT" for n in range(20)]


class Clocked:
    """Counts operations and remembers the longest."""

    def __init__(self):
        self.operations, self.worst = 0, 0.0

    def __call__(self, operation, *arguments):
        began = time.monotonic()
        answer = operation(*arguments)
        self.worst = max(self.worst, time.monotonic() - began)
        self.operations += 1
        return answer


def intents(batch, size):
    at = START + timedelta(minutes=batch)
    return [
        Intent(f"tw-{batch}-{n}", "main", 1, at, SYMBOLS[n % 20], "entry", 0, "buy", Decimal("0.1"), False, at)
        for n in range(size)
    ]


def fills(batch, size):
    at = START + timedelta(minutes=batch)
    price = Decimal("100.5")
    return [
        Fill("bybit", SYMBOLS[n % 20], f"e-{batch}-{n}", f"tw-{batch}-{n}", "buy", Decimal(1), price, price, "trade", at)
        for n in range(size)
    ]


def bars(batch, hours=25):
    """Every batch overlaps the one before it by an hour."""
    opens = [START + timedelta(hours=(hours - 1) * batch + n) for n in range(hours)]
    moments = pl.DataFrame({"open_time": pl.Series(opens, dtype=pl.Datetime("ms", "UTC"))})
    names = pl.DataFrame({"symbol": SYMBOLS})
    price = pl.col("open_time").dt.epoch("s") % 977 + 100.0
    columns = ("venue", "symbol", "timeframe", "open_time", "open", "high", "low", "close", "volume", "source")
    return (
        names.join(moments, how="cross")
        .with_columns(venue=pl.lit("bybit"), timeframe=pl.lit("1h"), source=pl.lit("test"))
        .with_columns(price.alias(name) for name in ("open", "high", "low", "close", "volume"))
        .select(columns)
    )


def live(store, clocked, until):
    acked = 0
    while time.monotonic() < until:
        batch = intents(acked, 3)
        clocked(store.intents.add, batch)
        for intent in batch:
            clocked(store.intents.update, sending(intent, epoch=2, now=START))
        clocked(store.fills.book, fills(acked, 3))
        acked += 1
        time.sleep(0.05)
    return acked


def ingest(store, clocked, until):
    acked = 0
    while time.monotonic() < until:
        merge = clocked(store.bars.merge, bars(acked))
        assert merge.differing_count == 0
        acked += 1
    return acked


def reader(store, clocked, until):
    seen = 0
    while time.monotonic() < until:
        try:
            panel = clocked(store.bars.panel, "bybit", "1h")
        except DataError:
            continue  # nothing ingested yet
        assert len(panel) >= seen
        assert (len(panel) - 1) % 24 == 0, "half a merge is visible"
        assert np.isfinite(panel.close).all()
        seen = len(panel)
        clocked(store.intents.open)
    return seen


def nightly(store, clocked, until):
    acked = 0
    while time.monotonic() < until:
        clocked(store.trials.append, [Trial("night", "fold", 1000 * acked + n, "{}", n / 7) for n in range(1000)])
        clocked(store.paper.save, "night", str(acked))
        acked += 1
        time.sleep(0.1)
    return acked


def crash(store):
    """Write batch after batch and acknowledge each write with a line; begin with the batch a kill may have cut short."""
    stored = len(store.intents.all(10**6)) // 50
    for batch in itertools.count(max(stored - 1, 0)):
        store.intents.add(intents(batch, 50))
        print("intents", batch, flush=True)
        store.intents.update(sending(intents(batch, 1)[0], epoch=2, now=START))
        print("sent", batch, flush=True)
        store.fills.book(fills(batch, 50))
        print("fills", batch, flush=True)
        store.bars.merge(bars(batch))
        print("bars", batch, flush=True)


def main():
    role, home, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    store = Store(home)
    if role == "crash":
        crash(store)
    clocked = Clocked()
    work = {"live": live, "ingest": ingest, "reader": reader, "nightly": nightly}[role]
    acked = work(store, clocked, time.monotonic() + seconds)
    print(json.dumps({"role": role, "acked": acked, "operations": clocked.operations, "worst": clocked.worst}))


if __name__ == "__main__":
    main()
