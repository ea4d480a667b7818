"""Bars and funding as Parquet in another place, and back: a copy that grows by what is new, and gives the same panels again.

1. A file is named by the hash of its content and never changed; the manifest, written last, says which files are the export. So
   whoever reads sees one whole export or the next, and one that was cut off has changed nothing.
2. An export takes in what the store has more of, and never drops what it has less of: a store that lost bars is refused.
3. What is read back is what was written, or it is refused: every file is held against its hash.

Tested in tests/tasks/test_exporting.py.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from urllib.parse import quote

import polars as pl
from polars.exceptions import PolarsError

from core.errors import ConfigError, DataError
from storage.frames import Merge
from storage.parts import Part
from tasks.export_manifest import MANIFEST, Kept, Manifest, read_manifest
from tasks.importing import Imported, merge_bars, merge_funding
from tasks.places import Place
from tasks.progress import Counter
from tasks.stores import store

NAME_LENGTH = 16
BATCH_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did.

    Parameters
    ----------
    parts, rows : in the export now
    written : files that were new or changed
    written_bytes : their size
    """

    target: str
    parts: int
    rows: int
    written: int
    written_bytes: int


def export(target: str) -> Exported:
    """Bring the export at `target`, a folder or an ``s3://`` address, in step with the store.

    Raises
    ------
    ConfigError
        When the place cannot be reached, holds something else, or has rows that the store lacks; nothing has changed then.
    """
    place, stored = Place(target), store().parts
    there = {kept.key: kept for kept in read_manifest(place).parts}
    changed = [part for part in stored.all() if (kept := there.get(_key(part))) is None or kept.mark != part.mark]
    for part in changed:
        _refuse_less(part, there.get(_key(part)), target)
    counter, sizes = Counter("export", len(changed)), list[int]()
    for part in changed:
        kept, content = _packed(part, stored.rows(part))
        if (before := there.get(kept.key)) is None or before.sha256 != kept.sha256:
            place.write(kept.file, content)
            sizes.append(len(content))
        there[kept.key] = kept
        counter.step()
    parts = tuple(there[key] for key in sorted(there))
    if changed:
        place.write(MANIFEST, Manifest(parts=parts).model_dump_json(indent=1).encode())
    _sweep(place, {kept.file for kept in parts})
    return Exported(target, len(parts), sum(kept.rows for kept in parts), len(sizes), sum(sizes))


def import_export(source: str, venue: str | None) -> tuple[Imported, ...]:
    """Take an export into the store, as `tradewind import` does a file; bars first, then funding.

    Parameters
    ----------
    venue : take only this venue's parts; None takes all

    Raises
    ------
    ConfigError
        When there is no export, or none of this venue.
    DataError
        When a file is missing or is not the one that was written. What was imported before it stays.
    """
    place = Place(source)
    parts = [kept for kept in read_manifest(place).parts if venue in (None, kept.venue)]
    if not parts:
        raise ConfigError(f"{source}: no export{'' if venue is None else f' of venue {venue!r}'} there; check the address")
    counter = Counter("import", len(parts))
    return tuple(
        _imported(source, table, [_merged(place, table, batch, counter) for batch in _batches(parts, table)])
        for table in ("bars", "funding")
        if any(kept.table == table for kept in parts)
    )


def _key(part: Part) -> tuple[str, str, str, str, int]:
    return part.table, part.venue, part.timeframe, part.symbol, part.year


def _refuse_less(part: Part, there: Kept | None, target: str) -> None:
    if there is not None and part.rows < there.rows:
        raise ConfigError(
            f"{target}: holds {there.rows:,} rows of {part.venue} {part.symbol} {part.timeframe} in {part.year}, the store "
            f"only {part.rows:,}; import it first, or export to another place"
        )


def _packed(part: Part, frame: pl.DataFrame) -> tuple[Kept, bytes]:
    file = BytesIO()
    frame.write_parquet(file, compression="zstd")
    content = file.getvalue()
    digest = sha256(content).hexdigest()
    folders = [part.table, *(f"{name}={quote(getattr(part, name), safe='')}" for name in ("venue", "timeframe", "symbol"))]
    name = "/".join([*folders, f"{part.year}-{digest[:NAME_LENGTH]}.parquet"])
    return Kept(**asdict(part) | {"rows": frame.height}, file=name, sha256=digest), content


def _sweep(place: Place, wanted: set[str]) -> None:
    """Remove files of ours that no manifest names: older contents, and what an export that was cut off left behind."""
    for name in place.names():
        if name.startswith(("bars/", "funding/")) and name not in wanted:
            place.remove(name)


def _batches(parts: list[Kept], table: str) -> Iterator[list[Kept]]:
    """Cut the parts of a table into transactions of a million rows or so: one for each part would take longer than its rows."""
    batch: list[Kept] = []
    for kept in (each for each in parts if each.table == table):
        batch.append(kept)
        if sum(each.rows for each in batch) >= BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _merged(place: Place, table: str, batch: list[Kept], counter: Counter) -> Merge:
    frames = []
    for kept in batch:
        frames.append(_unpacked(place, kept))
        counter.step()
    return (merge_bars if table == "bars" else merge_funding)(pl.concat(frames))


def _unpacked(place: Place, kept: Kept) -> pl.DataFrame:
    content = place.read(kept.file)
    if content is None:
        raise DataError(f"{place.address}/{kept.file}: missing; an export ran meanwhile, or the file was lost: import again")
    if sha256(content).hexdigest() != kept.sha256:
        raise DataError(f"{place.address}/{kept.file}: not what was exported; export again from a store that has it")
    try:
        return pl.read_parquet(BytesIO(content))
    except PolarsError as error:
        raise DataError(f"{place.address}/{kept.file}: not Parquet that this version reads ({error})") from error


def _imported(source: str, table: str, merges: list[Merge]) -> Imported:
    return Imported(
        file=source,
        kind=table,
        new=sum(merge.new for merge in merges),
        same=sum(merge.same for merge in merges),
        differing=sum(merge.differing_count for merge in merges),
        differences=tuple(difference for merge in merges for difference in merge.differing),
        left_out=(),
    )
