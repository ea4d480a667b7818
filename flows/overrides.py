"""Parts of a release put in place of others: ``--set scaler.target_vol=0.3``, checked as a whole."""

from difflib import get_close_matches
from typing import Any

from core.deploy.release import Release
from core.errors import ConfigError
from flows.arguments import assignment

EXAMPLE = "scaler.target_vol=0.3"


def with_overrides(release: Release, overrides: list[str]) -> Release:
    """Return the release with each ``part.name=value`` put in its place.

    Raises
    ------
    ConfigError
        When a release has no such part, or the value does not fit: in its type, its bounds, or with the others.
    """
    values = release.model_dump(mode="json")
    for text in overrides:
        path, value = assignment(text, option="--set", example=EXAMPLE)
        *parents, last = path.split(".")
        place = values
        for name in parents:
            place = _part(place, name, path)
        place[last] = value
    return Release.read(values, subject="--set")


def _part(place: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    parts = [key for key, value in place.items() if isinstance(value, dict)]
    if name not in parts:
        near = get_close_matches(name, parts, n=1)
        hint = f"did you mean {near[0]}?" if near else f"parts are {', '.join(parts) or 'none in there'}"
        raise ConfigError(f"--set {path}: no part {name!r}; {hint}")
    part: dict[str, Any] = place[name]
    return part
