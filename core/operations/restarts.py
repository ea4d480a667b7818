"""Restarts: how long to wait before a process that died is started again, and when to give it up."""

from datetime import datetime, timedelta

SPAN = timedelta(minutes=10)
"""Deaths longer ago than this are forgotten."""

MOST = 6
"""Deaths within the span that are one too many."""

FIRST, LONGEST = timedelta(seconds=1), timedelta(seconds=30)


def recent_deaths(deaths: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    """Return the deaths that still count."""
    return tuple(at for at in deaths if now - at < SPAN)


def pause_before_restart(deaths: tuple[datetime, ...], now: datetime) -> timedelta | None:
    """Return how long to wait after the last of these deaths: 1, 2, 4 ... 30 s; None when it has died too often.

    Examples
    --------
    >>> noon = datetime(2024, 1, 1, 12)
    >>> [pause_before_restart((noon,) * n, noon).seconds for n in (1, 2, 3)]
    [1, 2, 4]
    >>> pause_before_restart((noon,) * 6, noon) is None
    True
    """
    count = len(recent_deaths(deaths, now))
    if count >= MOST:
        return None
    return min(FIRST * 2 ** max(count - 1, 0), LONGEST)
