"""Records into rows and back, without losing a digit or a time zone.

1. A `Decimal` comes back equal: what DECIMAL(38, 18) cannot hold is refused, never rounded.
2. A moment must know its time zone; it comes back in UTC.
3. Bulk goes in as one Arrow table, never row by row.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, TypeVar

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.errors import ConfigError, LedgerError

R = TypeVar("R")
K = TypeVar("K")

_GRAIN = Decimal("1e-18")
_EXACT = Context(prec=38, traps=[Inexact, InvalidOperation])


def row_of(record: Any, **more: Any) -> dict[str, Any]:
    """Return the fields of a record, with `more` on top, as DuckDB takes them.

    Raises
    ------
    LedgerError
        When a Decimal is not finite, or needs more than 20 digits before or 18 after the point.
    ConfigError
        When a moment has no time zone.
    """
    values = {field.name: getattr(record, field.name) for field in fields(record)} | more
    return {name: _storable(value, f"{type(record).__name__}.{name}") for name, value in values.items()}


def add(connection: DuckDBPyConnection, rows: Iterable[dict[str, Any]], sql: str) -> list[tuple[Any, ...]]:
    """Run an insert that reads the rows as ``offered``; return what it returns, nothing when there are no rows."""
    offered = list(rows)
    if not offered:
        return []
    connection.register("offered", pa.Table.from_pylist(offered))
    return connection.execute(sql).fetchall()


def fetched(
    connection: DuckDBPyConnection, build: Callable[..., R], sql: str, values: dict[str, Any] | None = None
) -> tuple[R, ...]:
    """Every row of the answer as a record: columns are passed to `build` by name."""
    answer = connection.execute(sql, values or {})
    names = [column[0] for column in answer.description]
    return tuple(build(**dict(zip(names, map(_plain, row), strict=True))) for row in answer.fetchall())


def by_key(records: Iterable[R], key: Callable[[R], K]) -> dict[K, R]:
    """Return the first record of every key, in the order given."""
    keyed: dict[K, R] = {}
    for record in records:
        keyed.setdefault(key(record), record)
    return keyed


def first(records: Sequence[R]) -> R | None:
    """Return the first of the records, or None when there is none."""
    return records[0] if records else None


def _storable(value: Any, subject: str) -> Any:
    if isinstance(value, Decimal):
        return _exact(value, subject)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ConfigError(f"{subject}: {value} has no time zone; give an aware UTC datetime")
    return value


def _exact(value: Decimal, subject: str) -> Decimal:
    try:
        exact = _EXACT.quantize(value, _GRAIN)
    except (Inexact, InvalidOperation) as error:
        raise LedgerError(f"{subject}: {value} does not fit 20 digits before and 18 after the point") from error
    if not exact.is_finite():
        raise LedgerError(f"{subject}: {value} is not an amount; give a finite number")
    return exact


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, Decimal):
        return _EXACT.quantize(value, Decimal(1)) if value == value.to_integral_value() else _EXACT.normalize(value)
    return value
