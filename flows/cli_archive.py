"""Archives: bars and funding from files, and to and from places that outlive this machine."""

from pathlib import Path
from typing import Annotated

import typer

from core.errors import ConfigError
from flows.console import emit, out, progress
from flows.options import DEFAULT_HOME, AsJson, Home
from flows.session import open_session

app = typer.Typer()


@app.command("import")
def import_archive(
    source: Annotated[str, typer.Argument(help="Parquet or CSV file, or what `tradewind export` wrote: a folder or s3://...")],
    venue: Annotated[
        str | None, typer.Option("--venue", help="Keep this venue's rows; names the venue if the file does not.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="bars or funding; an export brings both.")] = "bars",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out instead of refusing the file.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Import an archive of bars or funding. The same archive twice changes nothing."""
    open_session(home)
    from flows import pages
    from tasks.importing import import_file

    if "://" in source or Path(source).is_dir():
        _import_export(source, venue, skip_bad=skip_bad, as_json=as_json)
        return
    done = import_file(Path(source), venue, kind=kind, skip_bad=skip_bad)
    emit(done, lambda: pages.imported(done), as_json=as_json)


def _import_export(source: str, venue: str | None, *, skip_bad: bool, as_json: bool) -> None:
    from flows import pages
    from tasks.exporting import import_export

    if skip_bad:
        raise ConfigError("--skip-bad is for files: an export is taken whole or refused")
    with progress("archive"):
        done = import_export(source, venue)

    def page() -> None:
        for each in done:
            pages.imported(each)

    emit({"imported": done}, page, as_json=as_json)


@app.command()
def export(
    target: Annotated[str, typer.Argument(help="Folder, or s3://bucket/prefix.")],
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Copy bars and funding to a folder or an object store as Parquet. Takes only what is new since the last time."""
    open_session(home)
    from tasks.exporting import export as exported

    with progress("archive"):
        done = exported(target)
    size = f"{done.written_bytes / 1e6:,.1f} MB"
    emit(done, lambda: out.print(f"{target}: {done.parts} parts, {done.written} of them written now ({size})"), as_json=as_json)
