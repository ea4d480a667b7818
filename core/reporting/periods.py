"""Periods to compare: ``1y``, ``6m``, ``8w``, ``90d`` or ``all``, each of which ends where the range ends."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import ConfigError

WHOLE = "all"
_SHAPE = re.compile(r"([1-9][0-9]{0,3})([ymwd])")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of the range up to its end; `shortened` says that the range is shorter than the period's name."""

    name: str
    start: datetime
    shortened: bool


def period_names(text: str) -> tuple[str, ...]:
    """Read a list of periods, such as ``1y,3y,all``.

    Raises
    ------
    ConfigError
        When one is not a period, or is given twice.
    """
    names = tuple(part.strip().lower() for part in text.split(","))
    for place, name in enumerate(names):
        if name != WHOLE and not _SHAPE.fullmatch(name):
            raise ConfigError(f"--periods {name!r}: write a number of y, m, w or d, or all, such as 1y,6m,90d,all")
        if name in names[:place]:
            raise ConfigError(f"--periods: {name} is given twice; keep one")
    return names


def periods(names: tuple[str, ...], start: datetime, end: datetime) -> tuple[Period, ...]:
    """Place the periods in a range; one that reaches back before it is shortened to it."""
    wanted = {name: start if name == WHOLE else before(end, name) for name in names}
    return tuple(Period(name, max(begin, start), begin < start) for name, begin in wanted.items())


def before(end: datetime, name: str) -> datetime:
    """Return the moment one period before another.

    Years and months are calendar ones, a day that the month lacks is its last: a month before 31 March is 28 or 29 February.
    """
    shape = _SHAPE.fullmatch(name)
    assert shape is not None  # period_names has made sure
    count, unit = int(shape[1]), shape[2]
    if unit in "wd":
        return end - timedelta(days=count * (7 if unit == "w" else 1))
    months = end.year * 12 + end.month - 1 - count * (12 if unit == "y" else 1)
    year, month = max(months, 12) // 12, months % 12 + 1  # the calendar begins with year 1: long before any bar
    return end.replace(year=year, month=month, day=min(end.day, monthrange(year, month)[1]))
