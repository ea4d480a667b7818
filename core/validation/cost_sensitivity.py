"""Cost sensitivity: the same book at no costs, at half, at double; and how much of an edge that leaves.

Each multiple is a run of its own, because a poorer book is also a smaller one: step-down and Kelly see the costs. Funding is
not scaled: it is a fact of the data and not an estimate. The answer is no when the mean net return at double costs is not
above zero, which is also a veto of the deploy gate (there, on the walk-forward's own returns).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np

from core.backtest.kernel import Paths
from core.backtest.metrics import DAYS_PER_YEAR, daily_returns, deviation, sharpe
from core.deploy.release import Release
from core.portfolio import Market, run
from core.types import Ints

MULTIPLES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
VETO = 2.0
"""The multiple of costs at which there must still be something left."""


@dataclass(frozen=True, slots=True)
class AtCost:
    """The book at one multiple of costs; returns are net, the mean of daily returns times 365, not compounded."""

    multiple: float
    sharpe: float
    annual_return: float
    volatility: float
    turnover_per_day: float


@dataclass(frozen=True, slots=True)
class Paid:
    """What a year took at costs x1, fractions of equity, positive when paid; `gross` is the return before all of them."""

    gross: float
    fees: float
    spread: float
    impact: float
    funding: float

    @property
    def funding_share(self) -> float:
        """Funding over everything paid; negative when the book was paid funding, NaN when nothing was paid in all."""
        total = self.fees + self.spread + self.impact + self.funding
        return self.funding / total if total else np.nan


@dataclass(frozen=True, slots=True)
class CostSensitivity:
    """The book at every multiple.

    Parameters
    ----------
    break_even : multiple of costs at which nothing is left; 0 when nothing is even without costs, infinite beyond the largest
    """

    outcomes: tuple[AtCost, ...]
    paid: Paid
    break_even: float

    @property
    def survives(self) -> bool:
        """Whether the mean net return at the `VETO` multiple is above zero."""
        return all(outcome.annual_return > 0.0 for outcome in self.outcomes if outcome.multiple == VETO)


def cost_sensitivity(market: Market, release: Release, told: Callable[[], None] = lambda: None) -> CostSensitivity:
    """Run the book at every multiple of its release's costs; `told` is called after each of the `MULTIPLES`."""
    outcomes, open_time, kept = [], market.panel.open_time[market.first :], slice(market.first, None)
    paid = None
    for multiple in MULTIPLES:
        paths = run(market, release.model_copy(update={"costs": release.costs.scaled(multiple)}))
        outcomes.append(at_cost(paths, open_time, kept, multiple))
        paid = paid_a_year(paths, open_time, kept) if multiple == 1.0 else paid
        told()
    assert paid is not None
    return CostSensitivity(tuple(outcomes), paid, break_even([(o.multiple, o.annual_return) for o in outcomes]))


def at_cost(paths: Paths, open_time: Ints, kept: slice, multiple: float) -> AtCost:
    """Sum up one run over the rows `kept`, whose open times these are."""
    daily = daily_returns(paths.net[kept], open_time)
    return AtCost(
        multiple=multiple,
        sharpe=sharpe(daily),
        annual_return=float(np.mean(daily)) * DAYS_PER_YEAR,
        volatility=deviation(daily, ddof=1) * float(np.sqrt(DAYS_PER_YEAR)),
        turnover_per_day=float(paths.turnover[kept].sum()) / len(daily),
    )


def paid_a_year(paths: Paths, open_time: Ints, kept: slice) -> Paid:
    """Average a year of what was earned and paid over the rows `kept`, summed per bar, not compounded."""
    years = len(daily_returns(paths.net[kept], open_time)) / DAYS_PER_YEAR
    names = ("fees", "spread", "impact", "funding")
    yearly = {name: float(getattr(paths, name)[kept].sum()) / years for name in names}
    return Paid(gross=float(paths.net[kept].sum()) / years + sum(yearly.values()), **yearly)


def break_even(curve: Sequence[tuple[float, float]]) -> float:
    """Return the multiple at which the annual return first falls to zero, on straight lines between the points.

    Parameters
    ----------
    curve : (multiple, annual return), multiples ascending from 0

    Examples
    --------
    >>> break_even([(0.0, 0.2), (1.0, 0.1), (2.0, -0.1)])
    1.5
    """
    if curve[0][1] <= 0.0:
        return 0.0
    for (low, above), (high, below) in pairwise(curve):
        if below <= 0.0:
            return low + (high - low) * above / (above - below)
    return inf
