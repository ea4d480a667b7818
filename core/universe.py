"""Which symbols may be held, as it was known at the time."""

from typing import Annotated

import numpy as np
from pydantic import Field

from core.config import Config
from core.market.features import day_of
from core.market.panel import Panel
from core.market.timeframe import DAY
from core.types import Array, Ints, Mask


class UniverseConfig(Config):
    """The rule that picks the universe at each decision."""

    top: Annotated[int, Field(ge=1, le=1000)] = 20
    """How many symbols, by traded value."""
    min_listed_days: Annotated[int, Field(ge=1, le=2000)] = 60
    """Days of bars a symbol must have had, within the last twice as many, before it is eligible."""
    liquidity_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Whole UTC days over which the median traded value ranks the symbols."""


def eligible(panel: Panel, rows: Ints, value: Array, config: UniverseConfig) -> Mask:
    """Say who may be held after each decision bar.

    A symbol is eligible when it trades now, has been listed long enough, and ranks among the `top` by the median of its
    daily traded value over the last whole days. Ties go to the symbol that comes first in the alphabet.

    Parameters
    ----------
    value : (D, N) from `usual_value`

    Returns
    -------
    (D, N) bool, row d from data up to the close of bar ``rows[d]`` only
    """
    needed = config.min_listed_days * DAY // panel.bar_ms
    listed = _bars_within(panel, rows, 2 * needed) >= needed  # a window, so that where the data starts does not matter
    candidate = listed & np.isfinite(panel.close[rows]) & np.isfinite(value)
    ranked = np.argsort(np.where(candidate, -value, np.inf), axis=1, kind="stable")
    out = np.zeros_like(candidate)
    np.put_along_axis(out, ranked[:, : config.top], values=True, axis=1)
    return out & candidate


def _bars_within(panel: Panel, rows: Ints, window: int) -> Ints:
    """(D, N) bars each symbol has among the last `window` ones."""
    so_far = np.pad(np.cumsum(np.isfinite(panel.close), axis=0, dtype=np.int64), ((1, 0), (0, 0)))
    counted: Ints = so_far[rows + 1] - so_far[np.maximum(rows + 1 - window, 0)]
    return counted


def usual_value(panel: Panel, rows: Ints, config: UniverseConfig) -> Array:
    """(D, N) median daily traded value over the last whole days, quote currency; NaN when fewer than half of them traded."""
    daily, first_day = _daily_traded_value(panel)
    last_whole_day = day_of(panel.close_time[rows]) - first_day
    return _trailing_median(daily, config.liquidity_days)[last_whole_day]


def _trailing_median(daily: Array, days: int) -> Array:
    """(days + 1, N) median over the `days` days before each day; NaN when fewer than half of them are there."""
    before = np.pad(daily, ((days, 0), (0, 0)), constant_values=np.nan)
    ranked = np.sort(np.lib.stride_tricks.sliding_window_view(before, days, axis=0), axis=-1)  # NaN comes last
    count = np.isfinite(ranked).sum(axis=-1, keepdims=True)
    low, high = (np.take_along_axis(ranked, np.maximum(at, 0), axis=-1) for at in ((count - 1) // 2, count // 2))
    median: Array = np.where(2 * count >= days, 0.5 * (low + high), np.nan)[..., 0]
    return median


def _daily_traded_value(panel: Panel) -> tuple[Array, int]:
    """(days, N) quote currency traded per UTC day, NaN on days without a bar, and the number of the first day."""
    day = day_of(panel.open_time)
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    value = np.add.reduceat(np.nan_to_num(panel.traded_value), starts, axis=0)
    traded = np.add.reduceat(np.isfinite(panel.close).astype(float), starts, axis=0) > 0
    return np.where(traded, value, np.nan), int(day[0])
