"""The messenger, and a trial of it."""

import logging
import sys
from typing import Annotated

import typer

from core.notify.delivery import Tried
from flows.console import emit, out
from flows.options import DEFAULT_HOME, AsJson, Home
from flows.session import open_session
from tasks.stoppable import until_asked_to_stop

app = typer.Typer()


@app.command()
def messenger(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Tell Discord and Prefect what happens and watch over the rest, until Ctrl-C; `tradewind up` starts one."""
    from tasks.environment import operators_server

    chosen = operators_server(home)  # before the session, which names the server that runs at the moment
    open_session(home)
    from tasks.messenger import running

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    wait = until_asked_to_stop()
    with running(home.resolve(), chosen) as (url, destinations):
        told = [destination.masked for destination in destinations]
        emit({"url": url, "destinations": told}, lambda: _page(url, told), as_json=as_json)
        sys.stdout.flush()
        wait()


@app.command()
def notify(
    text: Annotated[str, typer.Argument(help="What to say.")] = "If you can read this, notices arrive.",
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Send a trial notice to every Discord webhook and say what became of it; exit code 1 when it arrived nowhere."""
    open_session(home)
    from tasks.trying import try_webhooks

    tried = try_webhooks(home.resolve(), text)
    arrived = any(each.message for each in tried)
    row = {"arrived": arrived, "webhooks": tried}
    emit(row, lambda: out.print("\n".join(map(_line, tried)), markup=False), as_json=as_json)
    if not arrived:
        raise typer.Exit(1)


def _line(tried: Tried) -> str:
    says = f"arrived, message {tried.message}" if tried.message else f"has not arrived: {tried.trouble}"
    return f"{tried.webhook} ({', '.join(tried.sources)}): {says}"


def _page(url: str, told: list[str]) -> None:
    out.print(f"messenger at {url}, telling {', '.join(told)}", markup=False)
    out.print("Ctrl-C ends it.", markup=False)
