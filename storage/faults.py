"""What DuckDB and the disk say when they fail, in one line for the operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from core.errors import StoreError

HELD = "lock on file"
"""How DuckDB says that another program has the file open."""

_REMEDIES: tuple[tuple[str, str], ...] = (
    ("No space left", "the disk is full; nothing was written: free some space and run again"),
    ("Disk quota", "the disk quota is used up; nothing was written: free some space and run again"),
    ("File too large", "the file may not grow (size limit); nothing was written: raise the limit and run again"),
    (HELD, "another program holds it open; close that program and run again"),
    ("not a valid DuckDB", "this is not a DuckDB file; move it away or restore a backup"),
    ("newer version of DuckDB", "made by a newer DuckDB; update Tradewind"),
    ("Corrupt", "the file is damaged; move it away and restore a backup"),
    ("checksum", "the file is damaged; move it away and restore a backup"),
    ("read enough bytes", "the file is cut short; move it away and restore a backup"),
    ("serializ", "the file is damaged; move it away and restore a backup"),
)

# Wrong SQL and broken constraints are mistakes in Tradewind, not in the file: they stay what they are.
_OUR_MISTAKES = (duckdb.ProgrammingError, duckdb.IntegrityError, duckdb.NotSupportedError)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn whatever DuckDB or the disk raises inside into a `StoreError` that names the file and the remedy."""
    try:
        yield
    except _OUR_MISTAKES:
        raise
    except (duckdb.Error, OSError) as error:
        raise StoreError(f"{path}: {_remedy(str(error))}") from error


def _remedy(message: str) -> str:
    known = (remedy for fragment, remedy in _REMEDIES if fragment in message)
    return next(known, f"DuckDB or the disk refused ({message.splitlines()[0]}); nothing was written")
