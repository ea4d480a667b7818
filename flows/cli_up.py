"""The commands around everything at once: start it, stop it, ask how it is doing, and have it examined."""

from typing import Annotated

import typer

from flows.console import emit, out
from flows.options import DEFAULT_HOME, AsJson, Home
from flows.session import open_session

app = typer.Typer()


@app.command()
def up(home: Home = DEFAULT_HOME) -> None:
    """Start the Prefect server, workers, messenger and all deployments; Ctrl-C stops what it started."""
    open_session(home, log_level="INFO")
    from flows.up import run_up

    run_up()


@app.command()
def down(
    wait: Annotated[float, typer.Option("--wait", min=0.0, help="Seconds to wait for it to be gone.")] = 30.0,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Stop the `tradewind up` of this home, and wait until it is gone."""
    open_session(home)
    from tasks.up_lock import stop_up

    pid, gone = stop_up(home, wait)
    said = "nothing runs for this home" if pid is None else f"process {pid} " + ("has stopped" if gone else "is still stopping")
    emit({"pid": pid, "stopped": gone}, lambda: out.print(said), as_json=as_json)
    if not gone:
        raise typer.Exit(1)


@app.command()
def status(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Say how this home is doing: what runs, what is next, the last results, the heartbeat, the account."""
    open_session(home)
    from flows import status_pages
    from tasks.project import project_root
    from tasks.standing import read_standing

    seen = read_standing(project_root(), home)
    row = status_pages.row(seen)
    emit(row, lambda: out.print(status_pages.page(seen)), as_json=as_json)
    if not row["ok"]:
        raise typer.Exit(1)


@app.command()
def deploy(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Bring a Prefect server's deployments and automations in step with the files: the one of `up`, or PREFECT_API_URL's."""
    open_session(home)
    from core.errors import ConfigError
    from flows.in_step import bring_in_step
    from tasks.environment import server_in_use
    from tasks.project import project_root

    if (url := server_in_use(home)) is None:
        raise ConfigError("no Prefect server answers: run `tradewind up`, or set PREFECT_API_URL")
    done = bring_in_step(project_root(), home, url, anew=True)
    emit({"server": url, "messenger": done.messenger}, lambda: out.print(f"in step: {url}", markup=False), as_json=as_json)


@app.command()
def doctor(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Examine everything that trading needs: machine, home, venue, key, Discord, Prefect. Nothing is changed."""
    open_session(home)
    from core.operations.checkup import Outcome
    from flows import status_pages
    from tasks.doctoring import CHECKS, examine
    from tasks.project import project_root

    root = project_root()
    found = []
    for check in CHECKS:
        found.append(examine(check, root, home))
        if not as_json:
            out.print(status_pages.finding(found[-1]))
    ok = all(one.outcome is not Outcome.FAIL for one in found)
    emit({"ok": ok, "checks": found}, lambda: out.print(status_pages.verdict(found)), as_json=as_json)
    if not ok:
        raise typer.Exit(1)
