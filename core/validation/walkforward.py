"""Walk-forward: what re-optimising would have earned on bars it had not seen.

1. Each fold runs a search of its own on its training bars; nothing of a later bar reaches it, not even the choice of what
   to try next.
2. What is tested is what would be deployed: the top fifth of the fold's trials as one release, run by the same kernel with
   its full history, and read off on the test bars only.
3. Every other trial of the fold is run over the test bars too, and its daily returns are kept: for the ledger, never for a
   choice.
4. No fold knows of another: each may run anywhere, in any order, and `joined` makes the same walk of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.backtest.metrics import daily_returns, sharpe
from core.deploy.release import Release
from core.optimize.neighbours import neighbours
from core.optimize.search import Kept, Params, SearchPlan, Trial, search, top_fifth
from core.portfolio import Market, run
from core.strategies.registry import strategy
from core.types import Array, Ints
from core.validation.robust import robust_scorer
from core.validation.splits import Fold, walk_forward_folds
from core.validation.streams import daily_streams, ensemble


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One fold: what was tried, what was chosen, how the choice did on its own training bars and after them.

    Parameters
    ----------
    streams : (trials, days) net daily returns of each trial as a book of its own, on the whole UTC days of the test
    """

    fold: Fold
    trials: tuple[Trial, ...]
    is_sharpe: float
    oos_sharpe: float
    streams: Array


@dataclass(frozen=True, slots=True)
class Walked:
    """One fold with its test bars, before it is joined to the others.

    Parameters
    ----------
    net, cost, open_time, trades : as in `WalkForward`, of this fold's test bars
    """

    result: FoldResult
    net: Array
    cost: Array
    open_time: Ints
    trades: int


@dataclass(frozen=True, slots=True)
class WalkForward:
    """All folds, with their test bars joined end to end.

    Parameters
    ----------
    net, cost : (T_oos,) fraction of equity per bar; cost is fees, spread and impact, already taken off in `net`
    open_time : (T_oos,) milliseconds
    trades : positions opened on them
    """

    folds: tuple[FoldResult, ...]
    net: Array
    cost: Array
    open_time: Ints
    trades: int

    @property
    def sharpe(self) -> float:
        """Annual Sharpe ratio of the joined test bars, net, from daily returns."""
        return sharpe(daily_returns(self.net, self.open_time))


Tell = Callable[[Trial], None]
"""Called after each trial, for progress."""

Keeper = Callable[[str], Kept | None]
"""Where a study of this name is kept while it runs; None searches in memory."""


def nowhere(_study: str) -> None:
    """Keep no study: the `Keeper` of a search in memory."""


def fit(market: Market, release: Release, plan: SearchPlan, told: Tell, kept: Kept | None = None) -> tuple[Trial, ...]:
    """Search the strategy's space for the best robust net Sharpe over all bars of the market.

    Every trial moves its neighbours by the same random steps, so that no trial owes its rank to luckier neighbours.
    """
    space, score_around = strategy(plan.strategy).space, robust_scorer(market, release, plan.strategy)

    def score(params: Params) -> float:
        return score_around(neighbours(space, params, plan.neighbours, np.random.default_rng(plan.seed)))

    return search(space, score, trials=plan.trials, seed=plan.seed, told=told, kept=kept)


def walk_forward(market: Market, release: Release, plan: SearchPlan, told: Tell, keep: Keeper = nowhere) -> WalkForward:
    """Re-optimise at the start of every fold and collect what followed.

    Parameters
    ----------
    release : everything that is not searched: universe, scaler, caps, costs
    told : called after each trial, for progress
    keep : where the studies ``fold 1``, ``fold 2`` ... are kept while they run
    """
    return joined([walk_fold(market, release, plan, number, told, keep) for number in range(1, plan.folds + 1)])


def walk_fold(market: Market, release: Release, plan: SearchPlan, number: int, told: Tell, keep: Keeper = nowhere) -> Walked:
    """Search on the training bars of one fold, and see what followed.

    Parameters
    ----------
    number : of the fold, from 1; the fold's seed is the plan's plus this
    """
    purge = release.rebalance + 1  # a position decided on the last training bar is filled a bar later and held that long
    folds = walk_forward_folds(market.first, len(market.panel), folds=plan.folds, purge=purge, train=plan.train_bars)
    fold, seeded = folds[number - 1], plan.model_copy(update={"seed": plan.seed + number})
    tried = fit(market.until(fold.train_stop), release, seeded, told, keep(f"fold {number}"))
    return _test(market.until(fold.test_stop), release, plan.strategy, fold, tried)


def fit_all(market: Market, release: Release, plan: SearchPlan, told: Tell, keep: Keeper = nowhere) -> tuple[Trial, ...]:
    """Search over all bars for what would be deployed; the study is called ``all``."""
    return fit(market, release, plan, told, keep("all"))


def joined(walked: Sequence[Walked]) -> WalkForward:
    """Join the test bars of all folds, which are given in order, end to end."""
    return WalkForward(
        folds=tuple(fold.result for fold in walked),
        net=np.concatenate([fold.net for fold in walked]),
        cost=np.concatenate([fold.cost for fold in walked]),
        open_time=np.concatenate([fold.open_time for fold in walked]),
        trades=sum(fold.trades for fold in walked),
    )


def opened(weights: Array, part: slice) -> int:
    """Count positions opened, or turned from one side to the other, on some rows of (T, N) held weights; 0 is flat."""
    side = np.sign(np.nan_to_num(weights))
    before = np.vstack([np.zeros((1, side.shape[1])), side[:-1]])
    return int(np.count_nonzero((side != before)[part] & (side != 0.0)[part]))


def _test(seen: Market, release: Release, name: str, fold: Fold, tried: tuple[Trial, ...]) -> Walked:
    paths, time = run(seen, ensemble(release, name, top_fifth(tried))), seen.panel.open_time
    train, test = slice(fold.train_start, fold.train_stop), slice(fold.test_start, fold.test_stop)
    is_sharpe, oos_sharpe = (sharpe(daily_returns(paths.net[part], time[part])) for part in (train, test))
    return Walked(
        result=FoldResult(fold, tried, is_sharpe, oos_sharpe, _streams(seen, release, name, tried, fold)),
        net=paths.net[test],
        cost=paths.fees[test] + paths.spread[test] + paths.impact[test],
        open_time=time[test],
        trades=opened(paths.weights, test),
    )


def _streams(market: Market, release: Release, name: str, tried: tuple[Trial, ...], fold: Fold) -> Array:
    day = market.tape.day
    first_whole = day[fold.test_start - 1] + 1 - day[market.first]
    return daily_streams(market, release, name, [trial.params for trial in tried])[:, first_whole:]
