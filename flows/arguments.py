"""What an operator types, read strictly: moments, parameters, overrides."""

import json
from datetime import UTC, datetime
from typing import Any

from core.deploy.release import Release
from core.errors import ConfigError


def moment(text: str | None, *, option: str) -> datetime | None:
    """Read a date or time in ISO form; without a zone it is UTC.

    Raises
    ------
    ConfigError
        When it is not a date.
    """
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text!r}: not a date; write 2024-06-01 or 2024-06-01T12:00") from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def ordered(start: datetime | None, end: datetime | None) -> None:
    """Refuse a range that ends before it starts."""
    if start is not None and end is not None and start >= end:
        raise ConfigError(
            f"--start {start:%Y-%m-%d %H:%M} is not before --end {end:%Y-%m-%d %H:%M}: swap them or widen the range"
        )


def parameters(text: str | None) -> dict[str, Any]:
    """Read ``lookback=168,top=8`` or a JSON object.

    Raises
    ------
    ConfigError
        When it is neither.
    """
    if not text:
        return {}
    if text.lstrip().startswith("{"):
        return _json_object(text)
    pairs = [pair.partition("=") for pair in text.split(",")]
    broken = ["".join(pair) for pair in pairs if not (pair[0].strip() and pair[1])]
    if broken:
        raise ConfigError(f"--params {broken[0]!r}: write name=value, with commas between, or one JSON object")
    return {name.strip(): _value(value.strip()) for name, _, value in pairs}


def with_overrides(release: Release, overrides: list[str]) -> Release:
    """Return the release with ``scaler.target_vol=0.3`` and the like put in its place, checked as a whole."""
    values = release.model_dump(mode="json")
    for text in overrides:
        path, given, value = text.partition("=")
        if not given:
            raise ConfigError(f"--set {text!r}: write name=value, such as scaler.target_vol=0.3")
        *parents, last = path.strip().split(".")
        place = values
        for name in parents:
            place = place[name] if isinstance(place, dict) and isinstance(place.get(name), dict) else _no_such(path)
        place[last] = _value(value.strip())
    return Release.read(values, subject="release")


def _no_such(path: str) -> dict[str, Any]:
    raise ConfigError(f"--set {path}: a release has no such part; known are {', '.join(Release.model_fields)}")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"--params: not valid JSON at column {error.colno}: {error.msg}") from error
    if not isinstance(values, dict):
        raise ConfigError('--params: the JSON must be an object, such as {"lookback": 168}')
    return values
