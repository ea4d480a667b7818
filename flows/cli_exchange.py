"""The simulated exchange by itself: a Bybit of one's own, on stored or invented bars."""

import sys
from decimal import Decimal
from math import isfinite
from typing import Annotated

import typer

from core.errors import ConfigError
from flows.arguments import period
from flows.console import emit, out
from flows.options import DEFAULT_HOME, AsJson, Home
from flows.session import open_session
from tasks.stoppable import until_asked_to_stop

SYNTHETIC = "synthetic"

app = typer.Typer()


@app.command()
def exchange(
    bars: Annotated[str, typer.Option("--bars", help="Venue whose stored bars are lived through, or synthetic.")] = SYNTHETIC,
    start: Annotated[str | None, typer.Option("--start", help="When it opens (UTC); what was before can be read.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="When its clock stops (UTC).")] = None,
    timeframe: Annotated[str, typer.Option("--timeframe", help="Stored bars to use.")] = "1h",
    speed: Annotated[
        float, typer.Option("--speed", min=0, help="Times real time; 0 stands still until POST /sim/advance.")
    ] = 60,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    balance: Annotated[float, typer.Option("--balance", min=0, help="USDT in the account.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which synthetic market, and which liberties.")] = 7,
    liquidity: Annotated[
        float | None,
        typer.Option("--liquidity", min=0, max=1, help="Fraction of a bar's volume you may trade; all by default."),
    ] = None,
    lag_ms: Annotated[int, typer.Option("--lag-ms", min=0, help="Milliseconds by which private lists trail behind.")] = 0,
    whims: Annotated[bool, typer.Option("--whims", help="Unheard-of fields appear, optional ones go missing.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Run a simulated Bybit for any client, until Ctrl-C. Nothing here is real money."""
    first, last = period(start, end)
    money = _money(balance)
    if bars != SYNTHETIC:
        open_session(home)
    from tasks import exchange_serving as serving

    if bars == SYNTHETIC:
        recording = serving.synthetic_recording(first, last, seed=seed)
    else:
        recording = serving.stored_recording(bars, timeframe, first, last)
    service = serving.Service(_pace(speed), port, money, liquidity, lag_ms, seed if whims else None)
    wait = until_asked_to_stop()
    with serving.served(recording, service) as server:
        row = serving.described(server, recording, service)
        emit(row, lambda: _page(row, serving.snippet(server.url)), as_json=as_json)
        sys.stdout.flush()
        wait()


def _money(amount: float) -> Decimal:
    if not 0 < amount < float("inf"):
        raise ConfigError(f"--balance {amount}: give a positive number of USDT")
    return Decimal(str(amount))


def _pace(speed: float) -> float:
    if not isfinite(speed):
        raise ConfigError(f"--speed {speed}: give a number of times, such as 60, or 0 to stand still")
    return speed


def _page(row: dict[str, object], snippet: str) -> None:
    out.print(f"simulated Bybit  {row['url']}", markup=False)
    out.print(f"API key          {row['api_key']}", markup=False)
    out.print(f"secret           {row['secret']}", markup=False)
    out.print(f"its time         {row['now']} to {row['end']}, {row['pace']}", markup=False)
    out.print(f"symbols          {row['symbols']}", markup=False)
    out.print(f"\n{snippet}\n", markup=False)
    out.print("Ctrl-C ends it.", markup=False)
