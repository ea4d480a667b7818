"""Room for Prefect's server in its SQLite database: as many connections as it asks for.

It takes SQLAlchemy's default, fifteen. Whoever changes a run's state holds the database's only write lock and may then read
through a second connection; when fourteen others wait for that lock, there is none left, and everybody waits for a minute, and
for the next. Four runs started at once were enough. Prefect has no setting for it; SQLAlchemy loads this by the address of the
database (`tasks/prefect_processes.py`), under the name that pyproject.toml registers.
"""

from typing import Any

from sqlalchemy import URL, Pool
from sqlalchemy.engine import CreateEnginePlugin

UNBOUNDED = -1


class RoomyPool(CreateEnginePlugin):
    """Makes the pool of an engine whose address ends in ``?plugin=tradewind`` as wide as it needs to be."""

    def update_url(self, url: URL) -> URL:
        """Return the address as the driver takes it."""
        return url.difference_update_query(["plugin"])

    def handle_pool_kwargs(self, pool_cls: type[Pool], pool_args: dict[str, Any]) -> None:  # noqa: ARG002 - SQLAlchemy's
        """Let the pool grow without bound; what it grew by is closed when it is given back."""
        pool_args["max_overflow"] = UNBOUNDED
