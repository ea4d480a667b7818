"""Decisions: what the strategy wanted at every bar close, one per account and decision time."""

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from storage.database import Database
from storage.rows import add, fetched, first, row_of

_INSERT = "insert into decisions by name select * from offered on conflict do nothing returning account"
_ALL = "select * from decisions where account = $account order by decision_time"
_LAST = "select * from decisions where account = $account order by decision_time desc limit 1"
_AT = "select * from decisions where account = $account and decision_time = $moment"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision.

    Parameters
    ----------
    decision_time : UTC, the bar close it was taken at
    release : fingerprint
    targets : symbol to target weight, fraction of equity; NaN means leave alone
    decided_at : UTC, when it was computed
    """

    account: str
    decision_time: datetime
    release: str
    verdict: str
    reason: str
    targets: dict[str, float]
    decided_at: datetime


class Decisions(Protocol):
    """The decisions of every account, append-only: the first one taken at a bar close stands."""

    def add(self, decision: Decision) -> bool:
        """Append a decision; answers False, and changes nothing, when the account has one at that time."""
        ...

    def last(self, account: str) -> Decision | None:
        """Return the decision with the newest decision time, or None before the first."""
        ...

    def at(self, account: str, decision_time: datetime) -> Decision | None:
        """Return the decision taken at that bar close, or None."""
        ...

    def all(self, account: str) -> tuple[Decision, ...]:
        """Every decision, oldest first."""
        ...


class DuckDecisions:
    """`Decisions` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, decision: Decision) -> bool:
        """Append a decision; answers False, and changes nothing, when the account has one at that time."""
        with self._database.write() as connection:
            return bool(add(connection, [_row(decision)], _INSERT))

    def last(self, account: str) -> Decision | None:
        """Return the decision with the newest decision time, or None before the first."""
        return first(self._fetched(_LAST, {"account": account}))

    def at(self, account: str, decision_time: datetime) -> Decision | None:
        """Return the decision taken at that bar close, or None."""
        return first(self._fetched(_AT, {"account": account, "moment": decision_time}))

    def all(self, account: str) -> tuple[Decision, ...]:
        """Every decision, oldest first."""
        return self._fetched(_ALL, {"account": account})

    def _fetched(self, sql: str, values: dict[str, Any]) -> tuple[Decision, ...]:
        with self._database.read() as connection:
            return fetched(connection, _decision, sql, values)


class MemoryDecisions:
    """`Decisions` in memory."""

    def __init__(self) -> None:
        self._decisions: dict[tuple[str, datetime], Decision] = {}

    def add(self, decision: Decision) -> bool:
        """Append a decision; answers False, and changes nothing, when the account has one at that time."""
        _row(decision)
        return self._decisions.setdefault((decision.account, decision.decision_time), decision) is decision

    def last(self, account: str) -> Decision | None:
        """Return the decision with the newest decision time, or None before the first."""
        return first(self.all(account)[::-1])

    def at(self, account: str, decision_time: datetime) -> Decision | None:
        """Return the decision taken at that bar close, or None."""
        return self._decisions.get((account, decision_time))

    def all(self, account: str) -> tuple[Decision, ...]:
        """Every decision, oldest first."""
        mine = (decision for decision in self._decisions.values() if decision.account == account)
        return tuple(sorted(mine, key=lambda decision: decision.decision_time))


def _row(decision: Decision) -> dict[str, Any]:
    # JSON has no NaN: null stands for "leave alone".
    targets = {symbol: None if math.isnan(weight) else weight for symbol, weight in decision.targets.items()}
    return row_of(decision, targets=json.dumps(targets, allow_nan=False))


def _decision(*, targets: str, **values: Any) -> Decision:
    weights = {symbol: math.nan if weight is None else weight for symbol, weight in json.loads(targets).items()}
    return Decision(targets=weights, **values)
