"""Instruments: the trading rules of every market, as they were at any moment.

A row is one version of the rules. Other rules make a new row; an old row is only ever seen again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from core.market.instrument import Instrument
from storage.database import Database
from storage.rows import add, fetched, row_of

_VERSIONS = "select * from listings where venue = $venue order by symbol, first_seen"
_WRITE = """
    insert into listings by name select * from offered
    on conflict (venue, symbol, first_seen) do update set last_seen = excluded.last_seen
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """One version of an instrument's rules.

    Parameters
    ----------
    first_seen, last_seen : UTC
        When these very rules were seen for the first and for the last time.
    """

    instrument: Instrument
    first_seen: datetime
    last_seen: datetime


class Instruments(Protocol):
    """The instruments of all venues, point in time.

    1. Recording the same rules again only moves `last_seen` forward; other rules start a new version.
    2. A sighting that is not younger than the newest version's last one teaches nothing and is ignored.
    """

    def record(self, instruments: Iterable[Instrument], seen_at: datetime) -> int:
        """Take in what venues show now; return the number of new versions."""
        ...

    def known(self, venue: str) -> dict[str, Listing]:
        """Newest version of every symbol."""
        ...

    def as_of(self, venue: str, moment: datetime) -> dict[str, Listing]:
        """Version of every symbol in force at that moment; a symbol not yet seen then is left out.

        A delisted symbol keeps its last version: look at `last_seen`.
        """
        ...


class DuckInstruments:
    """`Instruments` in market.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, instruments: Iterable[Instrument], seen_at: datetime) -> int:
        """Take in what venues show now; return the number of new versions."""
        seen = _sightings(instruments, seen_at)
        with self._database.write() as connection:
            stored: list[Listing] = []
            for venue in {listing.instrument.venue for listing in seen}:
                stored += fetched(connection, _listing, _VERSIONS, {"venue": venue})
            written = _learned(stored, seen)
            add(connection, map(_row, written), _WRITE)
        return _new(written, seen_at)

    def known(self, venue: str) -> dict[str, Listing]:
        """Newest version of every symbol."""
        return _by_symbol(self._versions(venue))

    def as_of(self, venue: str, moment: datetime) -> dict[str, Listing]:
        """Version of every symbol in force at that moment."""
        return _by_symbol(listing for listing in self._versions(venue) if listing.first_seen <= moment)

    def _versions(self, venue: str) -> tuple[Listing, ...]:
        with self._database.read() as connection:
            return fetched(connection, _listing, _VERSIONS, {"venue": venue})


class MemoryInstruments:
    """`Instruments` in memory."""

    def __init__(self) -> None:
        self._listings: dict[tuple[str, str, datetime], Listing] = {}

    def record(self, instruments: Iterable[Instrument], seen_at: datetime) -> int:
        """Take in what venues show now; return the number of new versions."""
        written = _learned(self._sorted(), _sightings(instruments, seen_at))
        for listing in written:
            self._listings[listing.instrument.venue, listing.instrument.symbol, listing.first_seen] = listing
        return _new(written, seen_at)

    def known(self, venue: str) -> dict[str, Listing]:
        """Newest version of every symbol."""
        return _by_symbol(listing for listing in self._sorted() if listing.instrument.venue == venue)

    def as_of(self, venue: str, moment: datetime) -> dict[str, Listing]:
        """Version of every symbol in force at that moment."""
        mine = (listing for listing in self._sorted() if listing.instrument.venue == venue)
        return _by_symbol(listing for listing in mine if listing.first_seen <= moment)

    def _sorted(self) -> list[Listing]:
        return [self._listings[key] for key in sorted(self._listings)]


def _sightings(instruments: Iterable[Instrument], seen_at: datetime) -> list[Listing]:
    seen = {(i.venue, i.symbol): Listing(i, seen_at, seen_at) for i in instruments}
    for listing in seen.values():
        _row(listing)  # refuse here what cannot be stored, in both twins
    return list(seen.values())


def _learned(stored: Iterable[Listing], seen: Iterable[Listing]) -> list[Listing]:
    newest = {(listing.instrument.venue, listing.instrument.symbol): listing for listing in stored}
    learned = []
    for sighting in seen:
        old = newest.get((sighting.instrument.venue, sighting.instrument.symbol))
        if old is None:
            learned.append(sighting)
        elif sighting.first_seen > old.last_seen:
            same = sighting.instrument == old.instrument
            learned.append(replace(old, last_seen=sighting.last_seen) if same else sighting)
    return learned


def _new(written: Iterable[Listing], seen_at: datetime) -> int:
    return sum(listing.first_seen == seen_at for listing in written)


def _by_symbol(versions: Iterable[Listing]) -> dict[str, Listing]:
    return {listing.instrument.symbol: listing for listing in versions}


def _row(listing: Listing) -> dict[str, Any]:
    return row_of(listing.instrument, first_seen=listing.first_seen, last_seen=listing.last_seen)


def _listing(*, first_seen: datetime, last_seen: datetime, **rules: Any) -> Listing:
    return Listing(Instrument(**rules), first_seen, last_seen)
