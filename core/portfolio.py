"""The seam: from a panel and a release to target weights. Backtest, rehearsal, paper and live all come through here.

    strategy -> inverse volatility -> sleeve budgets -> kernel (volatility target x step-down x Kelly, caps, band, costs, stops)

Everything in this file is a function of bars ``[: t + 1]`` for the decision at bar t; only the kernel looks at what the
book has realised, and that too is a function of those bars.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from core.backtest.kernel import Paths, simulate
from core.backtest.run import Knobs, Tape
from core.backtest.tape import make_tape
from core.deploy.release import Release, Sleeve
from core.errors import DataError
from core.market.features import bars_per_year, decision_rows, ewma_variance
from core.market.panel import Panel
from core.market.timeframe import milliseconds, utc
from core.sizing.inverse_vol import inverse_vol_weights
from core.strategies.registry import strategy
from core.types import Array, Ints, Mask
from core.universe import eligible, usual_value


@dataclass(frozen=True, slots=True)
class Market:
    """A panel with what every set of parameters shares, computed once.

    Parameters
    ----------
    first : row at which the book starts
    rows : (D,) decision bars, all at or after `first`
    eligible : (D, N)
    vol : (D, N) annualised fraction, NaN before a symbol's first return
    value : (D, N) usual quote currency traded a day, NaN where unknown
    atr_bars : smoothing of the average true range on the tape
    tape : the same and the bars, as the kernel reads them
    """

    panel: Panel
    first: int
    rows: Ints
    eligible: Mask
    vol: Array
    value: Array
    atr_bars: int
    tape: Tape

    def until(self, stop: int) -> "Market":
        """Return the market as it was known when bar ``stop - 1`` had closed."""
        kept = slice(0, int(np.searchsorted(self.rows, stop)))
        panel, rows = self.panel.rows(0, stop), self.rows[kept]
        tape = make_tape(panel, rows, self.vol[kept], self.value[kept], atr_bars=self.atr_bars)
        cut = {name: getattr(self, name)[kept] for name in ("eligible", "vol", "value")}
        return replace(self, panel=panel, rows=rows, tape=tape, **cut)


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
    value = usual_value(panel, rows, release.universe)
    atr_bars = release.stops.atr_bars
    tape = make_tape(panel, rows, vol, value, atr_bars=atr_bars)
    return Market(panel, first, rows, eligible(panel, rows, value, release.universe), vol, value, atr_bars, tape)


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
    raw = raw_weights(market, release.sleeves, vol_floor=release.vol_floor)
    return simulate(market.tape, raw, knobs(market, release))


def knobs(market: Market, release: Release) -> Knobs:
    """Return the release's numbers as the kernel reads them."""
    costs, caps, scaler, stops = release.costs, release.caps, release.scaler, release.stops
    shared = len(set(market.tape.asset)) < len(market.tape.asset)
    return Knobs(
        fee=costs.fee,
        half_spread=costs.half_spread,
        impact=costs.impact * costs.capital**0.5,
        room=caps.liquidity / costs.capital,
        band=release.band,
        cap_symbol=min(caps.symbol, caps.asset),
        cap_asset=caps.asset if shared else caps.gross,
        cap_gross=caps.gross,
        target_vol=scaler.target_vol,
        max_leverage=scaler.max_leverage,
        correlation=scaler.correlation,
        mismatch=scaler.mismatch,
        vol_decay=0.5 ** (1.0 / scaler.vol_half_life),
        bars_per_year=bars_per_year(market.panel.bar_ms),
        stepdown_start=scaler.stepdown_start,
        stepdown_end=scaler.stepdown_end,
        stepdown_floor=scaler.stepdown_floor,
        kelly_fraction=scaler.kelly_fraction,
        kelly_floor=scaler.kelly_floor,
        kelly_cap=scaler.kelly_cap,
        kelly_decay=0.5 ** (1.0 / scaler.kelly_half_life),
        trail_atr=stops.trail_atr,
        stop_atr=stops.stop_atr,
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
