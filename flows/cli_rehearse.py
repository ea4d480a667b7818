"""The command that rehearses: the live flow over recorded bars, beside the backtest of the same stretch."""

from typing import Annotated, Any

import typer

from flows.arguments import moment, ordered, parameters
from flows.console import emit, out, progress
from flows.options import DEFAULT_HOME, AsJson, Home, Venue
from flows.session import open_flow_session, under_prefect

app = typer.Typer()


@app.command()
def rehearse(
    start: Annotated[str, typer.Option("--start", help="First day (UTC), such as 2024-03-01.")],
    end: Annotated[str, typer.Option("--end", help="Day to stop before (UTC).")],
    every: Annotated[int | None, typer.Option("--every", min=1, help="Bars between decisions, if not the release's.")] = None,
    balance: Annotated[
        float | None, typer.Option("--account-balance", min=1.0, help="Money to start with; the release's capital by default.")
    ] = None,
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
    """Run the live flow over recorded bars on paper, and say how far it ends from the backtest, and why."""
    first, stop, chosen = moment(start, option="--start"), moment(end, option="--end"), parameters(params)
    ordered(first, stop)
    open_flow_session(home)
    from core.reporting.rehearsal import page
    from flows.overrides import with_overrides
    from flows.rehearse import rehearse as flow
    from tasks.rehearsing import require_bars
    from tasks.research import release_to_test

    changed = [*(override or []), *([f"rebalance={every}"] if every else [])]
    require_bars(
        with_overrides(release_to_test(venue, release, strategy, chosen, first), changed), stop
    )  # before a server is waited for
    asked: dict[str, Any] = {"release": release, "strategy": strategy, "params": chosen, "changes": changed, "venue": venue}
    with progress("rehearse"):
        done = under_prefect(lambda: flow(start=first, end=stop, balance=balance, **asked))
    emit(done, lambda: out.print("\n".join(page(done)), markup=False), as_json=as_json)
