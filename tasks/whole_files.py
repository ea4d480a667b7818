"""Files that are written whole or not at all: a page, a picture."""

import os
from pathlib import Path
from uuid import uuid4

from core.errors import StoreError


def write_whole(content: bytes, path: Path) -> Path:
    """Write next to where it belongs and move it there in one step; folders are made.

    Raises
    ------
    StoreError
        When the disk is full or the place cannot be written; an older file at `path` is still there then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, content)
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}; the page was not written: correct that and run the report again"
        ) from error
    return path


def _put(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a disk may be found full only here; renaming first would put half a page in place
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
