"""A night's evidence: what was found, turned into what the gate looks at. The nightly flow and the null test share it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.backtest.kernel import Paths
from core.backtest.metrics import daily_returns, sharpe
from core.deploy.guard import Evidence, GuardLimits, largest_share, trailing_sharpe
from core.deploy.release import Release
from core.deploy.sequence import KeyOne
from core.market.timeframe import DAY
from core.optimize.search import SearchPlan, Trial, top_fifth
from core.portfolio import Market, run
from core.types import Array
from core.validation.block_length import holding_block
from core.validation.montecarlo import paired, stress
from core.validation.streams import ensemble
from core.validation.stressed import Stress, TailExcess
from core.validation.walkforward import WalkForward, fit, walk_forward

PATHS = 10_000
STRESS_DAYS = 365
MIN_BLOCK_DAYS = 5
"""Blocks of the bootstrap are never shorter: about one holding period."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a night computed before it judged: the walk-forward, every trial over all bars, what they make, its worst years."""

    walk: WalkForward
    trials: tuple[Trial, ...]
    challenger: Release
    worst: Stress


def look_for_better(market: Market, rules: Release, plan: SearchPlan, told: Callable[[Trial], None] = lambda _: None) -> Found:
    """Run a night's computations in a row: what the flow does in tasks of their own."""
    walk = walk_forward(market, rules, plan, told)
    trials = fit(market, rules, plan, told)
    return Found(walk, trials, challenger_of(rules, plan, trials), worst_years(walk, market.panel.bar_ms, plan.seed))


def challenger_of(rules: Release, plan: SearchPlan, trials: tuple[Trial, ...], *, parent: str | None = None) -> Release:
    """Return the release that a search found: its top fifth as sleeves, under the rules it searched with."""
    return ensemble(rules, plan.strategy, top_fifth(trials)).model_copy(update={"parent": parent})


def worst_years(walk: WalkForward, bar_ms: int, seed: int) -> Stress:
    """Resample the out-of-sample returns into years; block length from the returns themselves."""
    per_day = DAY // bar_ms
    days = holding_block(daily_returns(walk.net, walk.open_time), MIN_BLOCK_DAYS)
    return stress(walk.net, paths=PATHS, horizon=STRESS_DAYS * per_day, mean_block=round(days * per_day), seed=seed)


def gather_evidence(market: Market, found: Found, incumbent: Release | None, key: KeyOne, limits: GuardLimits) -> Evidence:
    """Collect what the gate looks at.

    Parameters
    ----------
    incumbent : what is live, run over the same bars; None when it has never passed the gate
    """
    walk, paths = found.walk, run(market, found.challenger)
    daily = daily_returns(walk.net, walk.open_time)
    theirs = _beside(walk, market, run(market, incumbent)) if incumbent else None
    return Evidence(
        key=key,
        trailing_net_sharpe=trailing_sharpe(daily, limits.trailing_days),
        oos_days=len(daily),
        trades=walk.trades,
        net_at_double_cost=float(np.mean(daily_returns(walk.net - walk.cost, walk.open_time))),
        drawdown_1_in_20=found.worst.drawdown_1_in_20,
        largest_symbol_share=largest_share(paths.contribution.sum(axis=0)),
        oos_sharpe=walk.sharpe,
        incumbent_sharpe=None if theirs is None else sharpe(theirs),
        tail=None if theirs is None else _tail(daily, theirs, limits),
        same_as_incumbent=incumbent is not None and incumbent.sleeves == found.challenger.sleeves,
        is_sharpe=sharpe(daily_returns(paths.net[market.first :], market.panel.open_time[market.first :])),
    )


def _beside(walk: WalkForward, market: Market, paths: Paths) -> Array:
    first = market.panel.row_at(int(walk.open_time[0]))
    return daily_returns(paths.net[first:], walk.open_time)


def _tail(daily: Array, theirs: Array, limits: GuardLimits) -> TailExcess:
    block = round(holding_block(daily, MIN_BLOCK_DAYS))
    return paired(daily, theirs, mean_block=block, rng=np.random.default_rng(0), margin=limits.max_es_ratio)
