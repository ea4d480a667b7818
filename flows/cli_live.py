"""The commands of every day: one tick, the report, the watch and the demo."""

from pathlib import Path
from typing import Annotated

import typer

from flows.arguments import moment_or_none
from flows.console import emit, out
from flows.options import DEFAULT_HOME, AsJson, Home, Venue
from flows.session import open_flow_session, under_prefect

app = typer.Typer()


@app.command()
def trade(
    at: Annotated[str | None, typer.Option("--at", help="Moment on recorded bars (UTC); the present by default.")] = None,
    venue: Venue = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Run one tick of the live flow, on paper unless TRADEWIND_MODE says otherwise."""
    asked = moment_or_none(at, option="--at")
    open_flow_session(home)
    from flows import pages
    from flows.trade import trade as flow
    from tasks.desk import moment_to_trade

    when = moment_to_trade(asked, venue)
    done = under_prefect(lambda: flow(at=when, venue=venue))
    emit(done, lambda: pages.tick(done) if done else out.print("skipped: this run came too late"), as_json=as_json)


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
def watch(
    at: Annotated[str | None, typer.Option("--at", help="Moment on recorded bars (UTC); the present by default.")] = None,
    venue: Venue = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Hold what is live against what was deployed: leave it, warn, demote it or roll it back, and say why."""
    asked = moment_or_none(at, option="--at")
    open_flow_session(home)
    from core.reporting.watched import headline, lines
    from flows.watch import watch as flow
    from tasks.desk import moment_to_trade

    when = moment_to_trade(asked, venue)
    done = under_prefect(lambda: flow(at=when, venue=venue))
    emit(done, lambda: out.print("\n- ".join((headline(done), *lines(done))), markup=False), as_json=as_json)


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
