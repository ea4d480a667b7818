"""The markets of a null test: noise of several kinds, and markets in which an edge of known size was planted."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from core.backtest.costs import CostConfig
from core.deploy.release import Release, baseline
from core.errors import ConfigError, DataError
from core.market.panel import Panel
from core.market.timeframe import DAY, HOUR
from core.market.worlds import START, SYMBOLS, VENUE, panel_of_steps, world_steps
from core.strategies.registry import strategy
from core.types import Array
from core.universe import UniverseConfig
from core.validation.null_kinds import Kind

STRATEGY = "xsmom"

BEST_NET_SHARPE = (
    (0.6e-4, -0.05),
    (1.0e-4, 0.29),
    (1.3e-4, 0.72),
    (1.6e-4, 1.30),
    (1.9e-4, 1.95),
    (2.2e-4, 2.75),
    (2.6e-4, 3.90),
)
"""(edge, annual net Sharpe ratio of the best of the family's 200 sets) at the usual costs: measured, 96 markets of 3 years."""
GROSS_ONLY_EDGE, GROSS_ONLY_COSTS = 1.6e-4, 3.2
"""An edge, and the multiple of the usual costs at which the best of those sets is left with a Sharpe ratio of about 0."""

LISTED_DAYS = 30
MIN_SYMBOLS = 10
FEWEST_DAYS = 90
"""Days of history below which permuting them makes no market."""


@dataclass(frozen=True, slots=True)
class World:
    """One market and the rules it is traded by."""

    panel: Panel
    rules: Release


def rules_of(kind: Kind) -> Release:
    """Return the baseline for these markets: all symbols eligible, costs as the kind has them; the book starts warmed up."""
    factor = {"noise-without-costs": 0.0, "gross-only": GROSS_ONLY_COSTS}.get(kind, 1.0)
    rules = baseline(VENUE, "1h", START).model_copy(
        update={
            "universe": UniverseConfig(top=SYMBOLS, min_listed_days=LISTED_DAYS, liquidity_days=LISTED_DAYS),
            "costs": CostConfig().scaled(factor),
        }
    )
    return rules.model_copy(update={"book_start": START + timedelta(days=_warmup_days(rules))})


def world(kind: Kind, rng: np.random.Generator, days: int, *, sharpe: float = 0.0, source: Array | None = None) -> World:
    """Make one market with `days` days of book after its warm-up.

    Parameters
    ----------
    sharpe : of the best parameter set, net; for ``planted`` only
    source : (hours, N) returns of whole days, from `daily_blocks`; for ``permuted`` only
    """
    rules = rules_of(kind)
    hours = 24 * (_warmup_days(rules) + days)
    if kind == "permuted":
        assert source is not None
        return World(panel_of_steps(permuted(rng, source, hours)), rules)
    edge = {"planted": edge_of(sharpe), "gross-only": GROSS_ONLY_EDGE}.get(kind, 0.0)
    return World(panel_of_steps(world_steps(rng, hours, edge)), rules)


def edge_of(sharpe: float) -> float:
    """Return the edge to plant for a net Sharpe ratio of the best parameter set, between the measured ones.

    Raises
    ------
    ConfigError
        When the ratio lies outside what was measured.
    """
    edges, ratios = np.array(BEST_NET_SHARPE).T
    if not ratios[0] <= sharpe <= ratios[-1]:
        raise ConfigError(f"sharpe = {sharpe}: planted edges are measured from {ratios[0]:g} to {ratios[-1]:g}")
    return float(np.interp(sharpe, ratios, edges))


def daily_blocks(panel: Panel) -> Array:
    """Return the returns of the symbols that trade over the whole panel, (24 x whole days, N), without their means.

    A symbol's own mean must go: left in, it is a difference between symbols that lasts, and momentum would rightly find it.
    A bar that is missing within a symbol's life counts as no move.

    Raises
    ------
    DataError
        When the bars are not hourly, the days too few, or the symbols that are there from first to last.
    """
    if panel.bar_ms != HOUR:
        raise DataError(f"{panel.timeframe} bars: a null test permutes days of hourly bars; import 1h bars")
    first = int(-panel.open_time[0] % DAY // HOUR)
    close = panel.close[first : first + (len(panel) - first) // 24 * 24]
    whole = np.isfinite(close[[0, -1]]).all(axis=0) & (np.isfinite(close).mean(axis=0) > 0.99) if len(close) else np.zeros(0)
    if len(close) < 24 * FEWEST_DAYS or whole.sum() < MIN_SYMBOLS:
        raise DataError(
            f"{len(close) // 24} days with {int(whole.sum())} symbols that trade from the first to the last of them: a null "
            f"test needs {FEWEST_DAYS} days and {MIN_SYMBOLS} symbols; choose another start or end"
        )
    prices = _filled(close[:, whole])
    steps = np.diff(prices, axis=0, prepend=prices[:1]) / np.vstack([prices[:1], prices[:-1]])
    return steps - steps.mean(axis=0)


def permuted(rng: np.random.Generator, source: Array, hours: int) -> Array:
    """Put whole days in random order, all symbols alike, again and again until there are enough hours."""
    days = source.reshape(-1, 24, source.shape[1])
    needed = -(-hours // 24)
    order = np.concatenate([rng.permutation(len(days)) for _ in range(-(-needed // len(days)))])[:needed]
    return days[order].reshape(-1, source.shape[1])[:hours]


def _filled(prices: Array) -> Array:
    """Carry the last known price of each column over the gaps after it; the first row is known."""
    known = np.maximum.accumulate(np.where(np.isfinite(prices), np.arange(len(prices))[:, None], 0), axis=0)
    return np.take_along_axis(prices, known, axis=0)


def _warmup_days(rules: Release) -> int:
    bounds = strategy(STRATEGY).space
    longest = max(rules.warmup_bars, int(bounds["lookback"].high + bounds["skip"].high))
    return -(-longest // 24) + 1
