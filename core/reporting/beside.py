"""The account beside the model's book over the same days: what live trading earned of what the backtest says it should have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.backtest.kernel import Paths
from core.deploy.release import Release
from core.deploy.shadow import shadow
from core.market.timeframe import utc
from core.portfolio import Market
from core.reporting.account_returns import EquityPoint, growth, moments


@dataclass(frozen=True, slots=True)
class Beside:
    """Two curves that start at 1 when the live release took its first decision; one value per bar close."""

    at: tuple[datetime, ...]
    account: tuple[float, ...]
    model: tuple[float, ...]

    @property
    def apart(self) -> float:
        """Account less model at the end, fraction of what both began with."""
        return self.account[-1] - self.model[-1]


def beside(
    market: Market, release: Release, paths: Paths, points: Sequence[EquityPoint], began: int, share: float
) -> Beside | None:
    """Lay the account beside a book that was flat at `began` and then held the release's targets.

    Parameters
    ----------
    began : the release's first decision that the account took, milliseconds
    share : of the targets that its stage holds

    Returns
    -------
    None when the market has no decision then or later, or fewer than two bars have closed since with somebody looking.
    """
    panel, decisions = market.panel, market.panel.close_time[market.rows]
    first = int(np.searchsorted(decisions, began))
    at, grown = moments(points), growth(points)
    if first == len(decisions) or not len(at):
        return None
    ends = panel.close_time[market.rows[first] :]
    ends = ends[(ends >= at[0]) & (ends <= at[-1])]
    if len(ends) < 2:
        return None
    model = np.cumprod(1.0 + shadow(market, release, paths, first, share))
    account = grown[np.searchsorted(at, ends, side="right") - 1]
    held = model[np.searchsorted(panel.close_time, ends)]
    base = grown[max(int(np.searchsorted(at, began, side="left")) - 1, 0)]
    times = tuple(utc(int(moment)) for moment in ends)
    return Beside(times, tuple((account / base).tolist()), tuple((held / held[0]).tolist()))
