"""Prefect's server on SQLite: a wait for the write lock lasts seconds, not a minute.

Prefect lets every statement wait a minute for the lock, in a thread of its connection. When the garbage collector meanwhile
finds an old cursor of that connection, the event loop's thread waits for the connection, and whoever holds the lock waits
for the event loop: the server stands still until the minute is over, and for the next one (seen with gdb:
`gc_collect_main`, `cursor_clear`, `sqlite3_reset`). Four runs started at once were enough to stop trading for four minutes.

A statement that has waited too long is answered with 503, and every client of Prefect's tries again. Prefect has no setting for
it; SQLAlchemy loads this by the address of the database (tasks/prefect_processes.py), under the name in pyproject.toml.
"""

from typing import Any

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import CreateEnginePlugin

BUSY_MS = 3_000
DONE = "tradewind.busy_timeout"


class BriefWaits(CreateEnginePlugin):
    """Shortens the waits of an engine whose address ends in ``?plugin=tradewind``."""

    def update_url(self, url: URL) -> URL:
        """Return the address as the driver takes it."""
        return url.difference_update_query(["plugin"])

    def engine_created(self, engine: Engine) -> None:
        """Listen for connections as they are first used: when one is made, Prefect still has its own way."""
        event.listen(engine, "checkout", _shorten)


def _shorten(connection: Any, record: Any, _proxy: Any) -> None:
    if DONE in record.info:
        return
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.close()
    record.info[DONE] = True
