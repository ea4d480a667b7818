"""A backtest's result."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from core.backtest.kernel import Paths
from core.backtest.metrics import Metrics, metrics
from core.deploy.release import Release
from core.market.timeframe import utc
from core.portfolio import Market


@dataclass(frozen=True, slots=True)
class Backtested:
    """Figures of one run; costs are sums over the run, as fractions of equity; funding is positive when paid."""

    release: str
    start: datetime
    end: datetime
    bars: int
    symbols: int
    data_hash: str
    metrics: Metrics
    fees: float
    slippage: float
    funding: float
    mean_gross: float
    forced_exits: int
    seconds: float = 0.0
    """How long the run took; 0 in what is kept, so that the same run is the same record."""

    @property
    def flat(self) -> dict[str, Any]:
        """Everything in one level, costs together, as scripts read it."""
        out = {**asdict(self), **asdict(self.metrics)}
        del out["metrics"]
        out["costs"] = {name: out.pop(name) for name in ("fees", "slippage", "funding")}
        return out


def backtested(market: Market, release: Release, paths: Paths) -> Backtested:
    """Sum up a run of the release's book from its start to the last bar."""
    used, panel = slice(market.first, None), market.panel
    return Backtested(
        release=release.fingerprint,
        start=utc(int(panel.open_time[market.first])),
        end=utc(int(panel.close_time[-1])),
        bars=len(panel) - market.first,
        symbols=int(np.isfinite(panel.close[used]).any(axis=0).sum()),
        data_hash=panel.data_hash,
        metrics=metrics(paths.net[used], paths.turnover[used], panel.open_time[used]),
        fees=float(paths.fees.sum()),
        slippage=float(paths.slippage.sum()),
        funding=float(paths.funding.sum()),
        mean_gross=float(np.abs(paths.weights[used]).sum(axis=1).mean()),
        forced_exits=int(paths.forced.sum()),
    )
