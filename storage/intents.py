"""Intents: the journal of orders, durable before the first byte leaves for the venue."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from core.errors import LedgerError
from core.execution.intents import OPEN_STATES, Intent, IntentState
from storage.database import Database
from storage.rows import add, by_key, fetched, row_of

_INSERT = "insert into intents by name select * from offered on conflict do nothing returning link"
_UPDATE = """
    update intents set epoch = o.epoch, state = o.state, order_id = o.order_id, reason = o.reason,
                       sent_at = o.sent_at, changed_at = o.changed_at
    from offered o where intents.link = o.link
"""
_OPEN = "select * from intents where state in (select unnest($states)) order by decision_time, link"
_OF_DECISION = """
    select * from intents where account = $account and decision_time = $decision_time order by decision_time, link
"""
_NEWEST = "select * from intents order by decision_time desc, link desc limit $limit"


class Intents(Protocol):
    """The order journal, one row per link.

    When a call returns, what it wrote survives a kill of the process.
    """

    def add(self, intents: Iterable[Intent]) -> int:
        """Append intents, all or none; one whose link is there is left untouched. Return the number added."""
        ...

    def update(self, *intents: Intent) -> None:
        """Replace epoch, state, order id, reason and times of stored intents, all or none; what was decided never changes.

        Raises
        ------
        LedgerError
            When a link was never added.
        """
        ...

    def open(self) -> tuple[Intent, ...]:
        """Every intent that is not final, by decision time and link."""
        ...

    def of_decision(self, account: str, decision_time: datetime) -> tuple[Intent, ...]:
        """All intents of one decision, by link."""
        ...

    def all(self, limit: int) -> tuple[Intent, ...]:
        """Return the newest intents, newest first."""
        ...


class DuckIntents:
    """`Intents` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, intents: Iterable[Intent]) -> int:
        """Append intents, all or none; return the number added."""
        rows = [row_of(intent) for intent in by_key(intents, _link).values()]
        with self._database.write() as connection:
            return len(add(connection, rows, _INSERT))

    def update(self, *intents: Intent) -> None:
        """Replace epoch, state, order id, reason and times of stored intents, all or none."""
        if not intents:
            return
        with self._database.write() as connection:
            ((changed,),) = add(connection, [row_of(intent) for intent in intents], _UPDATE)
            if changed != len(intents):
                raise LedgerError(_unknown(intents))

    def open(self) -> tuple[Intent, ...]:
        """Every intent that is not final, by decision time and link."""
        return self._fetched(_OPEN, {"states": [str(state) for state in OPEN_STATES]})

    def of_decision(self, account: str, decision_time: datetime) -> tuple[Intent, ...]:
        """All intents of one decision, by link."""
        return self._fetched(_OF_DECISION, {"account": account, "decision_time": decision_time})

    def all(self, limit: int) -> tuple[Intent, ...]:
        """Return the newest intents, newest first."""
        return self._fetched(_NEWEST, {"limit": limit})

    def _fetched(self, sql: str, values: dict[str, Any]) -> tuple[Intent, ...]:
        with self._database.read() as connection:
            return fetched(connection, _intent, sql, values)


class MemoryIntents:
    """`Intents` in memory."""

    def __init__(self) -> None:
        self._intents: dict[str, Intent] = {}

    def add(self, intents: Iterable[Intent]) -> int:
        """Append intents, all or none; return the number added."""
        offered = by_key(intents, _link)
        for intent in offered.values():
            row_of(intent)
        new = {link: intent for link, intent in offered.items() if link not in self._intents}
        self._intents |= new
        return len(new)

    def update(self, *intents: Intent) -> None:
        """Replace epoch, state, order id, reason and times of stored intents, all or none."""
        for intent in intents:
            row_of(intent)
        if any(intent.link not in self._intents for intent in intents):
            raise LedgerError(_unknown(intents))
        self._intents |= {intent.link: _changed(self._intents[intent.link], intent) for intent in intents}

    def open(self) -> tuple[Intent, ...]:
        """Every intent that is not final, by decision time and link."""
        return tuple(intent for intent in self._sorted() if intent.state in OPEN_STATES)

    def of_decision(self, account: str, decision_time: datetime) -> tuple[Intent, ...]:
        """All intents of one decision, by link."""
        return tuple(i for i in self._sorted() if (i.account, i.decision_time) == (account, decision_time))

    def all(self, limit: int) -> tuple[Intent, ...]:
        """Return the newest intents, newest first."""
        return tuple(reversed(self._sorted()))[:limit]

    def _sorted(self) -> list[Intent]:
        return sorted(self._intents.values(), key=lambda intent: (intent.decision_time, intent.link))


def _link(intent: Intent) -> str:
    return intent.link


def _changed(stored: Intent, seen: Intent) -> Intent:
    return replace(
        stored,
        epoch=seen.epoch,
        state=seen.state,
        order_id=seen.order_id,
        reason=seen.reason,
        sent_at=seen.sent_at,
        changed_at=seen.changed_at,
    )


def _unknown(intents: tuple[Intent, ...]) -> str:
    return f"intent {', '.join(intent.link for intent in intents)}: not in the journal; add it before it changes"


def _intent(*, state: str, **values: Any) -> Intent:
    return Intent(state=IntentState(state), **values)
