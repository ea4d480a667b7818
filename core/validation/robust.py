"""What a trial is worth: the lower quartile over its neighbourhood and over dearer trading, not its own best case."""

import numpy as np

from core.backtest.batch import Batch, run_batch
from core.backtest.metrics import sharpe
from core.backtest.momentum_batch import read_prices, run_momentum
from core.backtest.run import Knobs
from core.deploy.release import Release, Sleeve
from core.optimize.search import Params
from core.portfolio import Market, knobs, raw_weights
from core.strategies.registry import strategy, strategy_config
from core.types import Array

COST_FACTORS = (1.0, 1.5)
"""Costs that every neighbour is run at."""
QUANTILE = 0.25
IDLE = -10.0
"""Score of a book that never trades: it loses nothing, and must not for that reason outrank every book that does something."""


def ensemble(release: Release, name: str, params: tuple[Params, ...]) -> Release:
    """Return the release with these parameter sets as equal sleeves of one strategy."""
    sleeves = tuple(Sleeve(strategy=name, params=p, budget=1.0 / len(params)) for p in params)
    return release.model_copy(update={"sleeves": sleeves})


def robust_sharpe(market: Market, release: Release, name: str, around: tuple[Params, ...]) -> float:
    """Return the lower quartile of the annual net Sharpe ratios of some sets of parameters, each at every cost factor.

    Runs the fast build: good enough to rank, and what is chosen runs the strict one again.
    """
    daily = daily_of(market, release, name, around)
    return float(np.quantile([sharpe(row) if row.any() else IDLE for row in daily], QUANTILE))


def daily_of(market: Market, release: Release, name: str, around: tuple[Params, ...]) -> Array:
    """Return (sets x cost factors, days) net returns per UTC day from the book's start, by set, then by cost factor."""
    dearer = [release.model_copy(update={"costs": release.costs.scaled(factor)}) for factor in COST_FACTORS]
    every = [knobs(market, variant) for variant in dearer] * len(around)
    signal = [k for k in range(len(around)) for _ in COST_FACTORS]
    run = _with_specs if strategy(name).momentum else _with_weights
    return run(market, release, name, around, (every, signal)).daily_returns(int(market.tape.day[market.first]))


Followers = tuple[list[Knobs], list[int]]
"""Knobs of every set, and which parameters' signal it follows."""


def _with_specs(market: Market, release: Release, name: str, around: tuple[Params, ...], sets: Followers) -> Batch:
    momentum = strategy(name).momentum
    assert momentum is not None
    specs = [momentum(strategy_config(name, params)) for params in around]
    prices = read_prices(market.panel.log_close, market.eligible, market.vol, release.vol_floor)
    return run_momentum(market.tape, prices, specs, list(zip(*sets, strict=True)))


def _with_weights(market: Market, release: Release, name: str, around: tuple[Params, ...], sets: Followers) -> Batch:
    books = (ensemble(release, name, (params,)) for params in around)
    raw = np.stack([raw_weights(market, book.sleeves, vol_floor=book.vol_floor) for book in books])
    return run_batch(market.tape, sets[0], raw, sets[1])
