"""Longer bars out of shorter ones, in polars: the memory twin of what `storage.contents` does in SQL."""

import polars as pl

from core.market.timeframe import bar_ms

_OPENS = pl.col("open_time")
_BAR = (
    pl.col("open").first(),
    pl.col("high").max(),
    pl.col("low").min(),
    pl.col("close").last(),
    pl.col("volume").sum(),
)


def resampled(rows: pl.DataFrame, source: str, timeframe: str) -> pl.DataFrame:
    """Return the closed bars of `timeframe`, as the contract of `storage.bars.Bars` defines them.

    Parameters
    ----------
    rows : symbol, open_time ``Datetime('ms', 'UTC')``, open, high, low, close, volume
        All bars of one venue and of the timeframe `source`, which divides `timeframe`; in any order.
    """
    if source == timeframe:
        return rows
    reach = _OPENS.max().over("symbol").dt.offset_by(f"{bar_ms(source)}ms")
    closed = rows.filter(reach.dt.truncate(timeframe) > _OPENS).sort("symbol", "open_time")
    return closed.group_by("symbol", _OPENS.dt.truncate(timeframe), maintain_order=True).agg(*_BAR)
