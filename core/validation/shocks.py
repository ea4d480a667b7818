"""Shocks: the same release in a worse world, one thing worse at a time.

1. **Run again** (dearer costs, fills a bar late, without the best symbol, a day without decisions, parameters a little off):
   the book goes through the kernel once more, so leverage, step-down, Kelly and caps react as they would in life.
2. **Struck as it ran** (best days missed, gaps, a crash, funding): at the worst moment of the book for it, equity is
   multiplied by 1 + positions x move, at most everything is lost, and the book goes on with the weights and returns it had.
   No signal sees the move and nobody trades on it, so the loss is exactly what was held times the move.

Laws (tests/core/validation/test_shocks.py): a flat book is hurt by nothing; twice the weights, twice the loss of a strike;
what costs take is their factor times what was traded.
"""

from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy as np

from core.backtest.kernel import Paths, simulate
from core.backtest.metrics import DAYS_PER_YEAR, daily_returns, max_drawdown, sharpe
from core.backtest.tape import make_tape
from core.deploy.release import Release, Sleeve
from core.market.features import day_of
from core.market.timeframe import HOUR, utc
from core.optimize.neighbours import neighbours
from core.portfolio import Market, knobs, raw_weights
from core.strategies.registry import strategy
from core.types import Array, Ints
from core.validation.stressed import Shock

COST_FACTORS = (1.5, 2.0, 3.0)
BEST_DAYS = 5
BEST_SHARE = 0.01
GAPS = (-0.3, -0.5, 0.5, 1.0)
"""Moves of one symbol: falls strike the largest long, rises the largest short."""
CRASH = -0.2
FUNDING_RATE, SETTLEMENT = 0.003, 8 * HOUR
JITTERS, SIGNALS = 16, 64
"""Books whose parameters are a little off, of which the worst counts; fewer when they have so many sleeves that together
they would need more signals than that."""


class World(NamedTuple):
    """What is shocked: a release on a market, the raw weights it decided, (D, N), and what became of them."""

    market: Market
    release: Release
    raw: Array
    paths: Paths


class Outcome(NamedTuple):
    """A shock's name, what it says in plain English, and the net return per bar under it, (T,)."""

    name: str
    says: str
    net: Array


def shocks(market: Market, release: Release, paths: Paths, *, seed: int = 0) -> tuple[Shock, ...]:
    """Put the release through every shock, the first "shock" being none.

    Parameters
    ----------
    paths : what ``core.portfolio.run(market, release)`` returned
    seed : of the parameters that are a little off
    """
    world = World(market, release, raw_weights(market, release.sleeves, vol_floor=release.vol_floor), paths)
    outcomes = (
        Outcome("as it ran", "nothing is changed; the others compare with this", paths.net),
        *(dearer(world, factor) for factor in COST_FACTORS),
        taker_only(world),
        one_bar_late(world),
        without_best_days(world, BEST_DAYS, f"best {BEST_DAYS} days"),
        without_best_days(world, ceil(BEST_SHARE * len(_daily(market, paths.net))), f"best {BEST_SHARE:.0%} of days"),
        without_best_symbol(world),
        *(gap(world, move) for move in GAPS),
        crash(world),
        funding(world),
        no_rebalance(world),
        parameters_off(world, np.random.default_rng(seed)),
    )
    return tuple(_summed_up(market, outcome) for outcome in outcomes)


def dearer(world: World, factor: float) -> Outcome:
    """Run again with every cost times a factor."""
    costs = world.release.costs.scaled(factor)
    says = f"fees, spread and impact are each {factor:g} times as high"
    return Outcome(f"costs x{factor:g}", says, _net(world._replace(release=_with(world.release, costs=costs)), world.raw))


def taker_only(world: World) -> Outcome:
    """Run again with no order filled as a maker."""
    costs = world.release.costs.model_copy(update={"maker_share": 0.0})
    says = f"every order takes liquidity; the release counts on {world.release.costs.maker_share:.0%} maker fills"
    return Outcome("taker only", says, _net(world._replace(release=_with(world.release, costs=costs)), world.raw))


def one_bar_late(world: World) -> Outcome:
    """Run again with the raw weights, volatilities and traded values of every decision, each acted on one bar later.

    The kernel's own timing does the rest: it is given rows one bar later, sizes at that close and fills at the open after it.
    """
    market = world.market
    rows = np.minimum(market.rows + 1, len(market.panel) - 1)
    tape = make_tape(market.panel, rows, market.vol, market.value, atr_bars=market.atr_bars)
    late = world._replace(market=replace(market, rows=rows, tape=tape))
    return Outcome("one bar late", "every order fills one bar later than planned", _net(late, world.raw))


def without_best_days(world: World, count: int, name: str) -> Outcome:
    """Earn nothing on the `count` best UTC days; a day with a loss is never among them."""
    day, daily = _days(world.market), _daily(world.market, world.paths.net)
    best = np.argsort(-daily, kind="stable")[:count]
    missed = np.isin(day, np.unique(day)[best[daily[best] > 0.0]])
    net = world.paths.net.copy()
    net[world.market.first :][missed] = 0.0
    return Outcome(f"without the {name}", f"the {len(best)} best days of {len(daily)} earn nothing", net)


def without_best_symbol(world: World) -> Outcome:
    """Run again without the symbol that earned most; the universe is not filled up with another."""
    market = world.market
    best = int(np.argmax(world.paths.contribution[market.first :].sum(axis=0)))
    others = market.eligible.copy()
    others[:, best] = False
    raw = raw_weights(replace(market, eligible=others), world.release.sleeves, vol_floor=world.release.vol_floor)
    says = f"{market.panel.symbols[best]}, which earned most, is never held"
    return Outcome("without the best symbol", says, _net(world, raw))


