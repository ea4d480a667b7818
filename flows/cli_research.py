"""The research commands: test a release on stored bars, look at what was saved, search for a better one."""

from typing import Annotated, Any

import typer

from flows.arguments import compared_periods, parameters, period
from flows.console import emit, progress
from flows.options import DEFAULT_HOME, AsJson, End, Home, Start, Venue
from flows.session import open_flow_session, open_session, under_prefect

app = typer.Typer()


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
    periods: Annotated[
        str | None, typer.Option("--periods", help="Compare what 1y,6m,90d,all up to the end of the range would have given.")
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Run a release's book over stored bars, with every cost; keep the result and its page."""
    first, stop = period(start, end)
    chosen, compared = parameters(params), compared_periods(periods)
    open_session(home)
    from flows import result_pages
    from flows.overrides import with_overrides
    from tasks.backtesting import backtest as run
    from tasks.research import release_to_test

    with progress("backtest"):
        tested = with_overrides(release_to_test(venue, release, strategy, chosen, first), override or [])
        done = run(tested, stop, compared)
    emit(done.flat, lambda: result_pages.backtested(done), as_json=as_json)


@app.command()
def results(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RESULT]...", help="Results to show; several are compared. All are listed by default."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list, newest first.")] = 20,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List kept backtests, show one, or compare several side by side."""
    open_session(home)
    from core.reporting.differences import differences
    from flows import result_pages
    from tasks.results import saved, saved_as

    if not names:
        kept = saved(limit + 1)
        listed = kept[:limit]
        emit(
            {"results": [one.flat for one in listed]},
            lambda: result_pages.results(listed, more=len(kept) > limit),
            as_json=as_json,
        )
        return
    chosen = [saved_as(name) for name in dict.fromkeys(names)]
    if len(chosen) == 1:
        emit(chosen[0].flat, lambda: result_pages.result(chosen[0]), as_json=as_json)
        return
    differing = differences([one.config for one in chosen])
    payload = {"results": [one.flat for one in chosen], "differences": differing}
    emit(payload, lambda: result_pages.compared(chosen), as_json=as_json)


@app.command()
def optimize(
    start: Start = None,
    end: End = None,
    trials: Annotated[
        int, typer.Option("--trials", min=1, help="Parameter sets tried in every fold, and over all bars.")
    ] = 100,
    folds: Annotated[int, typer.Option("--folds", min=1, help="Walk-forward folds.")] = 6,
    train_bars: Annotated[
        int | None, typer.Option("--train-bars", min=1, help="Bars that every fold trains on; all before its test by default.")
    ] = None,
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

    asked: dict[str, Any] = {"trials": trials, "folds": folds, "train_bars": train_bars, "seed": seed, "strategy": strategy}
    with progress("optimize"):
        done = under_prefect(lambda: flow(start=first, end=stop, venue=venue, **asked))
    emit(done, lambda: pages.night(done), as_json=as_json)
