"""Equity: what an account was worth, moment by moment."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from storage.database import Database
from storage.rows import add, fetched, first, row_of

_INSERT = "insert into equity by name select * from offered on conflict do nothing returning account"
_ALL = 'select * from equity where account = $account order by "at"'
_THINNED = """
    select * from equity where account = $account
    qualify "at" >= $moment or row_number() over (partition by date_trunc('hour', "at") order by "at") = 1
    order by "at"
"""
_LAST = 'select * from equity where account = $account order by "at" desc limit 1'
_SINCE = 'select * from equity where account = $account and "at" >= $moment order by "at" limit 1'
_PEAK = 'select max(equity - transferred) as peak from equity where account = $account and "at" >= $moment'


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An account at one moment.

    Parameters
    ----------
    at : UTC
    equity, wallet : quote currency; equity = wallet + unrealised profit
    gross : fraction of equity, sum of absolute positions
    verdict, reason : what the risk rules said then
    transferred : quote currency moved into the account until then, less what was moved out
    base : quote currency, the part of the wallet that was there before our books began; None before two looks agreed on it
    seen_base : the same as the last look saw it at which nothing was under way; what it differs by is unexplained
    """

    at: datetime
    account: str
    equity: Decimal
    wallet: Decimal
    gross: float
    verdict: str
    reason: str
    transferred: Decimal = Decimal(0)
    base: Decimal | None = None
    seen_base: Decimal | None = None


class Equity(Protocol):
    """The equity curve of every account, append-only, one snapshot per moment."""

    def append(self, snapshot: Snapshot) -> bool:
        """Append a snapshot; answers False, and keeps the first, when the account has one at that moment."""
        ...

    def all(self, account: str) -> tuple[Snapshot, ...]:
        """Every snapshot, oldest first."""
        ...

    def thinned(self, account: str, whole_since: datetime) -> tuple[Snapshot, ...]:
        """Return the first snapshot of every hour before the moment, and every one from it: a year of minutes is too long."""
        ...

    def last(self, account: str) -> Snapshot | None:
        """Return the newest snapshot, or None before the first."""
        ...

    def first_since(self, account: str, moment: datetime) -> Snapshot | None:
        """Return the oldest snapshot at or after the moment, or None."""
        ...

    def peak(self, account: str, since: datetime) -> Decimal | None:
        """Return the highest equity less what was transferred, at or after the moment, or None without a snapshot."""
        ...


class DuckEquity:
    """`Equity` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, snapshot: Snapshot) -> bool:
        """Append a snapshot; answers False, and keeps the first, when the account has one at that moment."""
        with self._database.write() as connection:
            return bool(add(connection, [row_of(snapshot)], _INSERT))

    def all(self, account: str) -> tuple[Snapshot, ...]:
        """Every snapshot, oldest first."""
        return self._fetched(_ALL, {"account": account})

    def thinned(self, account: str, whole_since: datetime) -> tuple[Snapshot, ...]:
        """Return the first snapshot of every hour before the moment, and every one from it on."""
        return self._fetched(_THINNED, {"account": account, "moment": whole_since})

    def last(self, account: str) -> Snapshot | None:
        """Return the newest snapshot, or None before the first."""
        return first(self._fetched(_LAST, {"account": account}))

    def first_since(self, account: str, moment: datetime) -> Snapshot | None:
        """Return the oldest snapshot at or after the moment, or None."""
        return first(self._fetched(_SINCE, {"account": account, "moment": moment}))

    def peak(self, account: str, since: datetime) -> Decimal | None:
        """Return the highest equity less what was transferred, at or after the moment, or None without a snapshot."""
        with self._database.read() as connection:
            return fetched(connection, _peak, _PEAK, {"account": account, "moment": since})[0]

    def _fetched(self, sql: str, values: dict[str, Any]) -> tuple[Snapshot, ...]:
        with self._database.read() as connection:
            return fetched(connection, Snapshot, sql, values)


class MemoryEquity:
    """`Equity` in memory."""

    def __init__(self) -> None:
        self._snapshots: dict[tuple[str, datetime], Snapshot] = {}

    def append(self, snapshot: Snapshot) -> bool:
        """Append a snapshot; answers False, and keeps the first, when the account has one at that moment."""
        row_of(snapshot)
        return self._snapshots.setdefault((snapshot.account, snapshot.at), snapshot) is snapshot

    def all(self, account: str) -> tuple[Snapshot, ...]:
        """Every snapshot, oldest first."""
        mine = (snapshot for snapshot in self._snapshots.values() if snapshot.account == account)
        return tuple(sorted(mine, key=lambda snapshot: snapshot.at))

    def thinned(self, account: str, whole_since: datetime) -> tuple[Snapshot, ...]:
        """Return the first snapshot of every hour before the moment, and every one from it on."""
        first_of = {s.at.replace(minute=0, second=0, microsecond=0): s for s in reversed(self.all(account))}
        return tuple(s for s in self.all(account) if s.at >= whole_since or s in first_of.values())

    def last(self, account: str) -> Snapshot | None:
        """Return the newest snapshot, or None before the first."""
        return first(self.all(account)[::-1])

    def first_since(self, account: str, moment: datetime) -> Snapshot | None:
        """Return the oldest snapshot at or after the moment, or None."""
        return first([snapshot for snapshot in self.all(account) if snapshot.at >= moment])

    def peak(self, account: str, since: datetime) -> Decimal | None:
        """Return the highest equity less what was transferred, at or after the moment, or None without a snapshot."""
        return max((s.equity - s.transferred for s in self.all(account) if s.at >= since), default=None)


def _peak(*, peak: Decimal | None) -> Decimal | None:
    return peak
