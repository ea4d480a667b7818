"""From a panel to the tape: the padded arrays that every set of parameters shares, made once."""

from collections.abc import Sequence

import numpy as np

from core.backtest.costs import relative_spread, unit_impact
from core.backtest.run import Tape
from core.market.features import average_true_range, bars_per_year, day_of
from core.market.instrument import base_coin
from core.market.panel import Panel
from core.market.timeframe import DAY
from core.types import Array, Ints, Mask

LANES = 16
"""Columns are padded to a multiple of this, so that row loops have no remainder."""


def make_tape(panel: Panel, rows: Ints, vol: Array, daily_value: Array, *, atr_bars: int) -> Tape:
    """Lay out a panel for the kernel.

    Parameters
    ----------
    rows : (D,) decision bars, ascending
    vol : (D, N) annualised fraction, NaN where unknown
    daily_value : (D, N) quote currency traded a day, NaN where unknown: nothing can be held there
    atr_bars : smoothing of the average true range (Wilder)
    """
    missing = np.isnan(panel.open + panel.high + panel.low + panel.close)
    close = padded(panel.close, missing, 1.0)
    low, high = padded(panel.low, missing, np.inf), padded(panel.high, missing, -np.inf)
    atr = padded(np.nan_to_num(average_true_range(panel.high, panel.low, panel.close, atr_bars)), None, 0.0)
    funding = padded(panel.funding, missing, 0.0) * close
    opened, before = padded(panel.open, missing, 1.0), np.vstack([atr[:1], atr[:-1]])
    known = [np.nan_to_num(vol), relative_spread(daily_value), unit_impact(daily_value, vol / np.sqrt(bars_per_year(DAY)))]
    decided = [*known, np.nan_to_num(daily_value), _per_unit(panel.close, missing, rows)]
    extremes = [_by_block(np.minimum, low, rows), _by_block(np.maximum, high, rows), _by_block(np.minimum, before, rows)]
    return Tape(
        rows=rows,
        ends=np.append(rows[1:], len(panel) - 1),
        bars=np.stack([opened, close, _changes(panel.close, missing), funding]),
        watched=np.stack([opened, high, low, before], axis=-1),
        decided=np.stack([*(padded(layer, None, 0.0) for layer in decided), *extremes], axis=1),
        settles=np.any(funding != 0.0, axis=1),
        leaves=_leaves(missing),
        day=day_of(panel.open_time) - day_of(panel.open_time[:1]),
        asset=_assets(panel.symbols),
    )


def padded(values: Array, missing: Mask | None, filler: float) -> Array:
    """Copy (., N) into (., W), with `filler` in the padding and where `missing`."""
    count, width = values.shape
    out = np.full((count, -(-width // LANES) * LANES), filler)
    out[:, :width] = values if missing is None else np.where(missing, filler, values)
    return out


def _changes(close: Array, missing: Mask) -> Array:
    change = np.zeros_like(close)
    change[1:] = close[1:] - close[:-1]
    known = ~missing
    known[1:] &= ~missing[:-1]
    return padded(change, ~known, 0.0)


def _leaves(missing: Mask) -> Mask:
    out = np.zeros(len(missing), dtype=np.bool_)
    out[1:] = (missing[1:] & ~missing[:-1]).any(axis=1)
    return out


def _per_unit(close: Array, missing: Mask, rows: Ints) -> Array:
    """(D, N) units that one of value buys at each decision's close; 0 without a bar there, or after it."""
    after = np.minimum(rows + 1, len(missing) - 1)
    return np.where(missing[rows] | missing[after], 0.0, 1.0 / close[rows])


def _assets(symbols: Sequence[str]) -> Ints:
    """(W,) number of each symbol's coin; padding has numbers of its own."""
    coins = [base_coin(symbol) for symbol in symbols]
    width = -(-len(coins) // LANES) * LANES
    known = [coins.index(coin) for coin in coins]
    return np.array([*known, *range(len(coins), width)], dtype=np.int64)


def _by_block(how: np.ufunc, values: Array, rows: Ints) -> Array:
    """(D, W) fold the rows after each decision, up to the next one; an empty last block has a number that nobody reads."""
    out: Array = how.reduceat(np.vstack([values, values[-1:]]), rows + 1, axis=0)
    return out
