"""Armings: the clock of the gate's first key, every sequence of nightly looks that was ever begun."""

from typing import Any, Protocol

from core.deploy.sequence import Arming, in_force
from storage.database import Database
from storage.rows import add, fetched, row_of

_ALL = "select * from armings order by number"
_INSERT = "insert into armings by name select * from offered"


class Armings(Protocol):
    """The log of armings, append-only, in the order of appending."""

    def arm(self, asked: Arming) -> Arming:
        """Return the sequence that is in force for this hypothesis; when there is none, begin and keep it, in one step."""
        ...

    def all(self) -> tuple[Arming, ...]:
        """Every arming, oldest first."""
        ...


class DuckArmings:
    """`Armings` in research.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def arm(self, asked: Arming) -> Arming:
        """Return the sequence that is in force for this hypothesis; when there is none, begin and keep it, in one step."""
        with self._database.write() as connection:
            log = fetched(connection, _arming, _ALL)
            armed = in_force(log, asked)
            if armed not in log:
                add(connection, [row_of(armed, number=len(log) + 1)], _INSERT)
        return armed

    def all(self) -> tuple[Arming, ...]:
        """Every arming, oldest first."""
        with self._database.read() as connection:
            return fetched(connection, _arming, _ALL)


class MemoryArmings:
    """`Armings` in memory."""

    def __init__(self) -> None:
        self._log: list[Arming] = []

    def arm(self, asked: Arming) -> Arming:
        """Return the sequence that is in force for this hypothesis; when there is none, begin and keep it, in one step."""
        row_of(asked)
        armed = in_force(self._log, asked)
        if armed not in self._log:
            self._log.append(armed)
        return armed

    def all(self) -> tuple[Arming, ...]:
        """Every arming, oldest first."""
        return tuple(self._log)


def _arming(*, number: int, **values: Any) -> Arming:  # noqa: ARG001 - the number is the order, no more
    return Arming(**values)
