"""A small synthetic market as a recording: its dates, a quick release for it, and its frames for the store."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from core.deploy.release import Release, Sleeve
from core.market.timeframe import HOUR

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 60

RELEASE = Release.model_validate(
    {
        "venue": "synthetic",
        "sleeves": [
            Sleeve(strategy="xsmom", params={"lookback": 96, "top": 3}, budget=0.5),
            Sleeve(strategy="sma_cross", params={"fast": 12, "slow": 72}, budget=0.5),
        ],
        "universe": {"top": 7, "min_listed_days": 10, "liquidity_days": 5},
        "rebalance": 8,
        "vol_half_life": 48,
        "scaler": {"vol_half_life": 48, "kelly_half_life": 240},
        "book_start": START + timedelta(days=20),
    }
)


def bar_frame(panel):
    """Turn a panel's bars into the frame storage takes."""
    rows, columns = np.nonzero(np.isfinite(panel.close))
    prices = {name: getattr(panel, name)[rows, columns] for name in ("open", "high", "low", "close", "volume")}
    return pl.DataFrame(
        {
            "venue": [panel.venue] * len(rows),
            "symbol": [panel.symbols[i] for i in columns],
            "timeframe": [panel.timeframe] * len(rows),
            "open_time": panel.open_time[rows],
            **prices,
            "source": ["test"] * len(rows),
        }
    ).with_columns(pl.col("open_time").cast(pl.Datetime("ms", "UTC")))


def funding_frame(panel):
    """Turn a panel's funding into the frame storage takes: settled at the bar's close."""
    rows, columns = np.nonzero(panel.funding)
    return pl.DataFrame(
        {
            "venue": [panel.venue] * len(rows),
            "symbol": [panel.symbols[i] for i in columns],
            "settled_at": panel.open_time[rows] + HOUR,
            "rate": panel.funding[rows, columns],
            "source": ["test"] * len(rows),
        }
    ).with_columns(pl.col("settled_at").cast(pl.Datetime("ms", "UTC")))
