"""Activations: the log of what was put live, by whom and why. What is live is its last row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from duckdb import DuckDBPyConnection

from core.deploy.stages import Stage
from storage.database import Database
from storage.rows import add, fetched, first, row_of

_ALL = "select * from activations order by number"
_LAST = "select * from activations order by number desc limit 1"
_COUNT = "select count(*) from activations"
_INSERT = "insert into activations by name select * from offered"


@dataclass(frozen=True, slots=True)
class Activation:
    """One change of what is live.

    Parameters
    ----------
    since : UTC
    by : a person or a flow
    """

    fingerprint: str
    stage: Stage
    since: datetime
    by: str
    reason: str


class Activations(Protocol):
    """The activation log, append-only, in the order of appending."""

    def append(self, activation: Activation, *, over: Activation | None = None) -> bool:
        """Put a release live; answers False, and changes nothing, when it is live at this stage already.

        Parameters
        ----------
        over : what the change was decided on; when that is not live any more, it answers False too
        """
        ...

    def live(self) -> Activation | None:
        """Return the last activation, or None when nothing has ever been live."""
        ...

    def all(self) -> tuple[Activation, ...]:
        """Every activation, oldest first."""
        ...


class DuckActivations:
    """`Activations` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, activation: Activation, *, over: Activation | None = None) -> bool:
        """Put a release live; answers False, and changes nothing, when it is live at this stage already."""
        with self._database.write() as connection:
            return append_activation(connection, activation, over)

    def live(self) -> Activation | None:
        """Return the last activation, or None when nothing has ever been live."""
        with self._database.read() as connection:
            return first(fetched(connection, _activation, _LAST))

    def all(self) -> tuple[Activation, ...]:
        """Every activation, oldest first."""
        with self._database.read() as connection:
            return fetched(connection, _activation, _ALL)


class MemoryActivations:
    """`Activations` in memory."""

    def __init__(self) -> None:
        self._log: list[Activation] = []

    def append(self, activation: Activation, *, over: Activation | None = None) -> bool:
        """Put a release live; answers False, and changes nothing, when it is live at this stage already."""
        row_of(activation)
        if not _is_due(activation, over, self.live()):
            return False
        self._log.append(activation)
        return True

    def live(self) -> Activation | None:
        """Return the last activation, or None when nothing has ever been live."""
        return self._log[-1] if self._log else None

    def all(self) -> tuple[Activation, ...]:
        """Every activation, oldest first."""
        return tuple(self._log)


def append_activation(connection: DuckDBPyConnection, activation: Activation, over: Activation | None) -> bool:
    """Append as `Activations.append` does, within a transaction that is open."""
    if not _is_due(activation, over, first(fetched(connection, _activation, _LAST))):
        return False
    ((number,),) = connection.execute(_COUNT).fetchall()
    add(connection, [row_of(activation, number=number + 1)], _INSERT)
    return True


def _is_due(activation: Activation, over: Activation | None, live: Activation | None) -> bool:
    if live is not None and (live.fingerprint, live.stage) == (activation.fingerprint, activation.stage):
        return False
    return over is None or over == live


def _activation(*, number: int, **values: Any) -> Activation:  # noqa: ARG001 - the number is the order, no more
    return Activation(**values)
