"""The seam: from a panel and a release to target weights. Backtest, rehearsal, paper and live all come through here.

    strategy -> inverse volatility -> sleeve budgets -> leverage for the volatility target -> kernel (step-down, Kelly, caps)

Everything in this file is a function of bars ``[: t + 1]`` for the decision at bar t; only the kernel looks at what the
book has realised, and that too is a function of those bars.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.backtest.kernel import Knobs, Paths, simulate
from core.deploy.release import Release, Sleeve
from core.errors import DataError
from core.market.features import bars_per_year, decision_rows, ewma_variance, simple_returns
from core.market.panel import Panel
from core.market.timeframe import milliseconds, utc
from core.sizing.inverse_vol import inverse_vol_weights
from core.sizing.scaler import vol_target_leverage
from core.strategies.registry import strategy
from core.types import Array, Ints, Mask
from core.universe import eligible


@dataclass(frozen=True, slots=True)
class Market:
    """A panel with what every set of parameters shares, computed once.

    Parameters
    ----------
    first : row at which the book starts
    rows : (D,) decision bars, all at or after `first`
    eligible : (D, N)
    vol : (D, N) annualised fraction, NaN before a symbol's first return
    returns : (T, N) simple returns per bar
    """

    panel: Panel
    first: int
    rows: Ints
    eligible: Mask
    vol: Array
    returns: Array


class Decision(NamedTuple):
    """Target weights decided at one close; a symbol that is absent is left alone."""

    close_time_ms: int
    targets: dict[str, float]


def prepare(panel: Panel, release: Release) -> Market:
    """Compute what a release's rules share, for a book that starts at `release.book_start`.

    Raises
    ------
    DataError
        When the panel ends before the book starts, or holds no decision bar.
    """
    first = panel.row_at(milliseconds(release.book_start))
    calendar = decision_rows(panel.close_time, panel.bar_ms, release.rebalance)
    rows = calendar[calendar >= first]
    if not len(rows):
        raise DataError(
            f"{panel.venue} {panel.timeframe}: no decision bar between {release.book_start:%Y-%m-%d %H:%M} and "
            f"{utc(int(panel.close_time[-1])):%Y-%m-%d %H:%M} UTC; choose an earlier start or load more bars"
        )
    variance = ewma_variance(panel.close, float(release.vol_half_life))[rows]
    vol = np.sqrt(variance * bars_per_year(panel.bar_ms))
    return Market(panel, first, rows, eligible(panel, rows, release.universe), vol, simple_returns(panel.close))


def raw_weights(market: Market, sleeves: tuple[Sleeve, ...], *, vol_floor: float) -> Array:
    """Add up the sleeves.

    Returns
    -------
    (D, N) fraction of equity before leverage
        Gross at most 1; NaN where the symbol has no bar, so nothing can be done about it.
    """
    total = np.zeros(market.vol.shape)
    for sleeve in sleeves:
        score = strategy(sleeve.strategy).signal(market.panel, market.rows, market.eligible, sleeve.config)
        total += sleeve.budget * inverse_vol_weights(score, market.vol, vol_floor=vol_floor)
    total[np.isnan(market.panel.close[market.rows])] = np.nan
    return total


def run(market: Market, release: Release) -> Paths:
    """Run the release's model book over the market."""
    panel = market.panel
    raw = raw_weights(market, release.sleeves, vol_floor=release.vol_floor)
    leverage = vol_target_leverage(raw, market.returns, market.rows, panel.bar_ms, release.scaler)
    return simulate((panel.open, panel.close, panel.funding), (market.rows, raw, leverage), market.first, knobs(release))


def knobs(release: Release) -> Knobs:
    """Return the release's numbers as the kernel reads them."""
    scaler = release.scaler
    return Knobs(
        fee=release.costs.fee,
        slippage=release.costs.slippage,
        band=release.band,
        cap_symbol=release.caps.symbol,
        cap_gross=release.caps.gross,
        stepdown_start=scaler.stepdown_start,
        stepdown_end=scaler.stepdown_end,
        stepdown_floor=scaler.stepdown_floor,
        kelly_fraction=scaler.kelly_fraction,
        kelly_floor=scaler.kelly_floor,
        kelly_decay=0.5 ** (1.0 / scaler.kelly_half_life),
    )


def newest_decision(panel: Panel, release: Release) -> Decision:
    """Return the target weights of the panel's last decision bar: what the live flow acts on."""
    market = prepare(panel, release)
    return decision_at(market, run(market, release), len(market.rows) - 1)


def decision_at(market: Market, paths: Paths, d: int) -> Decision:
    """Name the weights of one decision; weights that are left alone are absent."""
    named = zip(market.panel.symbols, paths.targets[d], strict=True)
    targets = {symbol: float(weight) for symbol, weight in named if not np.isnan(weight)}
    return Decision(int(market.panel.close_time[market.rows[d]]), targets)
