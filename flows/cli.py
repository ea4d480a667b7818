"""The terminal's door: every command, its options and its help. What they do is in the flows.

Exit codes: 0 done; 1 the command ran and the answer is no; 2 bad usage or bad input, with one line saying what and where.
"""

import atexit
import contextlib
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import TradewindError
from flows.arguments import moment, moment_or_none, ordered, parameters, period
from flows.console import emit, err, progress
from flows.session import open_flow_session, open_session, under_prefect

app = typer.Typer(
    name="tradewind",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Home = Annotated[Path, typer.Option("--home", envvar="TRADEWIND_HOME", help="Folder of databases and reports.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, everything else on stderr.")]
Venue = Annotated[str | None, typer.Option("--venue", help="Whose bars; needed only when several venues are stored.")]
Start = Annotated[str | None, typer.Option("--start", help="First day (UTC), such as 2021-01-01.")]
End = Annotated[str | None, typer.Option("--end", help="Day to stop before (UTC).")]
Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="Symbol to fetch; repeat for more. All by default.")]
DEFAULT_HOME = Path("var")


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"tradewind {version('tradewind')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Run a systematic crypto portfolio as Prefect flows. Start with `tradewind demo`."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


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


@app.command()
def backtest(
    start: Start = None,
    end: End = None,
    venue: Venue = None,
    release: Annotated[str | None, typer.Option("--release", help="Fingerprint; the live one by default.")] = None,
    strategy: Annotated[str | None, typer.Option("--strategy", help="One strategy instead of the release's sleeves.")] = None,
    params: Annotated[str | None, typer.Option("--params", help="Its parameters: 'lookback=168,top=8' or JSON.")] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Another part of the release: scaler.target_vol=0.3.")
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Run a release's book over stored bars, with fees, slippage and funding."""
    first, stop = period(start, end)
    chosen = parameters(params)
    open_session(home)
    from flows import pages
    from flows.overrides import with_overrides
    from tasks.research import backtest as run
    from tasks.research import release_to_test

    tested = release_to_test(venue, release, strategy, chosen, first)
    done = run(with_overrides(tested, override or []), stop)
    emit(done.flat, lambda: pages.backtested(done), as_json=as_json)


@app.command()
def optimize(
    start: Start = None,
    end: End = None,
    trials: Annotated[
        int, typer.Option("--trials", min=1, help="Parameter sets tried in every fold, and over all bars.")
    ] = 100,
    folds: Annotated[int, typer.Option("--folds", min=1, help="Walk-forward folds.")] = 6,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same bars, same result.")] = 0,
    strategy: Annotated[str, typer.Option("--strategy", help="Which strategy to search.")] = "xsmom",
    venue: Venue = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Walk forward, search, stress and judge; deploy only without an objection."""
    first, stop = period(start, end)
    open_flow_session(home)
    from flows import pages
    from flows.optimize import optimize as flow

    asked: dict[str, Any] = {"trials": trials, "folds": folds, "seed": seed, "strategy": strategy, "venue": venue}
    with progress("optimize"):
        done = under_prefect(lambda: flow(start=first, end=stop, **asked))
    emit(done, lambda: pages.night(done), as_json=as_json)


@app.command()
def releases(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """List releases: which is live, at which stage, and why."""
    open_session(home)
    from flows import pages
    from tasks.deploying import release_list

    listed = release_list()
    emit(listed, lambda: pages.releases(listed), as_json=as_json)


@app.command()
def trade(
    at: Annotated[str | None, typer.Option("--at", help="Moment on recorded bars (UTC); the present by default.")] = None,
    venue: Venue = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Run one tick of the live flow (paper)."""
    asked = moment_or_none(at, option="--at")
    open_flow_session(home)
    from flows import pages
    from flows.trade import trade as flow
    from tasks.desk import moment_to_trade

    when = moment_to_trade(asked, venue)
    done = under_prefect(lambda: flow(at=when, venue=venue))
    emit(done, lambda: pages.tick(done), as_json=as_json)


@app.command()
def report(
    at: Annotated[str | None, typer.Option("--at", help="Moment on recorded bars (UTC); the present by default.")] = None,
    venue: Venue = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Write the daily report: one HTML page and a summary."""
    asked = moment_or_none(at, option="--at")
    open_flow_session(home)
    from flows import pages
    from flows.report import report as flow
    from tasks.desk import moment_to_trade

    when = moment_to_trade(asked, venue)
    done = under_prefect(lambda: flow(at=when, venue=venue))
    emit(pages.report_row(done), lambda: pages.reported(done), as_json=as_json)


@app.command()
def demo(
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which synthetic market.")] = 7,
    home: Annotated[Path | None, typer.Option("--home", help="Empty folder to run in; var/demo by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole cycle on a synthetic market: ingest, optimise, deploy, trade on paper, report."""
    from flows.demo_home import fresh_home

    place = fresh_home(home)
    open_flow_session(place, alone=True)
    from flows import pages
    from flows.demo import run_demo

    done = run_demo(seed=seed)
    emit(pages.demo_row(done), lambda: pages.demo(done, place), as_json=as_json)


@app.command()
def up(home: Home = DEFAULT_HOME) -> None:
    """Start the Prefect server, a worker and all deployments; Ctrl-C stops what it started."""
    open_session(home, log_level="INFO")
    from flows.up import run_up

    run_up()


def main() -> None:
    """Run the command line; a refusal is one line on stderr and exit code 2."""
    atexit.register(_hush)
    try:
        code = app(standalone_mode=False)
    except TradewindError as error:
        _refuse(str(error))
    except typer.TyperException as error:  # wrong usage; its own words name the option
        _refuse(getattr(error, "format_message", error.__str__)())
    except OSError as error:
        _refuse(f"{error.filename or 'the system'}: {error.strerror or error}")
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _hush() -> None:
    # Registered first, so it runs last: DuckDB's binding reports its own leaks while the interpreter is torn down.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _refuse(message: str) -> None:
    err.print(f"tradewind: {' '.join(message.split())}", markup=False, soft_wrap=True)
    sys.exit(2)
