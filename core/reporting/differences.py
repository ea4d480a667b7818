"""In what several configurations differ."""

from collections.abc import Iterator, Sequence
from typing import Any


def differences(configs: Sequence[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Return every field in which nested configurations differ, by its dotted path: its value in each, None where it is absent.

    Examples
    --------
    >>> differences([{"a": {"b": 1}, "c": [2]}, {"a": {"b": 3}, "c": [2]}])
    {'a.b': (1, 3)}
    """
    leaves = [dict(_leaves(config, "")) for config in configs]
    names = dict.fromkeys(name for config in leaves for name in config)
    rows = {name: tuple(config.get(name) for config in leaves) for name in names}
    return {name: values for name, values in rows.items() if any(value != values[0] for value in values)}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Walk dictionaries and lists down to what is neither."""
    if not isinstance(value, dict | list):
        yield path, value
        return
    for name, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(part, f"{path}.{name}" if path else str(name))
