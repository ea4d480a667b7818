"""A synthetic market: invented prices that move like a crowd of perpetuals. Nothing here is real history.

For demos, tests and rehearsals without data. The world is the one the deploy gate was measured in: one common and many own
shocks, Student-t with 5 degrees of freedom, under one stochastic volatility; and a latent drift per symbol (half-life a
week) whose strength `edge` plants a cross-sectional momentum that a strategy may find. With ``edge = 0`` there is nothing to
find and every profit before costs is luck. Around it: funding that leans with the past day, traded value that keeps its rank
and swells when prices move, listings, one delisting, and prices on their tick.

Laws (tests/core/market/test_synthetic.py): bars are consistent, funding settles at 00, 08 and 16 UTC only, a symbol lives in
one unbroken stretch, and a seed names a market.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

from core.errors import ConfigError
from core.market.instrument import Instrument
from core.market.panel import Panel
from core.market.timeframe import HOUR, milliseconds
from core.types import Array, Ints, Mask

VENUE = "synthetic"

COMMON_VOL = 0.0060
"""Fraction per hour: the shock every symbol shares."""

OWN_VOL = (0.0045, 0.0090)
"""Fraction per hour: from the steadiest symbol's own shock to the wildest's."""

_SETTLEMENT, _USUAL_RATE, _MAX_RATE = 8 * HOUR, 0.0001, 0.0075


@dataclass(frozen=True, slots=True)
class SyntheticMarket:
    """An invented hourly market and the trading rules of its symbols, in the panel's order."""

    panel: Panel
    instruments: tuple[Instrument, ...]


@dataclass(frozen=True, slots=True)
class _Walk:
    """Each hour's log return `step` (T, N) and the standard deviation `vol` (T, N) it was drawn with."""

    step: Array
    vol: Array


def synthetic_market(
    rng: np.random.Generator, *, days: int, symbols: int = 24, start: datetime, edge: float
) -> SyntheticMarket:
    """Invent an hourly market of USDT perpetuals ``SYN01USDT``, ``SYN02USDT`` ... on the venue ``synthetic``.

    Parameters
    ----------
    rng : the only source of chance: the same seed gives the same market
    days : length, 24 bars each
    symbols : columns; from 6 up at least three list late and one is delisted
    start : open of the first bar, an aware UTC time on the hour
    edge : log return per hour per unit of latent drift, for a symbol whose own volatility is 0.8 % an hour
        0 is pure noise, 8e-5 too weak to prove; a weekly momentum earns a gross Sharpe near 2 at 2e-4 and near 7 at 4e-4.

    Raises
    ------
    ConfigError
        When a length is not positive, the edge is negative or not finite, or the start is not a UTC hour.
    """
    _require(days, symbols, start, edge)
    bars = 24 * days
    open_time = milliseconds(start) + HOUR * np.arange(bars, dtype=np.int64)
    walk = _walk(rng, bars, symbols, edge)
    first = np.exp(rng.uniform(np.log(0.01), np.log(60_000), symbols))
    decimals = _tick_decimals(first)
    panel = Panel(
        VENUE, "1h", _names(symbols), open_time, *_bars(rng, walk, first, decimals), _funding(rng, walk.step, open_time)
    )
    alive = _alive(rng, bars, symbols)
    return SyntheticMarket(_only(panel, alive), _instruments(panel.symbols, first, decimals, alive[-1]))


def _require(days: int, symbols: int, start: datetime, edge: float) -> None:
    if days < 1 or symbols < 1:
        raise ConfigError(f"synthetic market: {days} days of {symbols} symbols; both must be at least 1")
    if not 0 <= edge < np.inf:
        raise ConfigError(f"synthetic market: edge = {edge}; give a finite number, 0 for none (drift has no sign to turn)")
    if start.utcoffset() is None or milliseconds(start) % HOUR:
        raise ConfigError(f"synthetic market: start {start} is not an hour of UTC; give for instance 2024-01-01T00:00Z")


def _walk(rng: np.random.Generator, bars: int, symbols: int, edge: float) -> _Walk:
    """Draw log returns: beta * common + own + drift. The drift is a share of the own volatility and has no market part."""
    beta, own = rng.uniform(0.8, 1.2, symbols), rng.uniform(*OWN_VOL, symbols)
    rough = np.exp(0.35 * _ar1(rng, bars, 1, half_life=166) - 0.06125)  # mean 1
    drift = _ar1(rng, bars, symbols, half_life=168)
    lean = edge * (drift - drift.mean(axis=1, keepdims=True)) * own / 0.008
    step = rough * (COMMON_VOL * _student(rng, bars, 1) * beta + own * _student(rng, bars, symbols)) + lean
    return _Walk(step, rough * np.hypot(COMMON_VOL * beta, own))


def _student(rng: np.random.Generator, bars: int, symbols: int) -> Array:
    return rng.standard_t(5, (bars, symbols)) * np.sqrt(3 / 5)  # fat tails of unit variance


def _ar1(rng: np.random.Generator, bars: int, symbols: int, *, half_life: float) -> Array:
    """Unit-variance AR(1) columns, stationary from the first row."""
    keep = 0.5 ** (1 / half_life)
    state = rng.standard_normal((bars, symbols))
    state[1:] *= np.sqrt(1 - keep**2)
    for t in range(1, bars):
        state[t] += keep * state[t - 1]
    return state


