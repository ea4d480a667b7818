"""Prefect's server on SQLite: whoever will write takes the write lock first, and nobody waits for it longer than seconds.

1. Prefect lets every statement wait a minute for the lock, in a thread of its connection. When the garbage collector meanwhile
   finds an old cursor of that connection, the event loop's thread waits for the connection, and whoever holds the lock waits
   for the event loop: the server stands still until the minute is over, and for the next one (seen with gdb:
   `gc_collect_main`, `cursor_clear`, `sqlite3_reset`). Four runs started at once were enough to stop trading for four minutes.
   A statement that has waited too long is answered with 503, and every client of Prefect's tries again.
2. A transaction that has read may not write once another has written: SQLite then says "database is locked" without any wait.
   Prefect's automations do that at every event; some were given up after three retries, and runs that had ended were then taken
   for dead. What Prefect opens a transaction for may write, so it begins with the lock; its plain reads open none.

Prefect has no setting for either; SQLAlchemy loads this by the address of the database (tasks/prefect_processes.py), under the
name in pyproject.toml.
"""

from typing import Any

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import CreateEnginePlugin

BUSY_MS = 3_000
DONE = "tradewind.busy_timeout"
BEGIN = {"BEGIN DEFERRED": "BEGIN IMMEDIATE"}


class BriefWaits(CreateEnginePlugin):
    """Keeps the waits of an engine short whose address ends in ``?plugin=tradewind``."""

    def update_url(self, url: URL) -> URL:
        """Return the address as the driver takes it."""
        return url.difference_update_query(["plugin"])

    def engine_created(self, engine: Engine) -> None:
        """Listen for connections as they are first used: when one is made, Prefect still has its own way."""
        event.listen(engine, "checkout", _shorten)
        event.listen(engine, "before_cursor_execute", _lock_first, retval=True)


def _shorten(connection: Any, record: Any, _proxy: Any) -> None:
    if DONE in record.info:
        return
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.close()
    record.info[DONE] = True


def _lock_first(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
    return BEGIN.get(statement, statement), parameters
