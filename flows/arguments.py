"""What an operator types, read strictly: moments, ranges, parameters. Imports nothing heavy, so a mistake is told at once."""

import json
from datetime import UTC, datetime
from typing import Any

from core.errors import ConfigError
from core.reporting.periods import period_names

YEARS = range(2000, 2101)
"""Years a market moment may lie in: beyond them it is a typing error, and the calendar's edges overflow."""


def moment(text: str, *, option: str) -> datetime:
    """Read a date or time in ISO form; without a zone it is UTC, with another one it is converted.

    Raises
    ------
    ConfigError
        When it is not a date, or not one of our century.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text!r}: not a date; write 2024-06-01 or 2024-06-01T12:00 (UTC)") from error
    if read.year not in YEARS:
        raise ConfigError(f"{option} {text!r}: the year must lie between {YEARS[0]} and {YEARS[-1]}")
    return as_utc(read)


def as_utc(read: datetime) -> datetime:
    """Return a moment in UTC; without a zone it is taken as that."""
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def moment_or_none(text: str | None, *, option: str) -> datetime | None:
    """Read a moment that may be left out."""
    return None if text is None else moment(text, option=option)


def period(start: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    """Read ``--start`` and ``--end``, each of which may be left out.

    Raises
    ------
    ConfigError
        When one is not a date, or the range ends before it starts.
    """
    first, stop = moment_or_none(start, option="--start"), moment_or_none(end, option="--end")
    if first is not None and stop is not None:
        ordered(first, stop)
    return first, stop


def ordered(start: datetime, end: datetime) -> None:
    """Refuse a range that ends before it starts."""
    if start >= end:
        raise ConfigError(
            f"start {start:%Y-%m-%d %H:%M} is not before end {end:%Y-%m-%d %H:%M} (UTC): swap them or widen the range"
        )


def compared_periods(text: str | None) -> tuple[str, ...]:
    """Read ``--periods``, such as ``1y,3y,all``; nothing to compare when it is left out."""
    return () if text is None else period_names(text)


def parameters(text: str | None) -> dict[str, Any]:
    """Read ``lookback=168,top=8`` or a JSON object.

    Raises
    ------
    ConfigError
        When it is neither, or names a parameter twice.
    """
    if text is None:
        return {}
    if text.lstrip().startswith("{"):
        return _json_object(text)
    pairs = [assignment(part, option="--params", example="lookback=168,top=8") for part in text.split(",")]
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"--params: {twice[0]} is given twice; keep one")
    return dict(pairs)


def assignment(text: str, *, option: str, example: str) -> tuple[str, Any]:
    """Read ``name=value``; the value is read as JSON where it can be, and is text where it cannot.

    Raises
    ------
    ConfigError
        When the name or the value is missing.
    """
    name, _, value = (part.strip() for part in text.partition("="))
    if not name or not value:
        raise ConfigError(f"{option} {text!r}: write name=value, such as {example}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _json_object(text: str) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(text)  # begins with a brace: an object, or no JSON
    except json.JSONDecodeError as error:
        raise ConfigError(f"--params: not valid JSON at column {error.colno}: {error.msg}") from error
    return values
