# ruff: noqa: T201 - what it prints is what it is for
"""Processes that fight over kept panels: ``python panel_workers.py ROLE HOME SECONDS``."""

import random
import shutil
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path

from storage.bars import DuckBars
from storage.contents import found
from storage.database import Database
from storage.kept import KeptPanels
from storage.panels import Request


def load(database, folder, until):
    """Load one of three panels again and again, and see that it is what DuckDB holds; answer how often."""
    warnings.simplefilter("ignore")  # what is thrown away under the hands of its maker is not kept, and that is told
    direct, through = DuckBars(database, KeptPanels(folder / "never", worth_it=10**9)), DuckBars(database, kept(folder))
    truth = {timeframe: direct.panel("bybit", timeframe).data_hash for timeframe in ("1m", "3m", "5m")}
    loads = 0
    while time.monotonic() < until:
        for timeframe, data_hash in truth.items():
            panel = through.panel("bybit", timeframe)
            assert panel.data_hash == data_hash
            assert panel.rows(0, len(panel)).data_hash == data_hash
            loads += 1
    return loads


def throw(_database, folder, until):
    """Throw everything away, every now and then."""
    while time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)
    return 0


def damage(_database, folder, until):
    """Put a file of noise in the place of another."""
    chance = random.Random(1)
    while time.monotonic() < until:
        with suppress(FileNotFoundError):  # thrown away meanwhile
            file = chance.choice(sorted(folder.glob("*/*.npy")) or [folder / "none"])
            noise = file.with_suffix(".noise")
            noise.write_bytes(chance.randbytes(999))
            noise.replace(file)
        time.sleep(0.01)
    return 0


def keep(database, folder, _until):
    """Keep three panels in turn, until killed."""
    with database.read() as connection:
        contents = [found(connection, Request.of("bybit", name, None, None, None)) for name in ("1m", "3m", "5m")]
    bars = DuckBars(database, KeptPanels(folder, worth_it=10**9))
    panels = [bars.panel("bybit", made.extent.timeframe) for made in contents]
    print("keeping", flush=True)
    while True:
        for made, panel in zip(contents, panels, strict=True):
            kept(folder).keep(made, panel)


def kept(folder):
    return KeptPanels(folder, most=3, worth_it=0)


def main():
    role, home, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    work = {"load": load, "throw": throw, "damage": damage, "keep": keep}[role]
    database = Database(home / "market.duckdb", "market")
    print(work(database, home / "panels", time.monotonic() + seconds))


if __name__ == "__main__":
    main()
