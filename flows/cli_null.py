"""The null test's command: what the gate lets through when there is nothing, and what it finds when there is something."""

from typing import Annotated, Any

import typer

from core.errors import ConfigError
from core.validation.null_kinds import KINDS
from flows.arguments import period
from flows.console import emit, out, progress
from flows.options import DEFAULT_HOME, AsJson, End, Home, Start, Venue
from flows.session import open_session

app = typer.Typer()


@app.command(name="null-test")
def null_test(
    kind: Annotated[str, typer.Option("--kind", help=f"What the markets are: {', '.join(KINDS)}.")] = "noise",
    markets: Annotated[int, typer.Option("--markets", min=1, help="How many of them.")] = 200,
    nights: Annotated[int, typer.Option("--nights", min=1, help="Nights the gate looks at each, one after the other.")] = 365,
    sharpe: Annotated[
        float | None, typer.Option("--sharpe", help="Planted net Sharpe ratio of the best parameter set; 2 by default.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same markets.")] = 0,
    history: Annotated[int, typer.Option("--history", min=365, help="Days of history before the first night.")] = 730,
    search_every: Annotated[
        int, typer.Option("--search-every", min=1, help="Nights between full searches while the family's key is turned.")
    ] = 28,
    trials: Annotated[int, typer.Option("--trials", min=5, help="Parameter sets per fold of a full search.")] = 20,
    for_ever: Annotated[
        bool, typer.Option("--for-ever", help="Let key 1 be the e-process, valid for ever, not the boundary of a year.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the markets that an earlier run of this test kept.")] = False,
    venue: Venue = None,
    start: Start = None,
    end: End = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Try the deploy gate on markets whose truth is known, night after night, and count what it deploys."""
    first, stop = period(start, end)
    if kind not in KINDS:
        raise ConfigError(f"--kind {kind!r}: known are {', '.join(KINDS)}")
    if sharpe is not None and kind != "planted":
        raise ConfigError(f"--sharpe belongs to --kind planted; {kind} has no edge to size")
    if kind != "permuted" and (venue or start or end):
        raise ConfigError(f"--venue, --start and --end belong to --kind permuted; {kind} invents its markets")
    open_session(home)
    from core.deploy.guard import GuardLimits
    from core.reporting.null_counted import lines
    from core.validation.null_test import NullPlan
    from tasks import null_testing

    asked: dict[str, Any] = {"kind": kind, "markets": markets, "nights": nights, "seed": seed, "trials": trials}
    if sharpe is not None:
        asked["sharpe"] = sharpe
    plan = NullPlan.read({**asked, "history_days": history, "search_every": search_every}, subject="null-test")
    source = null_testing.stored_blocks(venue, first, stop) if kind == "permuted" else None
    with progress("null test"):
        counted = null_testing.null_test(plan, GuardLimits(for_ever=for_ever), source, fresh=fresh)
    emit(counted, lambda: out.print("\n".join(lines(counted)), markup=False), as_json=as_json)
