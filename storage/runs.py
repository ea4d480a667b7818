"""Runs: every backtest, optimisation and validation, with what went in and what came out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.errors import ConfigError
from storage.database import Database
from storage.rows import add, fetched, row_of

_INSERT = "insert into runs by name select * from offered on conflict do nothing returning id"
_NEWEST = "select * from runs where kind = coalesce($kind, kind) order by started desc, id desc limit $limit"
_ONE = "select * from runs where id = $id"


@dataclass(frozen=True, slots=True)
class Run:
    """One computation.

    Parameters
    ----------
    kind : ``backtest``, ``optimize``, ``validate``, ...
    started, finished : UTC
    data_hash : `core.market.panel.Panel.data_hash` of what it ran on
    """

    id: str
    kind: str
    started: datetime
    finished: datetime
    config_json: str
    result_json: str
    data_hash: str
    code_version: str


class Runs(Protocol):
    """The log of runs, append-only, one per id."""

    def append(self, run: Run) -> bool:
        """Append a run; answers False, and keeps the first, when the id is there."""
        ...

    def all(self, kind: str | None, limit: int) -> tuple[Run, ...]:
        """Return the newest runs of a kind (None: of every kind), newest first."""
        ...

    def get(self, run_id: str) -> Run:
        """Return one run.

        Raises
        ------
        ConfigError
            When there is none; the message names the newest ones.
        """
        ...


class DuckRuns:
    """`Runs` in research.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, run: Run) -> bool:
        """Append a run; answers False, and keeps the first, when the id is there."""
        with self._database.write() as connection:
            return bool(add(connection, [row_of(run)], _INSERT))

    def all(self, kind: str | None, limit: int) -> tuple[Run, ...]:
        """Return the newest runs of a kind (None: of every kind), newest first."""
        return self._fetched(_NEWEST, {"kind": kind, "limit": limit})

    def get(self, run_id: str) -> Run:
        """Return one run."""
        found = self._fetched(_ONE, {"id": run_id})
        if not found:
            raise ConfigError(_unknown(run_id, self.all(None, 5)))
        return found[0]

    def _fetched(self, sql: str, values: dict[str, Any]) -> tuple[Run, ...]:
        with self._database.read() as connection:
            return fetched(connection, Run, sql, values)


class MemoryRuns:
    """`Runs` in memory."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def append(self, run: Run) -> bool:
        """Append a run; answers False, and keeps the first, when the id is there."""
        row_of(run)
        return self._runs.setdefault(run.id, run) is run

    def all(self, kind: str | None, limit: int) -> tuple[Run, ...]:
        """Return the newest runs of a kind (None: of every kind), newest first."""
        mine = (run for run in self._runs.values() if kind in (None, run.kind))
        return tuple(sorted(mine, key=lambda run: (run.started, run.id), reverse=True)[:limit])

    def get(self, run_id: str) -> Run:
        """Return one run."""
        if run_id not in self._runs:
            raise ConfigError(_unknown(run_id, self.all(None, 5)))
        return self._runs[run_id]


def _unknown(run_id: str, newest: tuple[Run, ...]) -> str:
    return f"run {run_id}: unknown; the newest are {', '.join(run.id for run in newest) or 'none: run something first'}"
