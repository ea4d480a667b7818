"""Candles and funding rates of a venue, as the store takes them."""

import numpy as np
import polars as pl

from core.types import Array

MOMENT = pl.Datetime("ms", "UTC")


def bar_frame(venue: str, symbol: str, timeframe: str, rows: Array, source: str) -> pl.DataFrame:
    """Give the candles their names and types."""
    columns = dict(zip(("open", "high", "low", "close", "volume"), rows[:, 1:].T, strict=True))
    frame = pl.DataFrame({"open_time": rows[:, 0].astype("int64"), **columns})
    return frame.select(
        pl.lit(venue).alias("venue"),
        pl.lit(symbol).alias("symbol"),
        pl.lit(timeframe).alias("timeframe"),
        pl.col("open_time").cast(MOMENT),
        *columns,
        pl.lit(source).alias("source"),
    )


def funding_frame(venue: str, symbol: str, rates: Array, source: str) -> pl.DataFrame:
    """Give the rates their names and types."""
    frame = pl.DataFrame({"settled_at": rates[:, 0].astype("int64"), "rate": rates[:, 1]})
    return frame.select(
        pl.lit(venue).alias("venue"),
        pl.lit(symbol).alias("symbol"),
        pl.col("settled_at").cast(MOMENT),
        "rate",
        pl.lit(source).alias("source"),
    )


def shown(opened: float) -> str:
    """Return an open time (ms) as messages name it."""
    return np.datetime_as_string(np.datetime64(int(opened), "ms"), unit="m")
