"""The outbox: notices, and which of them each destination still has to be told.

1. A notice is stored once, however often it is added: its id is what happened.
2. A destination waits for every notice from its opening on, and for those of a short time before; each waits until it is
   settled: told, or given up with the reason.
3. No address of a destination is ever stored, only its name.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Protocol

from core.notify.delivery import Delivery, Line, Standing
from core.notify.notice import Notice, Severity
from storage.database import Database
from storage.rows import add, by_key, fetched, row_of

_NUMBERS = "select nextval('notice_numbers') from range($count)"
_INSERT = "insert into notices by name select * from offered on conflict do nothing returning id"
_WAITING_HERE = """
    n.number >= d.from_number and n.severity >= d.least
    and not exists (select 1 from deliveries v where v.destination = d.destination and v.notice = n.id)
"""
_WAITING = f"""
    select n.* exclude (number) from notices n, destinations d where d.destination = $destination and {_WAITING_HERE}
    order by n.severity = {int(Severity.CRITICAL)} desc, n.number limit $limit
"""  # noqa: S608 - constants
_NEWEST = "select * exclude (number) from notices order by number desc limit $limit"
_OPEN = """
    insert into destinations (destination, from_number, least) select $destination, coalesce(
        (select min(number) from notices where "at" >= $since), (select coalesce(max(number), 0) + 1 from notices)
    ), $least on conflict do nothing
"""
_FORGET = "delete from destinations where destination = $destination"
_LINE = "select * exclude (destination, from_number, least) from destinations where destination = $destination"
_KEEP = """
    update destinations set failures = $failures, next_try = $next_try, trouble = $trouble, gone = $gone, is_plain = $is_plain
    where destination = $destination
"""
_SETTLE = "insert into deliveries by name select * from offered on conflict do nothing returning notice"
_TOLD = "select * from deliveries where notice = $notice order by destination"
_STANDINGS = f"""
    select d.* exclude (from_number, least),
        (select count(*) from notices n where {_WAITING_HERE}) waiting,
        (select min("at") from notices n where {_WAITING_HERE}) oldest,
        (select count(*) from deliveries v where v.destination = d.destination and v.given_up = '') sent,
        (select count(*) from deliveries v where v.destination = d.destination and v.given_up <> '') given_up_count
    from destinations d order by destination
"""  # noqa: S608 - constants
_PRUNE = f"""
    delete from notices n where "at" < $before and not exists (
        select 1 from destinations d where d.destination in (select unnest($wanted)) and d.gone = '' and {_WAITING_HERE}
    ) returning id
"""  # noqa: S608 - constants
_PRUNE_DELIVERIES = "delete from deliveries where notice not in (select id from notices)"


class Outbox(Protocol):
    """Notices, destinations and deliveries."""

    def add(self, notices: Iterable[Notice]) -> int:
        """Store notices, all or none; the first of an id stands. Return the number added."""
        ...

    def newest(self, limit: int) -> tuple[Notice, ...]:
        """Return the notices added last, newest first."""
        ...

    def open(self, destination: str, *, since: datetime, least: Severity) -> None:
        """Let a destination wait for notices from now on, and for those that happened at `since` or later.

        One that is open stays as it is. `least` is the least severity it is told.
        """
        ...

    def forget(self, destination: str) -> None:
        """Let a destination wait for nothing; opened again, it begins anew, but is not told again what it has been told."""
        ...

    def waiting(self, destination: str, limit: int) -> tuple[Notice, ...]:
        """Return what a destination still has to be told: critical notices first, then in the order they were added."""
        ...

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Remember what was told or given up; the first of a notice and a destination stands."""
        ...

    def told(self, notice: str) -> tuple[Delivery, ...]:
        """Return what became of a notice where it is settled, by destination."""
        ...

    def line(self, destination: str) -> Line:
        """Return how a destination stands; a blank line when it is not open."""
        ...

    def keep(self, destination: str, line: Line) -> None:
        """Remember how an open destination stands."""
        ...

    def standings(self) -> tuple[Standing, ...]:
        """Return how far every destination is, by name."""
        ...

    def prune(self, before: datetime, wanted: Sequence[str]) -> int:
        """Drop notices that happened before, unless one of the `wanted` destinations waits for them; return how many."""
        ...


