"""Timeframes: their names, their lengths, and reading one off a grid of bars."""

from datetime import UTC, datetime

import numpy as np

from core.errors import ConfigError, DataError
from core.types import Ints

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TIMEFRAMES: dict[str, int] = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
}
"""Name to length in milliseconds: the intervals Bybit serves that divide a day."""


def bar_ms(timeframe: str) -> int:
    """Return the length of one bar in milliseconds, or raise ConfigError for an unknown name."""
    if timeframe not in TIMEFRAMES:
        raise ConfigError(f"timeframe {timeframe!r}: known are {', '.join(TIMEFRAMES)}")
    return TIMEFRAMES[timeframe]


def infer_timeframe(open_times: Ints) -> str:
    """Read the timeframe off sorted, distinct open times (ms): the shortest step between neighbours.

    Raises
    ------
    DataError
        When there are fewer than two bars, or the shortest step is not a known timeframe.
    """
    if len(open_times) < 2:
        raise DataError("timeframe: one bar alone has no grid to read it from; give at least two")
    step = int(np.diff(open_times).min())
    for name, length in TIMEFRAMES.items():
        if length == step:
            return name
    raise DataError(f"timeframe: the shortest step between bars is {step} ms, which is none of {', '.join(TIMEFRAMES)}")


def utc(milliseconds: int) -> datetime:
    """Turn milliseconds since 1970 into an aware UTC datetime."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    """Turn an aware datetime into milliseconds since 1970."""
    return round(moment.timestamp() * 1000)
