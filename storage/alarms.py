"""Alarms: when a risk rule began to fire and when it stopped, one row per change."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from core.risk.alarms import Alarm
from core.risk.verdict import Verdict
from storage.database import Database
from storage.rows import add, by_key, fetched, row_of

_INSERT = "insert into alarms by name select * from offered on conflict do nothing returning rule"
_ALL = 'select * from alarms where account = $account order by "at", rule'
_RAISED = """
    select rule from alarms where account = $account group by rule having arg_max(raised, "at") order by rule
"""


class Alarms(Protocol):
    """The alarms of every account, append-only."""

    def append(self, alarms: Iterable[Alarm]) -> int:
        """Append alarms, all or none; the first of a rule at a moment stands. Return the number added."""
        ...

    def all(self, account: str) -> tuple[Alarm, ...]:
        """Every alarm, oldest first."""
        ...

    def raised(self, account: str) -> frozenset[str]:
        """Return the rules whose last alarm was raised and not cleared."""
        ...


class DuckAlarms:
    """`Alarms` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, alarms: Iterable[Alarm]) -> int:
        """Append alarms, all or none; return the number added."""
        rows = [_row(alarm) for alarm in by_key(alarms, _key).values()]
        if not rows:
            return 0
        with self._database.write() as connection:
            return len(add(connection, rows, _INSERT))

    def all(self, account: str) -> tuple[Alarm, ...]:
        """Every alarm, oldest first."""
        with self._database.read() as connection:
            return fetched(connection, _alarm, _ALL, {"account": account})

    def raised(self, account: str) -> frozenset[str]:
        """Return the rules whose last alarm was raised and not cleared."""
        with self._database.read() as connection:
            return frozenset(fetched(connection, _rule, _RAISED, {"account": account}))


class MemoryAlarms:
    """`Alarms` in memory."""

    def __init__(self) -> None:
        self._alarms: dict[tuple[str, str, datetime], Alarm] = {}

    def append(self, alarms: Iterable[Alarm]) -> int:
        """Append alarms, all or none; return the number added."""
        offered = by_key(alarms, _key)
        for alarm in offered.values():
            _row(alarm)
        new = {key: alarm for key, alarm in offered.items() if key not in self._alarms}
        self._alarms |= new
        return len(new)

    def all(self, account: str) -> tuple[Alarm, ...]:
        """Every alarm, oldest first."""
        mine = (alarm for alarm in self._alarms.values() if alarm.account == account)
        return tuple(sorted(mine, key=lambda alarm: (alarm.at, alarm.rule)))

    def raised(self, account: str) -> frozenset[str]:
        """Return the rules whose last alarm was raised and not cleared."""
        return frozenset(rule for rule, alarm in {a.rule: a for a in self.all(account)}.items() if alarm.raised)


def _key(alarm: Alarm) -> tuple[str, str, datetime]:
    return alarm.account, alarm.rule, alarm.at


def _row(alarm: Alarm) -> dict[str, Any]:
    return row_of(alarm, verdict=alarm.verdict.name)


def _alarm(*, verdict: str, **values: Any) -> Alarm:
    return Alarm(verdict=Verdict[verdict], **values)


def _rule(*, rule: str) -> str:
    return rule
