"""Fills: every execution at a venue, keyed (venue, symbol, exec id); booking one twice is harmless."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from core.execution.orders import Fill
from core.ledger.totals import Totals, add_fills
from storage.database import Database
from storage.rows import add, by_key, fetched, row_of

_INSERT = "insert into fills by name select * from offered on conflict do nothing returning venue, symbol, exec_id"
_ALL = 'select * from fills order by "at", venue, symbol, exec_id'
_SINCE = 'select * from fills where "at" >= $moment order by "at", venue, symbol, exec_id'
_SIGNED = "case when side = 'buy' then quantity else -quantity end"
_TOTALS = f"""
    select symbol,
           sum(case when kind in ('funding', 'transfer') then 0 else {_SIGNED} end) as quantity,
           sum(case when kind = 'transfer' then {_SIGNED} else 0 end) as transferred,
           sum(case when kind = 'transfer' then {_SIGNED}::double
                    when kind = 'funding' then -fee::double
                    else -({_SIGNED})::double * price::double - fee::double end) as cash,
           max("at") as newest,
           max("at") filter (kind not in ('funding', 'transfer')) as traded_at
    from fills where venue = $venue group by symbol order by symbol
"""  # noqa: S608 - constants
_FILLED = """
    select link, sum(quantity) as quantity from fills
    where venue = $venue and kind != 'funding' and link in (select unnest($links)) group by link
"""


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

    def totals(self, venue: str) -> Totals:
        """Add up all fills of a venue, without reading them one by one."""
        ...

    def filled(self, venue: str, links: Iterable[str]) -> dict[str, Decimal]:
        """Return what was filled of these orders, base coin; an order without a fill is left out."""
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

    def totals(self, venue: str) -> Totals:
        """Add up all fills of a venue."""
        with self._database.read() as connection:
            return _summed(fetched(connection, _as_they_are, _TOTALS, {"venue": venue}))

    def filled(self, venue: str, links: Iterable[str]) -> dict[str, Decimal]:
        """Return what was filled of these orders."""
        with self._database.read() as connection:
            return dict(fetched(connection, _filled, _FILLED, {"venue": venue, "links": list(links)}))

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

    def totals(self, venue: str) -> Totals:
        """Add up all fills of a venue."""
        return add_fills(Totals(), (fill for fill in self.all() if fill.venue == venue))

    def filled(self, venue: str, links: Iterable[str]) -> dict[str, Decimal]:
        """Return what was filled of these orders."""
        wanted, found = set(links), defaultdict[str, Decimal](Decimal)
        for fill in self._fills.values():
            if fill.venue == venue and fill.kind != "funding" and fill.link in wanted:
                found[fill.link] += fill.quantity
        return dict(found)


def _key(fill: Fill) -> tuple[str, str, str]:
    return fill.venue, fill.symbol, fill.exec_id


def _summed(rows: Iterable[dict[str, Any]]) -> Totals:
    listed = list(rows)
    return Totals(
        quantities={row["symbol"]: row["quantity"] for row in listed if row["quantity"]},
        cash=sum(row["cash"] for row in listed),
        transferred=sum((row["transferred"] for row in listed), Decimal(0)),
        newest=max((row["newest"] for row in listed), default=None),
        traded_at=max((row["traded_at"] for row in listed if row["traded_at"]), default=None),
    )


def _filled(*, link: str, quantity: Decimal) -> tuple[str, Decimal]:
    return link, quantity


def _as_they_are(**columns: Any) -> dict[str, Any]:
    return columns