def _bars(rng: np.random.Generator, walk: _Walk, first: Array, decimals: Ints) -> tuple[Array, Array, Array, Array, Array]:
    """Draw open, high, low, close and volume: an open a hair off the last close, and wicks beyond both ends."""
    shape = walk.step.shape
    path = first * np.exp(np.cumsum(walk.step, axis=0))
    before = np.vstack([first, path[:-1]])
    begin = before * np.exp(0.01 * walk.vol * rng.standard_normal(shape))
    high = np.maximum(begin, path) * np.exp(0.5 * walk.vol * np.abs(rng.standard_normal(shape)))
    low = np.minimum(begin, path) * np.exp(-0.5 * walk.vol * np.abs(rng.standard_normal(shape)))
    prices = [_on_tick(price, decimals) for price in (begin, high, low, path)]
    return prices[0], prices[1], prices[2], prices[3], _volume(rng, walk, prices[3], _step_decimals(first))


def _on_tick(price: Array, decimals: Ints) -> Array:
    """Round each column to its own decimals; never below one tick. Rounding keeps order, so bars stay consistent."""
    grain = 10.0**decimals
    return np.maximum(np.rint(price * grain), 1.0) / grain


def _volume(rng: np.random.Generator, walk: _Walk, close: Array, decimals: Ints) -> Array:
    """Draw base coin per hour. Value traded keeps its rank: 4e8 down to 1e6 quote, on a slow tide, more when prices move."""
    bars, symbols = close.shape
    scale = np.linspace(np.log(4e8), np.log(1e6), symbols)
    tide = 0.4 * _ar1(rng, bars, symbols, half_life=30 * 24)
    moved = 0.4 * np.minimum(np.abs(walk.step) / walk.vol, 5.0)
    value = np.exp(scale + tide + moved + 0.35 * rng.standard_normal(close.shape))
    return _on_tick(value / close, decimals)


def _funding(rng: np.random.Generator, step: Array, open_time: Ints) -> Array:
    """Draw the rate settled at 00, 08 and 16 UTC: around one basis point, slow, leaning with the past 8 hours' return."""
    rows = np.flatnonzero((open_time + HOUR) % _SETTLEMENT == 0)
    path = np.vstack([np.zeros(step.shape[1]), np.cumsum(step, axis=0)])
    recent = path[rows + 1] - path[np.maximum(rows - 7, 0)]
    slow = _ar1(rng, len(rows), step.shape[1], half_life=6)
    rate = _USUAL_RATE + 0.00012 * slow + 0.003 * recent
    funding = np.zeros_like(step)
    funding[rows] = np.round(np.clip(rate, -_MAX_RATE, _MAX_RATE), 8)
    return funding


def _alive(rng: np.random.Generator, bars: int, symbols: int) -> Mask:
    """Draw when each symbol trades. The busiest quarter always does; of the others some list late and one is delisted."""
    begin, end = np.zeros(symbols, dtype=np.int64), np.full(symbols, bars)
    if symbols >= 6:
        fickle = rng.permutation(np.arange(symbols // 4, symbols))
        late = fickle[: max(3, symbols // 6)]
        begin[late] = bars * rng.uniform(0.1, 0.6, len(late))
        end[fickle[len(late)]] = bars * rng.uniform(0.7, 0.9)
    row = np.arange(bars)[:, None]
    return (row >= begin) & (row < end)


def _only(panel: Panel, alive: Mask) -> Panel:
    """Blank what did not trade: NaN prices and volume, no funding."""
    grids = {name: getattr(panel, name) for name in ("open", "high", "low", "close", "volume")}
    blanked: dict[str, Any] = {name: np.where(alive, grid, np.nan) for name, grid in grids.items()}
    return replace(panel, **blanked, funding=np.where(alive, panel.funding, 0.0))


def _names(symbols: int) -> tuple[str, ...]:
    width = max(2, len(str(symbols)))
    return tuple(f"SYN{number:0{width}d}USDT" for number in range(1, symbols + 1))


def _tick_decimals(first: Array) -> Ints:
    """Return decimals of the price grain: a tick of 1e-6 to 1e-5 of the first price, and 1e-6 quote at the finest."""
    return np.minimum(5 - np.floor(np.log10(first)).astype(np.int64), 6)


def _step_decimals(first: Array) -> Ints:
    """Return decimals of the quantity grain, negative above one coin: a step worth 0.1 to 1 quote at the first price."""
    return np.ceil(np.log10(first)).astype(np.int64)


def _instruments(symbols: tuple[str, ...], first: Array, decimals: Ints, active: Mask) -> tuple[Instrument, ...]:
    return tuple(
        Instrument(VENUE, symbol, _grain(tick), _grain(step), _grain(step), Decimal(5), active=bool(lives))
        for symbol, tick, step, lives in zip(symbols, decimals, _step_decimals(first), active, strict=True)
    )


def _grain(decimals: int) -> Decimal:
    return Decimal(10) ** -int(decimals)
