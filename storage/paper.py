"""Paper: the simulated exchange's own state, so that a paper account survives a restart."""

from typing import Protocol

from storage.database import Database

_SAVE = "insert into paper values ($account, $state) on conflict (account) do update set state = excluded.state"
_LOAD = "select state from paper where account = $account"


class Paper(Protocol):
    """The last state of every simulated account, as JSON."""

    def save(self, account: str, json: str) -> None:
        """Replace the state; when the call returns, it survives a kill of the process."""
        ...

    def load(self, account: str) -> str | None:
        """Return the state saved last, or None for an account that never saved."""
        ...


class DuckPaper:
    """`Paper` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, account: str, json: str) -> None:
        """Replace the state."""
        with self._database.write() as connection:
            connection.execute(_SAVE, {"account": account, "state": json})

    def load(self, account: str) -> str | None:
        """Return the state saved last, or None for an account that never saved."""
        with self._database.read() as connection:
            row = connection.execute(_LOAD, {"account": account}).fetchone()
        return None if row is None else str(row[0])


class MemoryPaper:
    """`Paper` in memory."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def save(self, account: str, json: str) -> None:
        """Replace the state."""
        self._states[account] = json

    def load(self, account: str) -> str | None:
        """Return the state saved last, or None for an account that never saved."""
        return self._states.get(account)
