"""Panels kept on disk as memory-mapped arrays, so that the same bars are read from DuckDB once.

A kept panel is a folder named by the key of its contents (`storage.contents` says why that key can be believed) with
one ``.npy`` of (T, N) float64 for every field and ``seal``: the panel's hash, and a checksum over hash and files.

1. Nothing is believed without its seal: hash and files must fit the checksum, so what is torn, cut short or changed is made
   again from DuckDB. The seal is moved into place last.
2. Any number of processes may keep and read the same panel. Files are written aside and moved in, never changed in place, and
   whoever has mapped a file that is replaced or thrown away keeps what he has.
3. At most `MOST` are kept, those used last; what a killed process left behind ages out like any other. A panel is 48 bytes a
   cell: 65 MB for five years of hourly bars of 31 symbols. One made of fewer than `WORTH_IT` stored bars is not kept.
4. A disk that is full or cannot be written costs the keeping, not the panel: the reader gets it, with a warning.

All four are tested in tests/storage/test_kept.py. Deleting the folder, or any part of it, is always safe.
"""

import os
import shutil
import warnings
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.market.panel import Panel
from storage.contents import Contents
from storage.panels import PRICES

MOST = 6
"""Panels kept."""

WORTH_IT = 50_000
"""Stored bars: fewer load in 20 ms, and the trade flow's small panels must not push out what took a second to make."""

_FIELDS = (*PRICES, "funding")
_SEAL = "seal"


class KeptPanels:
    """The panels kept in one folder."""

    def __init__(self, folder: Path, *, most: int = MOST, worth_it: int = WORTH_IT) -> None:
        self._folder = folder
        self._most = most
        self._worth_it = worth_it

    def get(self, contents: Contents) -> Panel | None:
        """Return the panel kept of these contents, or None when there is none to be believed.

        Its arrays are mapped copy-on-write: writable, of the ordinary kind (numba would compile every kernel once more for
        read-only ones), and what is written to them stays in this process.
        """
        entry, extent = self._folder / contents.key, contents.extent
        try:
            data_hash, checksum = (entry / _SEAL).read_text().split()
            if _checksum(entry, data_hash) != checksum:
                return None
            fields = {name: np.asarray(np.load(entry / f"{name}.npy", mmap_mode="c")) for name in _FIELDS}
            os.utime(entry)
        except (OSError, EOFError, ValueError):  # not there, or not whole: the bars it was made of still are
            return None
        panel = Panel(extent.venue, extent.timeframe, extent.symbols, extent.open_time, **fields)
        return panel.with_hash(data_hash)

    def keep(self, contents: Contents, panel: Panel) -> None:
        """Keep the panel of these contents; throw away what has not been used for longest."""
        if contents.size < self._worth_it:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix="draft-", dir=self._folder) as draft:
                _write(Path(draft), panel)
                self._publish(Path(draft), contents.key)
            self._trim()
        except OSError as error:
            warnings.warn(f"{self._folder}: panel not kept, the next load takes longer ({error})", stacklevel=2)

    def _publish(self, draft: Path, key: str) -> None:
        entry = self._folder / key
        entry.mkdir(exist_ok=True)
        for name in (*(f"{name}.npy" for name in _FIELDS), _SEAL):
            (draft / name).replace(entry / name)

    def _trim(self) -> None:
        entries = sorted(self._folder.iterdir(), key=_last_used, reverse=True)
        for entry in entries[self._most :]:
            shutil.rmtree(entry, ignore_errors=True)


def _write(folder: Path, panel: Panel) -> None:
    for name in _FIELDS:
        np.save(folder / f"{name}.npy", getattr(panel, name))
    (folder / _SEAL).write_text(f"{panel.data_hash} {_checksum(folder, panel.data_hash)}")


def _checksum(folder: Path, data_hash: str) -> str:
    # crc32 runs at 4 GB a second, sha256 at one: against torn writes, not against malice.
    checksum = zlib.crc32(data_hash.encode())
    for name in _FIELDS:
        checksum = zlib.crc32(np.memmap(folder / f"{name}.npy", dtype=np.uint8, mode="r").data, checksum)
    return f"{checksum:08x}"


def _last_used(entry: Path) -> int:
    try:
        return entry.stat().st_mtime_ns
    except FileNotFoundError:  # another process was faster
        return 0
