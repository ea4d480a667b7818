"""Tallies: how the requests of every tick went; what the circuit breaker folds over."""

from datetime import datetime
from typing import Any, Protocol

from core.risk.breaker import Tally
from storage.database import Database
from storage.rows import add, fetched, row_of

_INSERT = "insert into tallies by name select * from offered on conflict do nothing returning account"
_SINCE = 'select * from tallies where account = $account and "at" >= $moment order by "at"'


class Tallies(Protocol):
    """The tallies of every account, append-only, one per moment."""

    def append(self, account: str, tally: Tally) -> bool:
        """Append a tally; answers False, and keeps the first, when the account has one at that moment."""
        ...

    def since(self, account: str, moment: datetime) -> tuple[Tally, ...]:
        """Every tally at or after the moment, oldest first."""
        ...


class DuckTallies:
    """`Tallies` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, account: str, tally: Tally) -> bool:
        """Append a tally; answers False, and keeps the first, when the account has one at that moment."""
        with self._database.write() as connection:
            return bool(add(connection, [row_of(tally, account=account)], _INSERT))

    def since(self, account: str, moment: datetime) -> tuple[Tally, ...]:
        """Every tally at or after the moment, oldest first."""
        with self._database.read() as connection:
            return fetched(connection, _tally, _SINCE, {"account": account, "moment": moment})


class MemoryTallies:
    """`Tallies` in memory."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, datetime], Tally] = {}

    def append(self, account: str, tally: Tally) -> bool:
        """Append a tally; answers False, and keeps the first, when the account has one at that moment."""
        row_of(tally)
        return self._tallies.setdefault((account, tally.at), tally) is tally

    def since(self, account: str, moment: datetime) -> tuple[Tally, ...]:
        """Every tally at or after the moment, oldest first."""
        mine = (tally for (owner, at), tally in self._tallies.items() if owner == account and at >= moment)
        return tuple(sorted(mine, key=lambda tally: tally.at))


def _tally(*, account: str, **values: Any) -> Tally:  # noqa: ARG001 - the key it is kept under
    return Tally(**values)
