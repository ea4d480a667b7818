"""The shape of a database, as numbered SQL files that only go forward.

1. A change and the record of the change are one transaction: tests/storage/test_migrations.py.
2. Applying twice is applying once.
3. A file that is not ours, or is newer than this program, is refused before anything is written to it.
"""

from dataclasses import dataclass
from importlib import resources

from duckdb import DuckDBPyConnection

from core.errors import StoreError

_TABLES = "select table_name from duckdb_tables() where not internal order by table_name"
_RECORD_BOOK = (
    "create table if not exists migrations (number integer primary key, family varchar not null, name varchar not null)"
)
_APPLIED = "select number, family from migrations order by number"
_RECORD = "insert into migrations (number, family, name) values ($number, $family, $name)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: the n-th change of a family (``market``, ``trading``, ``research``)."""

    family: str
    number: int
    name: str
    sql: str


def known(family: str) -> tuple[Migration, ...]:
    """All steps of a family that this program carries, oldest first."""
    files = (resources.files("storage") / "sql").iterdir()
    return tuple(
        Migration(family, int(file.name.split("_")[1]), file.name, file.read_text())
        for file in sorted(files, key=lambda file: file.name)
        if file.name.startswith(f"{family}_") and file.name.endswith(".sql")
    )


def pending(connection: DuckDBPyConnection, family: str, *, subject: str) -> tuple[Migration, ...]:
    """Return the steps the open database still lacks.

    Raises
    ------
    StoreError
        When the database is not Tradewind's, is of another family, or comes from a newer Tradewind.
    """
    done = _applied(connection, family, subject)
    steps = known(family)
    if done > len(steps):
        raise StoreError(f"{subject}: made by a newer Tradewind (schema {done}, this one knows {len(steps)}); update Tradewind")
    return steps[done:]


def apply(connection: DuckDBPyConnection, steps: tuple[Migration, ...]) -> None:
    """Make the changes and record them, one transaction per step."""
    for step in steps:
        connection.begin()
        connection.execute(_RECORD_BOOK)
        connection.execute(step.sql)
        connection.execute(_RECORD, {"number": step.number, "family": step.family, "name": step.name})
        connection.commit()


def _applied(connection: DuckDBPyConnection, family: str, subject: str) -> int:
    tables = [name for (name,) in connection.execute(_TABLES).fetchall()]
    if not tables:
        return 0
    if "migrations" not in tables:
        raise StoreError(f"{subject}: a DuckDB file, but not Tradewind's (it holds {tables[0]}); move it away")
    rows = connection.execute(_APPLIED).fetchall()
    strangers = [other for _, other in rows if other != family]
    if strangers:
        raise StoreError(f"{subject}: holds Tradewind's {strangers[0]} tables, expected {family}; put the right file there")
    return len(rows)
