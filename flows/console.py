"""The terminal: one JSON object or a readable page on stdout, everything else on stderr, and honest exit codes."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tasks.progress import listening

PIPE_WIDTH = 160
"""Columns when nobody's terminal says how many there are."""

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False)


def emit(payload: Any, page: Callable[[], None], *, as_json: bool) -> None:
    """Print the result as one JSON object, or as a page."""
    if as_json:
        sys.stdout.write(json.dumps(plain(payload), default=_scalar, allow_nan=False) + "\n")
    else:
        page()


def plain(value: Any) -> Any:
    """Turn records into dictionaries, and what is not a number into null: JSON has neither."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _scalar(value: object) -> str | float:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show what runs, how far it is and the time left, on stderr; long computations report by themselves."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        lines: dict[str, Any] = {}

        def heard(what: str, done: int, total: int) -> None:
            if what not in lines or done == 0:
                lines[what] = bars.add_task(f"{title}: {what}", total=total)
            bars.update(lines[what], completed=done)

        with listening(heard):
            yield bars
