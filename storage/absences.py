"""Absences: what a venue was asked for and did not have, so that nobody asks again for ever."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from core.errors import DataError
from core.market.spans import union
from core.market.timeframe import milliseconds
from core.types import Ints
from storage.database import Database
from storage.rows import add, fetched, row_of

FUNDING = "funding"
"""The timeframe of settlements: their absence says that all there were in the span are stored."""

_WRITE = """
    insert into absences by name select * from offered
    on conflict (venue, symbol, timeframe, starts) do update set ends = excluded.ends, asked_at = excluded.asked_at
    where excluded.asked_at >= asked_at
"""
_KNOWN = """
    select * from absences
    where venue = $venue and timeframe = $timeframe and asked_at >= $since order by symbol, starts
"""
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Absence:
    """Bars that open in ``[starts, ends)``, which a venue said at that moment it does not have."""

    venue: str
    symbol: str
    timeframe: str
    starts: datetime
    ends: datetime
    asked_at: datetime


class Absences(Protocol):
    """What venues do not have.

    1. An absence is keyed by (venue, symbol, timeframe, start); asked again, the later answer stands.
    2. It says what the venue answered, not what is stored: bars may come from elsewhere.
    3. An absence that ends before it starts is refused with DataError, and nothing is written.
    """

    def record(self, absences: Iterable[Absence]) -> None:
        """Take in what a venue did not have, all or none."""
        ...

    def known(self, venue: str, timeframe: str, since: datetime = _EVER) -> dict[str, Ints]:
        """Return the spans (ms) that the venue was asked for at or after the moment and did not have, per symbol."""
        ...


class DuckAbsences:
    """`Absences` in market.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, absences: Iterable[Absence]) -> None:
        """Take in what a venue did not have, all or none."""
        rows = [row_of(absence) for absence in _newest(absences)]
        with self._database.write() as connection:
            add(connection, rows, _WRITE)

    def known(self, venue: str, timeframe: str, since: datetime = _EVER) -> dict[str, Ints]:
        """Return the spans that the venue was asked for at or after the moment and did not have, per symbol."""
        values = {"venue": venue, "timeframe": timeframe, "since": since}
        with self._database.read() as connection:
            return _spans(fetched(connection, Absence, _KNOWN, values))


class MemoryAbsences:
    """`Absences` in memory."""

    def __init__(self) -> None:
        self._absences: dict[tuple[str, str, str, datetime], Absence] = {}

    def record(self, absences: Iterable[Absence]) -> None:
        """Take in what a venue did not have, all or none."""
        newest = _newest(absences)
        for absence in newest:
            row_of(absence)
        self._absences = {_key(absence): absence for absence in _newest([*self._absences.values(), *newest])}

    def known(self, venue: str, timeframe: str, since: datetime = _EVER) -> dict[str, Ints]:
        """Return the spans that the venue was asked for at or after the moment and did not have, per symbol."""
        mine = (a for a in self._absences.values() if (a.venue, a.timeframe) == (venue, timeframe) and a.asked_at >= since)
        return _spans(sorted(mine, key=lambda absence: (absence.symbol, absence.starts)))


def _newest(absences: Iterable[Absence]) -> list[Absence]:
    found: dict[Any, Absence] = {}
    for absence in absences:
        if absence.ends <= absence.starts:
            raise DataError(f"absence: {absence.symbol} from {absence.starts} ends at {absence.ends}; expected a later end")
        if _key(absence) not in found or absence.asked_at >= found[_key(absence)].asked_at:
            found[_key(absence)] = absence
    return list(found.values())


def _key(absence: Absence) -> tuple[str, str, str, datetime]:
    return absence.venue, absence.symbol, absence.timeframe, absence.starts


def _spans(absences: Iterable[Absence]) -> dict[str, Ints]:
    found: dict[str, list[tuple[int, int]]] = {}
    for absence in absences:
        found.setdefault(absence.symbol, []).append((milliseconds(absence.starts), milliseconds(absence.ends)))
    return {symbol: union(np.array(pairs)) for symbol, pairs in found.items()}
