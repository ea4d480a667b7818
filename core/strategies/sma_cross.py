"""Moving-average cross: long while the fast average is above the slow one, short (or flat) while it is below."""

import numpy as np
from pydantic import model_validator

from core.config import Bars, Config
from core.market.panel import Panel
from core.strategies.strategy import IntRange, Strategy
from core.types import Array, Ints, Mask


class SmaCrossConfig(Config):
    """Parameters of the moving-average cross."""

    fast: Bars = 120
    """Bars in the fast average."""
    slow: Bars = 480
    """Bars in the slow average."""
    short: bool = True
    """Whether to go short below the cross; flat otherwise."""

    @model_validator(mode="after")
    def _fast_is_faster(self) -> "SmaCrossConfig":
        if self.fast >= self.slow:
            raise ValueError(f"fast = {self.fast} must be smaller than slow = {self.slow}")
        return self


def signal(panel: Panel, rows: Ints, eligible: Mask, config: SmaCrossConfig) -> Array:
    """+1 above the cross, -1 (or 0) below, 0 while there is too little history. See `Signal`."""
    fast = _average(panel.close, rows, config.fast)
    slow = _average(panel.close, rows, config.slow)
    side = np.sign(fast - slow) if config.short else (fast > slow).astype(float)
    return np.where(eligible & np.isfinite(fast) & np.isfinite(slow), side, 0.0)


def _average(close: Array, rows: Ints, window: int) -> Array:
    """(D, N) mean close of the last `window` bars; NaN where more than a quarter of them are missing.

    Each window is summed by itself, so the result does not depend on where the data starts.
    """
    out = np.full((len(rows), close.shape[1]), np.nan)
    for d, t in enumerate(rows):
        if t + 1 >= window:
            recent = close[t + 1 - window : t + 1]
            count = np.isfinite(recent).sum(axis=0)
            out[d] = np.where(count * 4 >= window * 3, np.nansum(recent, axis=0) / np.maximum(count, 1), np.nan)
    return out


STRATEGY = Strategy(
    name="sma_cross",
    config=SmaCrossConfig,
    signal=signal,
    space={"fast": IntRange(24, 240, log=True), "slow": IntRange(241, 1440, log=True)},
    history=lambda config: config.slow,
)
