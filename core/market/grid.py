"""The time grid of a pile of bars, read off the bars themselves."""

import numpy as np
import polars as pl

from core.errors import DataError
from core.market.timeframe import MINUTE, bar_ms, infer_timeframe

_SERIES = ("venue", "symbol")


def grid_timeframe(frame: pl.DataFrame) -> str:
    """Return the timeframe of bars of many symbols: the commonest step between neighbouring bars of one symbol.

    The commonest and not the shortest, so that one bar beside the grid is found out instead of shrinking everybody's grid.

    Parameters
    ----------
    frame : columns venue, symbol, open_time (``Datetime('ms', 'UTC')``), in any order

    Raises
    ------
    DataError
        When no symbol has two bars, the step is not a known timeframe, or a symbol of three bars or more never takes it.
    """
    steps = _steps(frame)
    common = steps.group_by("step").agg(pl.col("count").sum()).sort("count", "step", descending=[True, False])
    timeframe = infer_timeframe(np.cumsum([0, *common["step"].head(1)]))
    _require_agreement(steps, timeframe)
    return timeframe


def _steps(frame: pl.DataFrame) -> pl.DataFrame:
    """Count each step (ms) of each series: columns venue, symbol, step, count."""
    ordered = frame.select(*_SERIES, pl.col("open_time").dt.epoch("ms")).drop_nulls().sort(*_SERIES, "open_time")
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in _SERIES)
    taken = ordered.with_columns(step=pl.col("open_time").diff()).filter(same & (pl.col("step") > 0))
    return taken.group_by(*_SERIES, "step").agg(count=pl.len())


def _require_agreement(steps: pl.DataFrame, timeframe: str) -> None:
    series = steps.group_by(*_SERIES).agg(
        pl.col("count").sum(), pl.col("step").min(), agrees=(pl.col("step") == bar_ms(timeframe)).any()
    )
    apart = series.filter(~pl.col("agrees") & (pl.col("count") >= 2)).sort(*_SERIES)
    if len(apart):
        first = apart.row(0, named=True)
        raise DataError(
            f"{first['venue']} {first['symbol']} has a bar every {first['step'] / MINUTE:g} minutes where the others have "
            f"{timeframe} bars: import one timeframe per file"
        )
