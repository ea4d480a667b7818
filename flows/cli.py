"""The terminal's door: the commands stand in the files beside this one, what they do in the flows.

Exit codes: 0 done; 1 the command ran and the answer is no; 2 bad usage or bad input, with one line saying what and where.
"""

import atexit
import contextlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from core.errors import TradewindError
from flows import (
    cli_archive,
    cli_check,
    cli_data,
    cli_exchange,
    cli_live,
    cli_notify,
    cli_null,
    cli_rehearse,
    cli_releases,
    cli_research,
    cli_stop,
    cli_up,
)
from flows.console import err

REFUSED, INTERRUPTED = 2, 130

app = typer.Typer(
    name="tradewind",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"tradewind {version('tradewind')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Run a systematic crypto portfolio as Prefect flows. Start with `tradewind demo`."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


PARTS = (
    cli_data,
    cli_archive,
    cli_research,
    cli_check,
    cli_null,
    cli_releases,
    cli_live,
    cli_up,
    cli_notify,
    cli_stop,
    cli_rehearse,
    cli_exchange,
)

for part in PARTS:
    app.add_typer(part.app)


def main() -> None:
    """Run the command line, and leave with its exit code."""
    atexit.register(_hush)
    sys.exit(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default this process's own, and return its exit code; a refusal is one line on stderr."""
    try:
        code = app(args=arguments, standalone_mode=False)
    except TradewindError as error:
        return _refuse(str(error))
    except typer.TyperException as error:  # wrong usage; its own words name the option
        return _refuse(getattr(error, "format_message", error.__str__)())
    except OSError as error:
        return _refuse(f"{error.filename or 'the system'}: {error.strerror or error}")
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _hush() -> None:
    # Registered first, so it runs last: DuckDB's binding reports its own leaks while the interpreter is torn down.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _refuse(message: str) -> int:
    err.print(f"tradewind: {' '.join(message.split())}", markup=False, soft_wrap=True)
    return REFUSED
