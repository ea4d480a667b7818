"""The commands of an emergency: stop everything, resume, and take over positions that the books do not know."""

from typing import Annotated

import typer

from flows.console import emit, out
from flows.options import DEFAULT_HOME, AsJson, Home, Venue
from flows.session import open_session

app = typer.Typer()

Reason = Annotated[str, typer.Option("--reason", help="Why; it is told with every tick while the stop is set.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this it is only shown.")]


@app.command()
def stop(reason: Reason = "", home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Close every position at the next tick, and open nothing until `resume`."""
    open_session(home)
    from tasks.stopping import set_stop

    place = set_stop(reason)
    emit(
        {"stopped": True, "file": str(place)},
        lambda: out.print(f"stopped: the next tick closes everything. {place} is there until `tradewind resume`", markup=False),
        as_json=as_json,
    )


@app.command()
def resume(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Take the emergency stop back; the account stays flat until the next decision."""
    open_session(home)
    from tasks.stopping import clear_stop

    was_set = clear_stop()
    said = "resumed: the next decision trades again" if was_set else "nothing to resume: the stop was not set here"
    emit({"stopped": False, "was_set": was_set}, lambda: out.print(said), as_json=as_json)


@app.command()
def adopt(yes: Yes = False, venue: Venue = None, home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Have the books take over positions that no order of ours explains: what halts trading until a person has looked."""
    open_session(home)
    from tasks.adopting import adopt_positions

    taken = adopt_positions(venue, really=yes)
    rows = [{"symbol": fill.symbol, "side": fill.side, "quantity": fill.quantity, "price": fill.price} for fill in taken]
    emit(
        {"adopted": yes, "adjustments": rows},
        lambda: out.print(_page(rows, done=yes), markup=False),
        as_json=as_json,
    )


def _page(rows: list[dict[str, object]], *, done: bool) -> str:
    if not rows:
        return "nothing to adopt: the venue's positions are those of the books"
    lines = [f"{row['symbol']}: {row['side']} {row['quantity']} at {row['price']}" for row in rows]
    return "\n".join([*lines, "booked" if done else "not booked: look, then run it again with --yes"])
