"""Fills: every execution at a venue, keyed (venue, symbol, exec id); booking one twice is harmless."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from core.execution.orders import Fill
from storage.database import Database
from storage.rows import add, by_key, fetched, row_of

_INSERT = "insert into fills by name select * from offered on conflict do nothing returning venue, symbol, exec_id"
_ALL = 'select * from fills order by "at", venue, symbol, exec_id'
_SINCE = 'select * from fills where "at" >= $moment order by "at", venue, symbol, exec_id'


class Fills(Protocol):
    """The book of executions, append-only; amounts come back to the last digit."""

    def book(self, fills: Iterable[Fill]) -> tuple[Fill, ...]:
        """Append fills, all or none; return those that were not there before, in the order given."""
        ...

    def all(self) -> tuple[Fill, ...]:
        """Every fill, oldest first; at the same moment by venue, symbol and exec id."""
        ...

    def since(self, moment: datetime) -> tuple[Fill, ...]:
        """Every fill at or after the moment, oldest first."""
        ...


class DuckFills:
    """`Fills` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def book(self, fills: Iterable[Fill]) -> tuple[Fill, ...]:
        """Append fills, all or none; return those that were not there before."""
        offered = by_key(fills, _key)
        rows = [row_of(fill) for fill in offered.values()]
        with self._database.write() as connection:
            new = set(add(connection, rows, _INSERT))
        return tuple(fill for key, fill in offered.items() if key in new)

    def all(self) -> tuple[Fill, ...]:
        """Every fill, oldest first."""
        return self._fetched(_ALL, {})

    def since(self, moment: datetime) -> tuple[Fill, ...]:
        """Every fill at or after the moment, oldest first."""
        return self._fetched(_SINCE, {"moment": moment})

    def _fetched(self, sql: str, values: dict[str, Any]) -> tuple[Fill, ...]:
        with self._database.read() as connection:
            return fetched(connection, Fill, sql, values)


class MemoryFills:
    """`Fills` in memory."""

    def __init__(self) -> None:
        self._fills: dict[tuple[str, str, str], Fill] = {}

    def book(self, fills: Iterable[Fill]) -> tuple[Fill, ...]:
        """Append fills, all or none; return those that were not there before."""
        offered = by_key(fills, _key)
        for fill in offered.values():
            row_of(fill)
        new = {key: fill for key, fill in offered.items() if key not in self._fills}
        self._fills |= new
        return tuple(new.values())

    def all(self) -> tuple[Fill, ...]:
        """Every fill, oldest first."""
        return tuple(sorted(self._fills.values(), key=lambda f: (f.at, f.venue, f.symbol, f.exec_id)))

    def since(self, moment: datetime) -> tuple[Fill, ...]:
        """Every fill at or after the moment, oldest first."""
        return tuple(fill for fill in self.all() if fill.at >= moment)


def _key(fill: Fill) -> tuple[str, str, str]:
    return fill.venue, fill.symbol, fill.exec_id
