"""Importing an archive: read at the door, merged into the store, with trading rules guessed where there are none."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from core.errors import ConfigError
from core.market.inferred import inferred_instrument
from storage.frames import Difference, Merge
from tasks import clock
from tasks.archives import read_bars, read_funding, salvage_bars, salvage_funding
from tasks.stores import store

RECENT_BARS = 500
"""Closes that a guess of trading rules looks at."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: rows added, rows already there, rows that differ from stored ones (which were kept)."""

    file: str
    kind: str
    new: int
    same: int
    differing: int
    differences: tuple[Difference, ...]
    left_out: tuple[str, ...]


def import_file(path: Path, venue: str | None, *, kind: str, skip_bad: bool) -> Imported:
    """Import an archive.

    Raises
    ------
    ConfigError
        When the kind is not one of ours.
    DataError
        When the file is not fit: nothing has been stored then.
    """
    if kind not in {"bars", "funding"}:
        raise ConfigError(f"--kind {kind!r}: known are bars and funding")
    read = import_bars if kind == "bars" else import_funding
    merge, left_out = read(path, venue, skip_bad=skip_bad)
    return Imported(path.name, kind, merge.new, merge.same, merge.differing_count, merge.differing, left_out)


def import_bars(path: Path, venue: str | None, *, skip_bad: bool) -> tuple[Merge, tuple[str, ...]]:
    """Import an archive of bars; return what was left out.

    An archive says nothing of trading rules: symbols the store knows none of get guessed ones.
    """
    frame, left_out = salvage_bars(path, venue) if skip_bad else (read_bars(path, venue), ())
    return merge_bars(frame), left_out


def merge_bars(frame: pl.DataFrame) -> Merge:
    """Merge bars into the store, with guessed trading rules where there are none."""
    merge = store().bars.merge(frame)
    for name in frame["venue"].unique():
        known = store().instruments.known(name)
        recent = frame.filter(pl.col("venue") == name).group_by("symbol").agg(pl.col("close").tail(RECENT_BARS))
        guessed = (inferred_instrument(name, symbol, closes) for symbol, closes in recent.rows() if symbol not in known)
        store().instruments.record(tuple(guessed), clock.now())
    return merge


def import_funding(path: Path, venue: str | None, *, skip_bad: bool) -> tuple[Merge, tuple[str, ...]]:
    """Import an archive of funding settlements; return what was left out."""
    frame, left_out = salvage_funding(path, venue) if skip_bad else (read_funding(path, venue), ())
    return merge_funding(frame), left_out


def merge_funding(frame: pl.DataFrame) -> Merge:
    """Merge settlements into the store."""
    return store().funding.merge(frame)