class DuckOutbox:
    """`Outbox` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, notices: Iterable[Notice]) -> int:
        """Store notices, all or none; return the number added."""
        rows = list(map(row, by_key(map(cleaned, notices), notice_id).values()))
        if not rows:
            return 0
        with self._database.write() as connection:
            # A bulk insert does not say in which order it would draw its numbers.
            numbers = sorted(number for (number,) in connection.execute(_NUMBERS, {"count": len(rows)}).fetchall())
            numbered = [{"number": number, **values} for number, values in zip(numbers, rows, strict=True)]
            return len(add(connection, numbered, _INSERT))

    def newest(self, limit: int) -> tuple[Notice, ...]:
        """Return the notices added last, newest first."""
        with self._database.read() as connection:
            return fetched(connection, _notice, _NEWEST, {"limit": limit})

    def open(self, destination: str, *, since: datetime, least: Severity) -> None:
        """Let a destination wait for notices from now on, and for those that happened at `since` or later."""
        with self._database.write() as connection:
            connection.execute(_OPEN, {"destination": destination, "since": since, "least": int(least)})

    def forget(self, destination: str) -> None:
        """Let a destination wait for nothing."""
        with self._database.write() as connection:
            connection.execute(_FORGET, {"destination": destination})

    def waiting(self, destination: str, limit: int) -> tuple[Notice, ...]:
        """Return what a destination still has to be told."""
        with self._database.read() as connection:
            return fetched(connection, _notice, _WAITING, {"destination": destination, "limit": limit})

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Remember what was told or given up."""
        rows = [row_of(delivery) for delivery in by_key(deliveries, delivery_key).values()]
        if rows:
            with self._database.write() as connection:
                add(connection, rows, _SETTLE)

    def told(self, notice: str) -> tuple[Delivery, ...]:
        """Return what became of a notice where it is settled, by destination."""
        with self._database.read() as connection:
            return fetched(connection, Delivery, _TOLD, {"notice": notice})

    def line(self, destination: str) -> Line:
        """Return how a destination stands."""
        with self._database.read() as connection:
            return next(iter(fetched(connection, Line, _LINE, {"destination": destination})), Line())

    def keep(self, destination: str, line: Line) -> None:
        """Remember how an open destination stands."""
        with self._database.write() as connection:
            connection.execute(_KEEP, row_of(line, destination=destination))

    def standings(self) -> tuple[Standing, ...]:
        """Return how far every destination is, by name."""
        with self._database.read() as connection:
            return fetched(connection, _standing, _STANDINGS)

    def prune(self, before: datetime, wanted: Sequence[str]) -> int:
        """Drop notices that happened before; return how many."""
        with self._database.write() as connection:
            dropped = connection.execute(_PRUNE, {"before": before, "wanted": list(wanted)}).fetchall()
            if dropped:
                connection.execute(_PRUNE_DELIVERIES)
            return len(dropped)


def notice_id(notice: Notice) -> str:
    """Return the key of a notice."""
    return notice.id


def delivery_key(delivery: Delivery) -> tuple[str, str]:
    """Return the key of a delivery."""
    return delivery.destination, delivery.notice


def cleaned(notice: Notice) -> Notice:
    """Replace what no file can hold: half of a surrogate pair, as some exceptions' texts have."""
    texts = {field.name: getattr(notice, field.name) for field in fields(notice) if field.type is str}
    return replace(notice, **{name: text.encode("utf-8", "replace").decode() for name, text in texts.items()})


def row(notice: Notice) -> dict[str, Any]:
    """Return a notice as DuckDB takes it, or raise ConfigError when its moment has no time zone."""
    return row_of(notice, severity=int(notice.severity), fields=json.dumps(notice.fields))


def _notice(*, severity: int, fields: str, **values: Any) -> Notice:
    pairs = tuple((name, value) for name, value in json.loads(fields))
    return Notice(severity=Severity(severity), fields=pairs, **values)


def _standing(
    *, destination: str, waiting: int, oldest: datetime | None, sent: int, given_up_count: int, **line: Any
) -> Standing:
    return Standing(destination, waiting, oldest, sent, given_up_count, Line(**line))
