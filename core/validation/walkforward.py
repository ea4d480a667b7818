"""Walk-forward: what re-optimising would have earned on bars it had not seen.

1. Each fold runs a search of its own on its training bars; nothing of a later bar reaches it, not even the choice of what
   to try next.
2. What is tested is what would be deployed: the top fifth of the fold's trials as one release, run by the same kernel with
   its full history, and read off on the test bars only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.backtest.kernel import Paths
from core.backtest.metrics import daily_returns, sharpe
from core.deploy.release import Release
from core.optimize.neighbours import neighbours
from core.optimize.search import Params, SearchPlan, Trial, search, top_fifth
from core.portfolio import Market, run
from core.strategies.registry import strategy
from core.types import Array, Ints
from core.validation.robust import ensemble, robust_scorer
from core.validation.splits import Fold, anchored_folds


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One fold: what was tried, what was chosen, how the choice did on its own training bars and after them."""

    fold: Fold
    trials: tuple[Trial, ...]
    is_sharpe: float
    oos_sharpe: float


@dataclass(frozen=True, slots=True)
class WalkForward:
    """All folds, with their test bars joined end to end.

    Parameters
    ----------
    net, cost : (T_oos,) fraction of equity per bar; cost is fees, spread and impact, already taken off in `net`
    open_time : (T_oos,) milliseconds
    """

    folds: tuple[FoldResult, ...]
    net: Array
    cost: Array
    open_time: Ints

    @property
    def sharpe(self) -> float:
        """Annual Sharpe ratio of the joined test bars, net, from daily returns."""
        return sharpe(daily_returns(self.net, self.open_time))


def net_sharpe(market: Market, release: Release, start: int, stop: int) -> float:
    """Annual net Sharpe of the release's book over rows ``[start, stop)``."""
    return sharpe(daily_returns(run(market, release).net[start:stop], market.panel.open_time[start:stop]))


def fit(market: Market, release: Release, plan: SearchPlan, told: Callable[[Trial], None]) -> tuple[Trial, ...]:
    """Search the strategy's space for the best robust net Sharpe over all bars of the market."""
    space, rng = strategy(plan.strategy).space, np.random.default_rng(plan.seed)
    score_around = robust_scorer(market, release, plan.strategy)

    def score(params: Params) -> float:
        return score_around(neighbours(space, params, plan.neighbours, rng))

    return search(space, score, trials=plan.trials, seed=plan.seed, told=told)


def walk_forward(market: Market, release: Release, plan: SearchPlan, told: Callable[[Trial], None]) -> WalkForward:
    """Re-optimise at the start of every fold and collect what followed.

    Parameters
    ----------
    release : everything that is not searched: universe, scaler, caps, costs
    told : called after each trial, for progress
    """
    folds = anchored_folds(market.first, len(market.panel), folds=plan.folds, purge=release.rebalance + 1)
    tested = [
        _test(market, release, plan.model_copy(update={"seed": plan.seed + k}), fold, told) for k, fold in enumerate(folds, 1)
    ]
    results, paths = zip(*tested, strict=True)
    parts = [(p, slice(fold.test_start, fold.test_stop)) for p, fold in zip(paths, folds, strict=True)]
    return WalkForward(
        folds=results,
        net=np.concatenate([p.net[part] for p, part in parts]),
        cost=np.concatenate([p.fees[part] + p.spread[part] + p.impact[part] for p, part in parts]),
        open_time=np.concatenate([market.panel.open_time[part] for _, part in parts]),
    )


def _test(
    market: Market, release: Release, plan: SearchPlan, fold: Fold, told: Callable[[Trial], None]
) -> tuple[FoldResult, Paths]:
    tried = fit(market.until(fold.train_stop), release, plan, told)
    paths = run(market.until(fold.test_stop), ensemble(release, plan.strategy, top_fifth(tried)))
    train, test = slice(fold.train_start, fold.train_stop), slice(fold.test_start, fold.test_stop)
    scores = (sharpe(daily_returns(paths.net[part], market.panel.open_time[part])) for part in (train, test))
    return FoldResult(fold, tried, *scores), paths
