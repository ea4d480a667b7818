"""The doctor's look at the home: room, locks, databases, and what dead processes left behind."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from core.errors import StoreError
from core.operations.checkup import Finding, Outcome, room
from storage.store import Store
from storage.turnstile import shared
from tasks.environment import SERVER_NOTE, running_server
from tasks.up_lock import HOLDER, is_held

FAMILIES = ("market", "trading", "research")
LOCK_SECONDS, STORE_SECONDS = 5.0, 20.0
PROCESSES, LOCKS = Path("/proc"), Path("/proc/locks")


def disk(check: str, _root: Path, home: Path) -> Finding:
    """Measure the room on the home's disk."""
    return room(check, shutil.disk_usage(_there(home)).free)


def writable(check: str, _root: Path, home: Path) -> Finding:
    """Write a file into the home."""
    place = _there(home)
    try:
        with TemporaryFile(dir=place) as file:
            file.write(b"tradewind")
    except OSError as error:
        return Finding(check, Outcome.FAIL, f"{place}: {error.strerror}", "give this user the right to write there")
    return Finding(check, Outcome.OK, f"{home} can be written")


def database_lock(check: str, _root: Path, home: Path) -> Finding:
    """Pass every database's turnstile as a reader; name the process that stands in it."""
    for path in _databases(home):
        try:
            with shared(path, LOCK_SECONDS):
                pass
        except StoreError:
            said = f"{path.name} has been in use for {LOCK_SECONDS:g} s: {_holders(Path(f'{path}.lock'))}"
            return Finding(check, Outcome.FAIL, said, "stop that process, or wait until it is done")
    return Finding(check, Outcome.OK, "nobody keeps a database")


def databases(check: str, _root: Path, home: Path) -> Finding:
    """Open every database and read all bars through the check that trading reads them through; what is unsound is raised."""
    paths = list(_databases(home))
    if not paths:
        return Finding(check, Outcome.SKIPPED, "none yet")
    books = Store(home, patience=STORE_SECONDS)
    known = [path.stem for path in paths]
    bars = _read_bars(books) if "market" in known else 0
    if "trading" in known:
        books.activations.live()
    if "research" in known:
        books.trials.best("", 1)
    return Finding(check, Outcome.OK, f"{', '.join(known)} are sound, {bars:,} bars among them")


def leftovers(check: str, _root: Path, home: Path) -> Finding:
    """Look for what a `tradewind up` that was killed left behind."""
    if is_held(home):
        return Finding(check, Outcome.OK, "none: `tradewind up` runs")
    if strays := list(_strays(home)):
        said = f"processes that work on this home without a `tradewind up`: {', '.join(strays)}"
        return Finding(check, Outcome.FAIL, said, "end them with kill, then start `tradewind up`")
    notes = [home / HOLDER, *([home / SERVER_NOTE] if running_server(home) is None else [])]
    if old := [note.name for note in notes if note.exists()]:
        return Finding(
            check, Outcome.WARN, f"notes of a process that was killed: {', '.join(old)}", "the next start removes them"
        )
    return Finding(check, Outcome.OK, "none")


def _there(home: Path) -> Path:
    """Return the home, or while there is none, the folder that it will be made in."""
    return next(place for place in (home, *home.resolve().parents) if place.exists())


def _databases(home: Path) -> Iterator[Path]:
    yield from (path for family in FAMILIES if (path := home / f"{family}.duckdb").exists())


def _read_bars(books: Store) -> int:
    count = 0
    for venue, timeframe in sorted({(series.venue, series.timeframe) for series in books.bars.series()}):
        spans = [series for series in books.bars.series() if (series.venue, series.timeframe) == (venue, timeframe)]
        books.bars.panel(venue, timeframe, min(span.first for span in spans), max(span.last for span in spans))
        count += sum(span.bars for span in spans)
    return count


def _holders(lock: Path) -> str:
    """Name the processes that hold a lock on a file, where the system says so."""
    if not LOCKS.exists():
        return f"`fuser {lock}` names the process"
    inode = str(lock.stat().st_ino)
    held = (line.split() for line in LOCKS.read_text().splitlines() if "->" not in line)
    pids = sorted({words[4] for words in held if words[5].rpartition(":")[2] == inode})
    return "; ".join(f"process {pid} ({_command(PROCESSES / pid)})" for pid in pids) or "it is free again now"


def _strays(home: Path) -> Iterator[str]:
    """Name Prefect's processes of this home; those of a single command are that command's own."""
    mark = f"TRADEWIND_HOME={home.resolve()}\0".encode()
    for folder in PROCESSES.glob("[0-9]*"):
        command = _command(folder)
        try:
            ours = mark in (folder / "environ").read_bytes()
        except OSError:  # gone, or another user's
            continue
        if ours and " -m prefect worker" in command:
            yield f"{folder.name} ({command})"


def _command(folder: Path) -> str:
    try:
        return " ".join((folder / "cmdline").read_bytes().decode(errors="replace").split("\0")).strip()[:80]
    except OSError:
        return "gone"
