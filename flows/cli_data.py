"""The data commands: bring bars and funding in, and show what is stored."""

from datetime import datetime
from typing import Annotated, Literal

import typer

from core.errors import ConfigError
from core.market.timeframe import bar_ms
from flows.arguments import moment, ordered, period
from flows.console import emit, progress
from flows.options import DEFAULT_HOME, AsJson, End, Home, Start, Symbols
from flows.session import open_flow_session, open_session, under_prefect

app = typer.Typer()

Wanted = Literal["missing", "everything"]
Asked = Literal["same", "bybit", "binance"]


@app.command()
def data(
    gaps: Annotated[bool, typer.Option("--gaps", help="List every gap instead, with its cause.")] = False,
    start: Start = None,
    end: End = None,
    symbol: Symbols = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Show what is stored of every symbol and timeframe: bars, coverage, gaps by cause, and where the bars came from.

    A range counts from end to end; without one, each symbol counts from its first to its last bar.
    """
    asked = _whole(*period(start, end))
    open_session(home)
    from flows import coverage_pages as pages
    from tasks.coverage import measured
    from tasks.stores import store

    series = [one for one in store().bars.series() if symbol is None or one.symbol in symbol]
    kinds = sorted({(one.venue, one.timeframe) for one in series})
    stored = [pages.Stored(*kind, measured(*kind, asked, symbol)) for kind in kinds]
    if gaps:
        found = pages.gap_rows(stored)
        emit({"gaps": found}, lambda: pages.gaps(found), as_json=as_json)
    else:
        funding = [one for one in store().funding.series() if symbol is None or one.symbol in symbol]
        rows = pages.series_rows(stored, funding)
        emit({"series": rows}, lambda: pages.coverage(rows), as_json=as_json)


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
    bar_ms(timeframe)
    open_flow_session(home)
    from flows import pages
    from flows.ingest import ingest as flow

    with progress("ingest"):
        done = under_prefect(lambda: flow(venue=venue, timeframe=timeframe, symbols=symbol, history_days=history_days))
    emit(done, lambda: pages.ingested(done), as_json=as_json)


@app.command()
def backfill(
    start: Annotated[str, typer.Option("--start", help="First day (UTC).")],
    end: Annotated[str, typer.Option("--end", help="Day to stop before (UTC).")],
    venue: Annotated[str, typer.Option("--venue", help="Name under which the data is stored.")] = "bybit",
    timeframe: Annotated[str, typer.Option("--timeframe", help="Bars to fetch.")] = "1h",
    symbol: Symbols = None,
    what: Annotated[Wanted, typer.Option("--what", help="Only what the store lacks, or everything, to compare.")] = "missing",
    source: Annotated[Asked, typer.Option("--source", help="Ask another venue; its bars keep a mark of it.")] = "same",
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Fetch a range of history. Cut short, the same command goes on; what the store holds is never replaced."""
    first, stop = moment(start, option="--start"), moment(end, option="--end")
    ordered(first, stop)
    bar_ms(timeframe)
    open_flow_session(home)
    from flows import coverage_pages as pages
    from flows.backfill import backfill as flow

    with progress("backfill"):
        done = under_prefect(
            lambda: flow(start=first, end=stop, venue=venue, timeframe=timeframe, symbols=symbol, what=what, source=source)
        )
    emit(pages.backfill_row(done), lambda: pages.backfilled(done), as_json=as_json)


def _whole(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime] | None:
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise ConfigError("give both --start and --end to count a range, or neither")
    return start, end
