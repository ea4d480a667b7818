"""What a trial is worth: the lower quartile over its neighbourhood and over dearer trading, not its own best case."""

from collections.abc import Callable, Sequence

import numpy as np

from core.backtest.metrics import sharpe
from core.deploy.release import Release
from core.optimize.search import Params
from core.portfolio import Market, knobs
from core.validation.streams import runner

COST_FACTORS = (1.0, 1.5)
"""Costs that every neighbour is run at."""
QUANTILE = 0.25
IDLE = -10.0
"""Score of a book that never trades: it loses nothing, and must not for that reason outrank every book that does something."""


def robust_scorer(market: Market, release: Release, name: str) -> Callable[[Sequence[Params]], float]:
    """Return what scores a neighbourhood: the lower quartile of its annual net Sharpe ratios, each set at every cost factor.

    Runs the fast build: good enough to rank, and what is chosen runs the strict one again.
    """
    dearer = [release.model_copy(update={"costs": release.costs.scaled(factor)}) for factor in COST_FACTORS]
    variants = [knobs(market, variant) for variant in dearer]
    run, first_day = runner(market, release, name), int(market.tape.day[market.first])

    def score(around: Sequence[Params]) -> float:
        daily = run(around, variants).daily_returns(first_day)
        return float(np.quantile([sharpe(row) if row.any() else IDLE for row in daily], QUANTILE))

    return score
