"""Daily returns of many sets of parameters, each as a book of its own, in one pass of the fast kernel."""

from collections.abc import Callable, Sequence

import numpy as np

from core.backtest.batch import Batch, run_batch
from core.backtest.momentum_batch import read_prices, run_momentum
from core.backtest.run import Knobs
from core.deploy.release import Release, Sleeve
from core.optimize.search import Params
from core.portfolio import Market, knobs, raw_weights
from core.strategies.registry import strategy, strategy_config
from core.types import Array

THREADS = 2
"""Parts of a batch that run side by side; no result depends on it."""

Runner = Callable[[Sequence[Params], Sequence[Knobs]], Batch]
"""Runs every set of parameters with every one of the knobs: rows in the order set 1 with each knobs, set 2 with each ..."""


def ensemble(release: Release, name: str, params: Sequence[Params]) -> Release:
    """Return the release with these parameter sets as equal sleeves of one strategy."""
    sleeves = tuple(Sleeve(strategy=name, params=p, budget=1.0 / len(params)) for p in params)
    return release.model_copy(update={"sleeves": sleeves})


def daily_streams(market: Market, release: Release, name: str, sets: Sequence[Params]) -> Array:
    """Net daily returns of each set as a book of its own, (len(sets), days), days from `market.first` on; ruin stays at 0.

    The fast build: good enough to rank and to count, and repeatable on one machine.
    """
    if not sets:
        return np.zeros((0, 0))
    return runner(market, release, name)(sets, [knobs(market, release)]).daily_returns(int(market.tape.day[market.first]))


def runner(market: Market, release: Release, name: str) -> Runner:
    """Prepare what every batch over this market shares."""
    return _with_specs(market, release, name) if strategy(name).momentum else _with_weights(market, release, name)


def _with_specs(market: Market, release: Release, name: str) -> Runner:
    momentum = strategy(name).momentum
    assert momentum is not None
    spec = momentum
    prices = read_prices(market.panel.log_close, market.eligible, market.vol, release.vol_floor)

    def run(sets: Sequence[Params], every: Sequence[Knobs]) -> Batch:
        specs = [spec(strategy_config(name, params)) for params in sets]
        followers = [(one, k) for k in range(len(sets)) for one in every]
        return run_momentum(market.tape, prices, specs, followers, threads=min(THREADS, len(sets)))

    return run


def _with_weights(market: Market, release: Release, name: str) -> Runner:
    def run(sets: Sequence[Params], every: Sequence[Knobs]) -> Batch:
        books = (ensemble(release, name, (params,)) for params in sets)
        raw = np.stack([raw_weights(market, book.sleeves, vol_floor=book.vol_floor) for book in books])
        signal = [k for k in range(len(sets)) for _ in every]
        return run_batch(market.tape, list(every) * len(sets), raw, signal, threads=min(THREADS, len(sets)))

    return run
