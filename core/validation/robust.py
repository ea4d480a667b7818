"""What a trial is worth: the lower quartile over its neighbourhood and over dearer trading, not its own best case."""

from collections.abc import Callable

import numpy as np

from core.backtest.batch import Batch, run_batch
from core.backtest.metrics import sharpe
from core.backtest.momentum_batch import read_prices, run_momentum
from core.backtest.run import Knobs
from core.deploy.release import Release, Sleeve
from core.optimize.search import Params
from core.portfolio import Market, knobs, raw_weights
from core.strategies.registry import strategy, strategy_config

Neighbourhood = tuple[Params, ...]

COST_FACTORS = (1.0, 1.5)
"""Costs that every neighbour is run at."""
QUANTILE = 0.25
THREADS = 2
"""Parts of a neighbourhood that run side by side; the scores do not depend on it."""
IDLE = -10.0
"""Score of a book that never trades: it loses nothing, and must not for that reason outrank every book that does something."""


def ensemble(release: Release, name: str, params: tuple[Params, ...]) -> Release:
    """Return the release with these parameter sets as equal sleeves of one strategy."""
    sleeves = tuple(Sleeve(strategy=name, params=p, budget=1.0 / len(params)) for p in params)
    return release.model_copy(update={"sleeves": sleeves})


def robust_scorer(market: Market, release: Release, name: str) -> Callable[[Neighbourhood], float]:
    """Return what scores a neighbourhood: the lower quartile of its annual net Sharpe ratios, each set at every cost factor.

    Runs the fast build: good enough to rank, and what is chosen runs the strict one again.
    """
    dearer = [release.model_copy(update={"costs": release.costs.scaled(factor)}) for factor in COST_FACTORS]
    variants = [knobs(market, variant) for variant in dearer]
    run = _with_specs(market, release, name) if strategy(name).momentum else _with_weights(market, release, name)
    first_day = int(market.tape.day[market.first])

    def score(around: Neighbourhood) -> float:
        signal = [k for k in range(len(around)) for _ in variants]
        daily = run(around, variants * len(around), signal).daily_returns(first_day)
        return float(np.quantile([sharpe(row) if row.any() else IDLE for row in daily], QUANTILE))

    return score


Runner = Callable[[Neighbourhood, list[Knobs], list[int]], Batch]
"""Runs sets of knobs, each with the signal of one of the neighbours."""


def _with_specs(market: Market, release: Release, name: str) -> Runner:
    momentum = strategy(name).momentum
    assert momentum is not None
    spec = momentum
    prices = read_prices(market.panel.log_close, market.eligible, market.vol, release.vol_floor)

    def run(around: Neighbourhood, every: list[Knobs], signal: list[int]) -> Batch:
        specs = [spec(strategy_config(name, params)) for params in around]
        return run_momentum(market.tape, prices, specs, list(zip(every, signal, strict=True)), threads=THREADS)

    return run


def _with_weights(market: Market, release: Release, name: str) -> Runner:
    def run(around: Neighbourhood, every: list[Knobs], signal: list[int]) -> Batch:
        books = (ensemble(release, name, (params,)) for params in around)
        raw = np.stack([raw_weights(market, book.sleeves, vol_floor=book.vol_floor) for book in books])
        return run_batch(market.tape, every, raw, signal, threads=THREADS)

    return run
