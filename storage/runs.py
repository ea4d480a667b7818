"""Runs: every backtest, optimisation and validation, with what went in and what came out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Protocol

from core.errors import ConfigError
from storage.database import Database
from storage.rows import add, fetched, row_of

_INSERT = "insert into runs by name select * from offered on conflict do nothing returning id"
_NEWEST = "select * from runs where kind = coalesce($kind, kind) order by started desc, id desc limit $limit"
_ONE = "select * from runs where id = $id"
_IDS = "select id from runs order by started desc, id desc"
_SHORTEST = 4
"""Characters of an id below which it is no use as a name."""


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
        """Return the run with this id, or the only one whose id begins so.

        Raises
        ------
        ConfigError
            When there is none, or several begin so; the message names the nearest, or the newest.
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
        """Return the run with this id, or the only one whose id begins so."""
        with self._database.read() as connection:
            name = resolved(run_id, [known for (known,) in connection.execute(_IDS).fetchall()])
            return fetched(connection, Run, _ONE, {"id": name})[0]

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
        """Return the run with this id, or the only one whose id begins so."""
        return self._runs[resolved(run_id, [run.id for run in self.all(None, len(self._runs))])]


def resolved(prefix: str, known: Sequence[str]) -> str:
    """Return the one id that is `prefix` or begins with it; `known` are newest first.

    Raises
    ------
    ConfigError
        When none or several do, or the prefix is shorter than 4 characters.
    """
    if prefix in known:
        return prefix
    matches = [name for name in known if name.startswith(prefix)] if len(prefix) >= _SHORTEST else []
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ConfigError(f"run {prefix}: {len(matches)} begin so; give more characters of {', '.join(matches[:5])}")
    near = get_close_matches(prefix, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the newest are {', '.join(known[:5]) or 'none: run something first'}"
    raise ConfigError(f"run {prefix}: unknown; {hint}")
