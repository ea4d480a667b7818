"""The check commands: whether a strategy may be believed, before anybody looks at what it earned."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.arguments import assignment, parameters, period
from flows.console import emit, progress
from flows.options import DEFAULT_HOME, AsJson, End, Home, Start, Venue
from flows.session import open_session

app = typer.Typer()
check = typer.Typer(
    help="Check a strategy: does it look ahead, how long does it warm up, what do costs leave, is the data fit."
)
app.add_typer(check, name="check")

Name = Annotated[str, typer.Argument(metavar="STRATEGY", help="Name of a strategy, such as xsmom.")]
Params = Annotated[str | None, typer.Option("--params", help="Its parameters: 'lookback=168,top=8' or JSON.")]
ReleaseName = Annotated[
    str | None, typer.Option("--release", help="Fingerprint of the release around it; the live one by default.")
]


@check.command()
def lookahead(
    strategy: Name,
    start: Start = None,
    end: End = None,
    venue: Venue = None,
    params: Params = None,
    release: ReleaseName = None,
    cuts: Annotated[int, typer.Option("--cuts", min=1, help="Decisions after which the future is taken away.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which decisions: same seed, same cuts.")] = 0,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Cut the future off, and scramble it: nothing decided before may change by even the last bit."""
    tested = _opened(strategy, params, start, end, venue=venue, release=release, home=home)
    from flows import check_pages
    from tasks.checking import check_lookahead

    with progress("check"):
        done = check_lookahead(*tested, cuts=cuts, seed=seed)
    _answer(
        check_pages.lookahead_row(done), lambda: check_pages.lookahead(done, strategy), ok=done.leak is None, as_json=as_json
    )


@check.command()
def warmup(
    strategy: Name,
    start: Start = None,
    end: End = None,
    venue: Venue = None,
    params: Params = None,
    release: ReleaseName = None,
    decisions: Annotated[int, typer.Option("--decisions", min=1, help="How many of the newest are made again.")] = 20,
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0.0, max=1.0, help="Change that counts as none: of a weight, or a signal.")
    ] = 0.001,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Make the newest decisions again with less and less history: is what the strategy declares enough."""
    tested = _opened(strategy, params, start, end, venue=venue, release=release, home=home)
    from flows import check_pages
    from tasks.checking import check_warmup

    with progress("check"):
        done = check_warmup(*tested, decisions=decisions, tolerance=tolerance)
    _answer(check_pages.warmup_row(done), lambda: check_pages.warmup(done, strategy), ok=done.enough, as_json=as_json)


@check.command()
def costs(
    strategy: Name,
    start: Start = None,
    end: End = None,
    venue: Venue = None,
    params: Params = None,
    release: ReleaseName = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Run the book at none, half, double and triple costs: where does the edge end."""
    tested = _opened(strategy, params, start, end, venue=venue, release=release, home=home)
    from flows import check_pages
    from tasks.checking import check_costs

    with progress("check"):
        done = check_costs(*tested)
    _answer(check_pages.costs_row(done), lambda: check_pages.costs(done, strategy), ok=done.survives, as_json=as_json)


@check.command()
def data(
    strategy: Name,
    start: Start = None,
    end: End = None,
    venue: Venue = None,
    params: Params = None,
    release: ReleaseName = None,
    limit: Annotated[list[str] | None, typer.Option("--limit", help="Another limit: missing=0.02. Repeat for more.")] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Look over the bars it would read: gaps, dead prices, jumps, funding, and how many symbols may be held."""
    limits = [assignment(text, option="--limit", example="missing=0.02") for text in limit or []]
    open_session(home)
    from core.validation.data_limits import DataLimits
    from flows import check_pages
    from tasks.checking import check_data

    allowed = DataLimits.read(dict(limits), subject="--limit")
    done = check_data(*_opened(strategy, params, start, end, venue=venue, release=release, home=home), allowed)
    _answer(check_pages.data_row(done), lambda: check_pages.data(done, strategy), ok=not done.objections, as_json=as_json)


def _opened(
    name: str, params: str | None, start: str | None, end: str | None, *, home: Path, **chosen: str | None
) -> tuple[Any, Any]:
    """Read what was typed, then set the environment, then load: the market, and the release around the strategy."""
    first, stop = period(start, end)
    values = parameters(params)
    open_session(home)
    from tasks.checking import Subject, opened

    return opened(Subject(name, values, start=first, end=stop, **chosen))


def _answer(row: dict[str, Any], page: Callable[[], None], *, ok: bool, as_json: bool) -> None:
    """Print, and leave with 1 when the answer is no."""
    emit({"ok": ok, **row}, page, as_json=as_json)
    if not ok:
        raise typer.Exit(1)
