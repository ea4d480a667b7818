"""The data commands: bring bars and funding in, and show what is stored."""

from pathlib import Path
from typing import Annotated

import typer

from flows.arguments import moment, ordered
from flows.console import emit
from flows.options import DEFAULT_HOME, AsJson, Home, Symbols
from flows.session import open_flow_session, open_session, under_prefect

app = typer.Typer()


@app.command("import")
def import_archive(
    file: Annotated[Path, typer.Argument(help="Parquet or CSV file.")],
    venue: Annotated[
        str | None, typer.Option("--venue", help="Keep this venue's rows; names the venue if the file does not.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="bars or funding.")] = "bars",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out instead of refusing the file.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Import an archive of bars or funding. The same file twice changes nothing."""
    open_session(home)
    from flows import pages
    from tasks.importing import import_file

    done = import_file(file, venue, kind=kind, skip_bad=skip_bad)
    emit(done, lambda: pages.imported(done), as_json=as_json)


@app.command()
def data(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Show what is stored: first, last, bars and gaps of every symbol and timeframe."""
    open_session(home)
    from flows import pages
    from tasks.stores import store

    series = (*store().bars.series(), *store().funding.series())
    emit({"series": [pages.series_row(s) for s in series]}, lambda: pages.coverage(series), as_json=as_json)


@app.command()
def ingest(
    venue: Annotated[str, typer.Option("--venue", help="Name under which the data is stored.")] = "bybit",
    timeframe: Annotated[str, typer.Option("--timeframe", help="Bars to fetch.")] = "1h",
    symbol: Symbols = None,
    history_days: Annotated[int, typer.Option("--history-days", help="Days to fetch of a symbol that is new.")] = 365,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Fetch what the venue has and the store has not: instruments, bars, funding."""
    open_flow_session(home)
    from flows import pages
    from flows.ingest import ingest as flow

    done = under_prefect(lambda: flow(venue=venue, timeframe=timeframe, symbols=symbol, history_days=history_days))
    emit(done, lambda: pages.ingested(done), as_json=as_json)


@app.command()
def backfill(
    start: Annotated[str, typer.Option("--start", help="First day (UTC).")],
    end: Annotated[str, typer.Option("--end", help="Day to stop before (UTC).")],
    venue: Annotated[str, typer.Option("--venue", help="Name under which the data is stored.")] = "bybit",
    timeframe: Annotated[str, typer.Option("--timeframe", help="Bars to fetch.")] = "1h",
    symbol: Symbols = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Fetch a range again; what the store holds is compared, never replaced."""
    first, stop = moment(start, option="--start"), moment(end, option="--end")
    ordered(first, stop)
    open_flow_session(home)
    from flows import pages
    from flows.ingest import backfill as flow

    done = under_prefect(lambda: flow(start=first, end=stop, venue=venue, timeframe=timeframe, symbols=symbol))
    emit(done, lambda: pages.ingested(done), as_json=as_json)
