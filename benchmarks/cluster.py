"""`python -m benchmarks.cluster`: nights an hour in one process and on a Dask cluster of this machine, with the same trials.

By the clock, because that is what a cluster is for: on a machine that others use, the ratio says little. Starting and stopping
the cluster counts. Every turn checks that both found the same to the last bit.
"""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.measure import Figure, report
from core.deploy.release import Release, baseline
from core.market.synthetic import VENUE, synthetic_market
from core.optimize.search import SearchPlan
from core.portfolio import Market, prepare
from tasks.environment import keep_kernels, override
from tasks.settings import settings

START = datetime(2022, 1, 1, tzinfo=UTC)


def main(arguments: list[str]) -> None:
    """Run a night here and there, turn by turn."""
    options = _options(arguments)
    market, release = _market(options)
    plan, ratios = SearchPlan(trials=options.trials, folds=options.folds), []
    _night(market, release, plan.model_copy(update={"trials": 1}), "")  # the kernels are built
    for _ in range(options.repeats):
        (here, alone), (there, together) = (_night(market, release, plan, address) for address in ("", options.cluster))
        assert alone == together, "the cluster found something else"
        ratios.append(here / there)
        print(f"  here {here:.1f} s = {3600 / here:.0f} nights an hour, {options.cluster} {there:.1f} s = {3600 / there:.0f}")
    middle = float(np.median(ratios))
    report([Figure(f"cluster, one process / {options.cluster}", middle, min(ratios), max(ratios), "x")])


def _night(market: Market, release: Release, plan: SearchPlan, address: str) -> tuple[float, tuple[object, ...]]:
    from tasks.nightly import search  # noqa: PLC0415 - after the kernels' place is set

    override(DASK=address)
    settings.cache_clear()
    started = time.perf_counter()
    walk, trials = search.fn(market, release, plan)
    taken = time.perf_counter() - started
    return taken, (trials, walk.net.tobytes(), [(fold.trials, fold.streams.tobytes()) for fold in walk.folds])


def _market(options: argparse.Namespace) -> tuple[Market, Release]:
    warmup = -(-baseline(VENUE, "1h", START).warmup_bars // 24)
    rng = np.random.default_rng(0)
    made = synthetic_market(rng, days=warmup + options.days, symbols=options.symbols, start=START, edge=2e-4)
    release = baseline(VENUE, "1h", START + timedelta(days=warmup))
    return prepare(made.panel, release), release


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.cluster", description=__doc__)
    parser.add_argument("--cluster", default="local:2", help="what TRADEWIND_DASK would say")
    parser.add_argument("--days", type=int, default=1_000)
    parser.add_argument("--symbols", type=int, default=30)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    keep_kernels()
    main(sys.argv[1:])