def gap(world: World, move: float) -> Outcome:
    """Strike one symbol at the close at which the move costs the book most: its largest long, or its largest short."""
    side, verb = ("long", "falls") if move < 0 else ("short", "rises")
    cells = world.paths.weights * move
    at, column = np.unravel_index(np.argmin(cells), cells.shape)
    where = f"{world.market.panel.symbols[column]} when it is {_held(world, int(at), float(world.paths.weights[at, column]))}"
    says = f"the largest {side} {verb} {abs(move):.0%} at once: {where if cells[at, column] < 0 else 'there is none'}"
    return Outcome(f"{side} gaps {move:+.0%}", says, _struck(world, int(at), float(cells[at, column])))


def crash(world: World) -> Outcome:
    """Strike all symbols alike, as if their correlation were one, at the close at which the book is most net long."""
    exposure = world.paths.weights.sum(axis=1)
    at = int(np.argmax(exposure))
    where = f"the book is {_held(world, at, float(exposure[at]))} net" if exposure[at] > 0 else "the book is never net long"
    says = f"every symbol falls {-CRASH:.0%} in an hour, all together; {where}"
    return Outcome(f"market {CRASH:+.0%}", says, _struck(world, at, CRASH * float(exposure[at])))


def funding(world: World) -> Outcome:
    """Let every position pay a rate against it at each settlement of the UTC day on which that costs most."""
    panel = world.market.panel
    settlements = panel.close_time // SETTLEMENT - panel.open_time // SETTLEMENT
    charge = FUNDING_RATE * settlements * np.abs(world.paths.weights).sum(axis=1)
    day = world.market.tape.day
    worst = int(np.argmax(np.bincount(day, weights=charge)))
    net = np.where(day == worst, _after(world.paths.net, -charge), world.paths.net)
    says = f"each position, long or short, pays {FUNDING_RATE:.1%} every 8 hours for the day on which most is held"
    return Outcome("funding against the book", says, net)


def no_rebalance(world: World) -> Outcome:
    """Run again without the decisions that would have filled on the worst UTC day: what was held is held on."""
    market, day = world.market, _days(world.market)
    daily = _daily(market, world.paths.net)
    worst = np.unique(day)[int(np.argmin(daily))]
    fills = day_of(market.panel.close_time[market.rows])  # the next bar opens when this one closes
    raw = np.where((fills == worst)[:, None], np.nan, world.raw)
    says = f"nothing is traded through the worst day ({daily.min():.1%}): the weights of the day before stay"
    return Outcome("no rebalance for 24 h", says, _net(world, raw))


def parameters_off(world: World, rng: np.random.Generator) -> Outcome:
    """Run again with every searched parameter moved, several times, and take the run with the lowest Sharpe ratio.

    All sleeves move alike: they were chosen on the same bars, so what is wrong with one is wrong with the others.
    """
    count = min(JITTERS, ceil(SIGNALS / len(world.release.sleeves)))
    moved = (_moved(world.release.sleeves, int(seed)) for seed in rng.integers(2**32, size=count))
    raws = (raw_weights(world.market, sleeves, vol_floor=world.release.vol_floor) for sleeves in moved)
    worst = min((_net(world, raw) for raw in raws), key=lambda net: sharpe(_daily(world.market, net)))
    says = f"every parameter moves by about a tenth of its range, in all sleeves alike; the worst of {count} such books"
    return Outcome("parameters off", says, worst)


def _moved(sleeves: tuple[Sleeve, ...], seed: int) -> tuple[Sleeve, ...]:
    """Take one neighbour of each sleeve, all by the same steps."""
    around = (neighbours(strategy(one.strategy).space, one.params, 1, np.random.default_rng(seed))[1] for one in sleeves)
    return tuple(
        Sleeve(strategy=one.strategy, params=params, budget=one.budget) for one, params in zip(sleeves, around, strict=True)
    )


def _with(release: Release, **changes: object) -> Release:
    return release.model_copy(update=changes)


def _net(world: World, raw: Array) -> Array:
    return simulate(world.market.tape, raw, knobs(world.market, world.release)).net


def _struck(world: World, at: int, hit: float) -> Array:
    """(T,) net returns when equity changes by the fraction `hit`, a loss or nothing, at the close of one bar."""
    hits = np.zeros(len(world.paths.net))
    hits[at] = min(hit, 0.0)
    return _after(world.paths.net, hits)


def _after(net: Array, hits: Array) -> Array:
    """Compound what bars earned with what then hit the book, which cannot lose more than everything."""
    return net + (1.0 + net) * np.maximum(hits, -1.0)


def _held(world: World, at: int, weight: float) -> str:
    return f"{weight:.0%} of equity ({utc(int(world.market.panel.close_time[at])):%Y-%m-%d %H:%M} UTC)"


def _days(market: Market) -> Ints:
    """UTC day of each bar from the start of the book."""
    return day_of(market.panel.open_time[market.first :])


def _daily(market: Market, net: Array) -> Array:
    return daily_returns(net[market.first :], market.panel.open_time[market.first :])


def _summed_up(market: Market, outcome: Outcome) -> Shock:
    daily = _daily(market, outcome.net)
    return Shock(
        name=outcome.name,
        says=outcome.says,
        sharpe=sharpe(daily),
        annual_return=float(np.mean(daily)) * DAYS_PER_YEAR,
        max_drawdown=max_drawdown(outcome.net[market.first :]),
    )
