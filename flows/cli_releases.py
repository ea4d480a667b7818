"""The release commands: what is live and why, what differs, and the way up, down and back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from core.deploy.stages import Stage
from flows.console import emit
from flows.options import DEFAULT_HOME, AsJson, Home
from flows.session import open_flow_session, open_session, under_prefect

if TYPE_CHECKING:
    from core.deploy.moves import StageChange

app = typer.Typer()
group = typer.Typer()
app.add_typer(group, name="releases")

Name = Annotated[str, typer.Argument(metavar="RELEASE", help="Fingerprint, or its first 6 characters or more.")]
Live = Annotated[str | None, typer.Argument(metavar="[RELEASE]", help="The live release, to be sure that it is the one meant.")]
Reason = Annotated[str, typer.Option("--reason", help="Stored in the log.")]


@group.callback(invoke_without_command=True)
def releases(context: typer.Context, home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """List releases: which is live, at which stage, and why. Or show, diff, promote, demote and roll back."""
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    open_session(home)
    from flows import release_pages
    from tasks.releases import release_list

    listed = release_list()
    emit(listed, lambda: release_pages.releases(listed), as_json=as_json)


@group.command()
def show(release: Name, home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Show one release in full: sleeves, sizing, evidence, parent, and when it was live."""
    open_session(home)
    from flows import release_pages
    from tasks.releases import release_detail

    shown = release_detail(release)
    emit(shown, lambda: release_pages.release(shown), as_json=as_json)


@group.command()
def diff(one: Name, other: Name, home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Show in what two releases differ, field by field."""
    open_session(home)
    from flows import release_pages
    from tasks.releases import release_difference

    shown = release_difference(one, other)
    emit(shown, lambda: release_pages.difference(shown), as_json=as_json)


@group.command()
def promote(
    release: Live = None,
    to: Annotated[Stage | None, typer.Option("--to", help="Stage to promote to; the next one by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Whatever speaks against it; needs --to and --reason.")] = False,
    reason: Reason = "",
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Give the live release a higher stage, if nothing speaks against it."""
    open_flow_session(home)
    from flows.stages import promote as flow
    from tasks.staging import decide_promotion

    decide_promotion.fn(release, to, force=force, reason=reason)  # what makes no sense is refused before a server is waited for
    _run(lambda: flow(release=release, to=to, force=force, reason=reason), as_json=as_json)


@group.command()
def demote(
    release: Live = None,
    to: Annotated[Stage | None, typer.Option("--to", help="Stage to demote to; the next lower one by default.")] = None,
    reason: Reason = "",
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Give the live release a lower stage, at once."""
    open_flow_session(home)
    from flows.stages import demote as flow
    from tasks.staging import decide_demotion

    decide_demotion.fn(release, to, reason=reason)
    _run(lambda: flow(release=release, to=to, reason=reason), as_json=as_json)


@group.command()
def rollback(
    release: Live = None,
    to: Annotated[str | None, typer.Option("--to", help="Release to put back; what was live before by default.")] = None,
    reason: Reason = "",
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Put back what was live before, at the stage it had."""
    open_flow_session(home)
    from flows.stages import rollback as flow
    from tasks.staging import decide_rollback

    decide_rollback.fn(release, to, reason=reason)
    _run(lambda: flow(to=to, release=release, reason=reason), as_json=as_json)


def _run(call: "Callable[[], StageChange]", *, as_json: bool) -> None:
    """Run a flow and show what became of it; held back is exit code 1."""
    from flows import release_pages

    done = under_prefect(call)
    emit(done, lambda: release_pages.change(done), as_json=as_json)
    if done.decision == "held":
        raise typer.Exit(1)


def _refuse_options_before(context: typer.Context) -> None:
    # The command would not see them and work in another home.
    for name, option in (("home", "--home"), ("as_json", "--json")):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"put {option} after `{context.invoked_subcommand}`")
