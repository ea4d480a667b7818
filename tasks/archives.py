"""Files of market history: a Parquet or CSV file becomes rows as storage takes them, or one line saying why not.

Nothing is guessed that could be wrong by a factor or an hour: a time without a zone, a rate in percent and a venue nobody
named are refused. The bars' timeframe is read off their own grid.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import polars as pl
from polars.exceptions import PolarsError

from core.errors import DataError
from core.market.checks import BARS, FUNDING, drop_bad, refuse_bad
from core.market.columns import PRICES, require_columns, require_fractions
from core.market.grid import grid_timeframe

BAR_TIMES = ("ts", "open_time", "timestamp")
"""Names the open time of a bar may have in a file."""

SETTLEMENT_TIMES = ("ts", "settled_at", "timestamp")
"""Names the time of a funding settlement may have in a file."""

RATES = ("funding_rate", "rate")
"""Names a funding rate may have in a file."""


def read_bars(path: Path, venue: str | None) -> pl.DataFrame:
    """Read bars, and refuse the file for its first bad row.

    Parameters
    ----------
    path : ``.parquet`` or ``.csv``
        Columns ts (bar open, UTC), symbol, open, high, low, close, volume; venue and source if it has them.
    venue : keeps this venue's rows when the file has a venue column, and names the venue when it has none

    Returns
    -------
    polars.DataFrame
        venue, symbol, timeframe, open_time ``Datetime('ms', 'UTC')``, open, high, low, close (quote currency), volume (base
        coin), source (the file's name when it does not say); sorted by venue, symbol, open_time.

    Raises
    ------
    DataError
        One line with the file, what was found, and what to do.
    """
    with _naming(path):
        return refuse_bad(_bars(path, venue), BARS)


def salvage_bars(path: Path, venue: str | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Read bars as `read_bars` does but leave bad rows out, with a line on each kind of fault (``--skip-bad``)."""
    with _naming(path):
        return drop_bad(_bars(path, venue), BARS)


def read_funding(path: Path, venue: str | None) -> pl.DataFrame:
    """Read funding settlements, and refuse the file for its first bad row.

    Parameters
    ----------
    path : ``.parquet`` or ``.csv``
        Columns ts (settlement, UTC), symbol, funding_rate (fraction); venue and source if it has them.
    venue : as in `read_bars`

    Returns
    -------
    polars.DataFrame
        venue, symbol, settled_at ``Datetime('ms', 'UTC')``, rate (fraction of notional), source; sorted.

    Raises
    ------
    DataError
        One line with the file, what was found, and what to do.
    """
    with _naming(path):
        return refuse_bad(_funding(path, venue), FUNDING)


def salvage_funding(path: Path, venue: str | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Read funding as `read_funding` does but leave bad rows out, with a line on each kind of fault (``--skip-bad``)."""
    with _naming(path):
        return drop_bad(_funding(path, venue), FUNDING)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from error


def _bars(path: Path, venue: str | None) -> pl.DataFrame:
    frame = _load(path)
    if "close" not in frame.columns and _first(frame, RATES):
        raise DataError("these are funding rates, not bars: import them with --kind funding")
    moment = _first(frame, BAR_TIMES) or "ts"
    numbers = (*PRICES, "volume")
    require_columns(frame, moment=moment, text=_texts(frame), numbers=numbers)
    rows = _of_venue(frame, venue).select(
        *_labels(),
        _utc_ms(moment).alias("open_time"),
        *(pl.col(name).cast(pl.Float64) for name in numbers),
        _source(frame, path),
    )
    timeframe = pl.lit(grid_timeframe(rows)).alias("timeframe")
    return rows.select("venue", "symbol", timeframe, pl.exclude("venue", "symbol"))


def _funding(path: Path, venue: str | None) -> pl.DataFrame:
    frame = _load(path)
    rate = _first(frame, RATES)
    if rate is None and "close" in frame.columns:
        raise DataError("these are bars, not funding rates: import them with --kind bars")
    moment = _first(frame, SETTLEMENT_TIMES) or "ts"
    require_columns(frame, moment=moment, text=_texts(frame), numbers=(rate or RATES[0],))
    kept = _of_venue(frame, venue)
    require_fractions(kept[rate or RATES[0]])
    settled = _utc_ms(moment).alias("settled_at")
    return kept.select(*_labels(), settled, pl.col(rate or RATES[0]).cast(pl.Float64).alias("rate"), _source(frame, path))


def _load(path: Path) -> pl.DataFrame:
    suffix = path.suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise DataError(f"a file ending in {suffix or 'nothing'} is not known: give .parquet or .csv")
    try:
        with path.open("rb") as file:
            return pl.read_parquet(file) if suffix == ".parquet" else _load_csv(file)
    except (OSError, PolarsError) as error:
        # polars spreads its reasons over several lines; the first one says it
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).split("\n")[0]
        raise DataError(f"cannot be read as {suffix[1:]}: {reason}; check the path and the file") from error


def _load_csv(file: BinaryIO) -> pl.DataFrame:
    # types are read off the whole file, and a spelt-out NaN is a missing value rather than a column of text
    missing = ["", "nan", "NaN", "NA", "null", "None"]
    return pl.read_csv(file, try_parse_dates=True, infer_schema_length=None, null_values=missing)


def _first(frame: pl.DataFrame, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in frame.columns), None)


def _texts(frame: pl.DataFrame) -> tuple[str, ...]:
    return ("symbol", "venue") if "venue" in frame.columns else ("symbol",)


def _of_venue(frame: pl.DataFrame, venue: str | None) -> pl.DataFrame:
    if "venue" not in frame.columns:
        if venue is None:
            raise DataError("there is no venue column: say whose data this is with --venue")
        return frame.with_columns(pl.lit(venue).alias("venue"))
    if venue is None:
        return frame
    kept = frame.filter(pl.col("venue").cast(pl.String) == venue)
    if kept.is_empty():
        there = ", ".join(sorted(str(name) for name in frame["venue"].unique()))
        raise DataError(f"no row of venue {venue!r}: the file has {there}")
    return kept


def _labels() -> tuple[pl.Expr, ...]:
    return pl.col("venue").cast(pl.String), pl.col("symbol").cast(pl.String)


def _utc_ms(moment: str) -> pl.Expr:
    return pl.col(moment).dt.convert_time_zone("UTC").dt.cast_time_unit("ms")


def _source(frame: pl.DataFrame, path: Path) -> pl.Expr:
    named = pl.lit(path.name)
    known = pl.col("source").cast(pl.String).fill_null(named) if "source" in frame.columns else named
    return known.alias("source")
