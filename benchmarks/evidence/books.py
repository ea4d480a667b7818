"""The books on trial: momentum with every look-back, Bitcoin and the basket, each before costs, after them, and after funding.

All of them go through the same kernel, with the same fills, costs and funding, so that a difference between two is a difference
between what they hold. The momentum books are scaled as they would be deployed; Bitcoin and the basket are held at gross 1.
"""

from dataclasses import dataclass, replace

import numpy as np

from core.backtest.benchmarks import bitcoin_column
from core.backtest.kernel import simulate
from core.backtest.run import Knobs
from core.deploy.release import Release, Sleeve, baseline
from core.errors import DataError
from core.market.panel import Panel
from core.market.timeframe import HOUR, bar_ms, utc
from core.portfolio import Market, knobs, prepare, raw_weights
from core.types import Array, Ints

LOOKBACKS = (24, 72, 168, 336, 720, 1440)
"""Hours, each on its own; chosen before the first run: a day, 3 days, 1 and 2 weeks, 1 and 2 months."""
MIXTURE = "default"
BITCOIN, BASKET = "BTC held", "basket"
LEVELS = ("gross", "costs", "net")
"""Before costs and funding; after costs; after both."""


@dataclass(frozen=True, slots=True)
class Book:
    """One book's daily life: (T,) each, from the start of the book on, as fractions of equity at the close before."""

    name: str
    net: Array
    turnover: Array
    cost: Array
    funding: Array


@dataclass(frozen=True, slots=True)
class Case:
    """What the books are run on: the market with its funding and without, and the rules."""

    market: Market
    free: Market
    release: Release
    long_only: bool

    @property
    def open_time(self) -> Ints:
        """(T,) milliseconds, from the start of the book on."""
        return self.market.panel.open_time[self.market.first :]


def prepared(panel: Panel, first: int, *, long_only: bool) -> Case:
    """Get ready to trade a panel from row `first` on."""
    release = in_bars(baseline(panel.venue, panel.timeframe, utc(int(panel.open_time[first]))))
    free = replace(panel, funding=np.zeros_like(panel.funding))
    return Case(prepare(panel, release), prepare(free, release), release, long_only)


def in_bars(release: Release) -> Release:
    """Restate a release that counts hourly bars in bars of its own timeframe; nothing is left out of a signal of days."""
    hours = bar_ms(release.timeframe) // HOUR
    if hours <= 1:
        return release
    scaler = release.scaler
    lives = {name: max(1, getattr(scaler, name) // hours) for name in ("vol_half_life", "kelly_half_life")}
    counts = {name: max(1, getattr(release, name) // hours) for name in ("rebalance", "vol_half_life")}
    return release.model_copy(update={**counts, "scaler": scaler.model_copy(update=lives)})


def sleeves(timeframe: str) -> dict[str, tuple[Sleeve, ...]]:
    """Name the variants: one look-back each, and the default mixture of three."""
    hours = max(1, bar_ms(timeframe) // HOUR)
    skip = {"skip": 0} if hours > 1 else {}
    mixture = {**skip, "lookback": 336 // hours} if hours > 1 else {}
    single = {f"{look} h": {**skip, "lookback": look // hours, "horizons": 1} for look in LOOKBACKS}
    return {name: (Sleeve(strategy="xsmom", params=params),) for name, params in {**single, MIXTURE: mixture}.items()}


def books(case: Case) -> dict[str, dict[str, Book]]:
    """Run every variant and both yardsticks at every level: level, then name."""
    release, market = case.release, case.market
    weights = {name: momentum(case, held) for name, held in sleeves(release.timeframe).items()}
    held = {BITCOIN: bitcoin(market), BASKET: basket(market)}
    free = release.model_copy(update={"costs": release.costs.scaled(0.0)})
    rules = dict(zip(LEVELS, ((case.free, free), (case.free, release), (market, release)), strict=True))
    out: dict[str, dict[str, Book]] = {}
    for level, (on, costs) in rules.items():
        scaled = {name: _book(name, on, raw, knobs(on, costs)) for name, raw in weights.items()}
        out[level] = scaled | {name: _book(name, on, raw, _unscaled(knobs(on, costs))) for name, raw in held.items()}
    return out


def momentum(case: Case, held: tuple[Sleeve, ...]) -> Array:
    """(D, N) raw weights of the sleeves; only the longs of them, at their own size, when nothing may be sold short."""
    raw = raw_weights(case.market, held, vol_floor=case.release.vol_floor)
    return np.maximum(raw, 0.0) if case.long_only else raw


def bitcoin(market: Market) -> Array:
    """(D, N) everything in Bitcoin.

    Raises
    ------
    DataError
        When no symbol is Bitcoin.
    """
    column = bitcoin_column(market.panel.symbols)
    if column is None:
        raise DataError(f"{market.panel.venue}: none of {len(market.panel.symbols)} symbols is Bitcoin; import it as well")
    raw = np.zeros(market.vol.shape)
    raw[:, column] = 1.0
    return _tradable(market, raw)


def basket(market: Market) -> Array:
    """(D, N) equal parts of every symbol that the universe holds at the decision."""
    count = market.eligible.sum(axis=1, keepdims=True)
    return _tradable(market, market.eligible / np.maximum(count, 1))


def _tradable(market: Market, raw: Array) -> Array:
    return np.where(np.isnan(market.panel.close[market.rows]), np.nan, raw)


def _book(name: str, market: Market, raw: Array, numbers: Knobs) -> Book:
    paths, kept = simulate(market.tape, raw, numbers), slice(market.first, None)
    cost = paths.fees + paths.spread + paths.impact
    return Book(name, paths.net[kept], paths.turnover[kept], cost[kept], paths.funding[kept])


def _unscaled(numbers: Knobs) -> Knobs:
    """Hold raw weights as they are: no volatility target, step-down, Kelly or caps."""
    return numbers._replace(
        target_vol=np.inf,
        max_leverage=1.0,
        room=1e12,
        cap_symbol=1.0,
        cap_asset=1.0,
        cap_gross=1.0,
        stepdown_floor=1.0,
        kelly_floor=1.0,
        kelly_cap=1.0,
    )
