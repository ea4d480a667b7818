"""The only reader of the clock; everything else is told what time it is."""

from datetime import UTC, datetime

from core.market import timeframe


def now() -> datetime:
    """Return the present moment, aware, UTC."""
    return datetime.now(UTC)


def milliseconds() -> int:
    """Return the present moment as milliseconds since 1970 UTC."""
    return timeframe.milliseconds(now())
