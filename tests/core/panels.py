"""Small random markets: listings, delistings, halts and jumps, all from one seed."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from core.deploy.release import Release
from core.market.panel import Panel
from core.market.timeframe import DAY, bar_ms, utc

START = 1_704_067_200_000  # 2024-01-01 00:00 UTC


def walk(seed, *, bars=400, width=6, timeframe="4h", volatility=0.01):
    """Draw a market without holes: Student-t moves, small opening gaps, funding every eight hours."""
    rng = np.random.default_rng(seed)
    moves = volatility * rng.standard_t(4, (bars, width))
    close = 100.0 * np.exp(np.cumsum(moves, axis=0)) * np.exp(rng.normal(0, 1, width))
    before = np.vstack([close[:1], close[:-1]])
    opened = before * np.exp(0.1 * volatility * rng.standard_normal((bars, width)))
    wick = np.exp(volatility * rng.random((2, bars, width)))
    time = START + bar_ms(timeframe) * np.arange(bars, dtype=np.int64)
    settles = ((time + bar_ms(timeframe)) % (DAY // 3) == 0)[:, None]
    return Panel(
        venue="test",
        timeframe=timeframe,
        symbols=tuple(f"S{i:02d}" for i in range(width)),
        open_time=time,
        open=opened,
        high=np.maximum(opened, close) * wick[0],
        low=np.minimum(opened, close) / wick[1],
        close=close,
        volume=np.exp(rng.normal(5, 1, (bars, width)) + rng.normal(0, 2, width)),
        funding=np.where(settles, rng.normal(1e-4, 3e-4, (bars, width)), 0.0),
    )


def without(panel, missing):
    """Take bars away: NaN in every column, no funding."""
    holes = {name: np.where(missing, np.nan, getattr(panel, name)) for name in ("open", "high", "low", "close", "volume")}
    return replace(panel, funding=np.where(missing, 0.0, panel.funding), **holes)


def holey(seed, **shape):
    """Draw a market in which symbols are listed late, delisted early, halted for a while, or miss single bars."""
    panel = walk(seed, **shape)
    rng = np.random.default_rng([seed, 1])
    bars, width = panel.close.shape
    row = np.arange(bars)[:, None]
    listed = np.where(rng.random(width) < 0.4, rng.integers(0, bars // 2, width), 0)
    delisted = np.where(rng.random(width) < 0.3, rng.integers(bars // 2, bars, width), bars)
    halt = rng.integers(0, bars, width)
    halted = (row >= halt) & (row < halt + rng.integers(0, 12, width))
    return without(panel, (row < listed) | (row >= delisted) | halted | (rng.random((bars, width)) < 0.005))


def small_release(panel, *, book_start_row=0, **changes):
    """Return a release whose windows fit a few hundred bars, and so little capital that no traded value caps it."""
    values = {
        "venue": "test",
        "timeframe": panel.timeframe,
        "sleeves": [{"strategy": "xsmom", "params": {"lookback": 24, "horizons": 2, "top": 2, "threshold": 0.2}}],
        "universe": {"top": 5, "min_listed_days": 4, "liquidity_days": 3},
        "rebalance": 6,
        "vol_half_life": 20,
        "scaler": {"vol_half_life": 20, "kelly_half_life": 50, "stepdown_start": 0.02, "stepdown_end": 0.1},
        "stops": {"atr_bars": 12},
        "costs": {"capital": 1.0},
        "band": 0.1,
        "book_start": utc(START) + timedelta(milliseconds=book_start_row * panel.bar_ms),
    }
    return Release.read(values | changes, subject="small release")
