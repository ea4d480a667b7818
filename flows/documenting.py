"""The pages that are written from the code: `python -m flows.documenting` writes them anew where they differ.

tests/test_docs.py fails while one of them is stale.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from flows.cli import app
from tasks.documenting import MARK, configuration_page, environment_example
from tasks.project import project_root

_INTRODUCTION = """\
Every command with its arguments and options, as `--help` says it. What they are for, and what they print:
[the operator's guide](guide.md#commands). Exit codes: 0 done, 1 the answer is no, 2 bad input with one line that says what.
Nearly all of them take these, which are not repeated below:"""

Row = tuple[str, str]


def generated_pages() -> dict[str, str]:
    """Return every generated file: its path in the repository, and what should be in it."""
    return {
        "docs/configuration.md": configuration_page(),
        "docs/commands.md": commands_page(),
        ".env.example": environment_example(),
    }


def commands_page() -> str:
    """Return `docs/commands.md`, in Markdown."""
    contexts = list(leaves(root_context()))
    counted = Counter(row for context in contexts for row in _rows(context))
    shared = [row for row, count in counted.items() if 2 * count > len(contexts)]
    sections = "\n".join(_section(context, shared) for context in contexts)
    return f"{MARK}\n\n# Commands\n\n{_INTRODUCTION}\n\n{_table(shared)}\n{sections}"


def root_context() -> Any:
    """Return the command line's own context, in typer's words."""
    return _context(typer.main.get_command(app), "tradewind", None)


def leaves(context: Any) -> Iterator[Any]:
    """Yield the context of every command below this one that can be run, in the order of the help."""
    commands: dict[str, Any] = getattr(context.command, "commands", {})
    if context.parent and (not commands or context.command.invoke_without_command):
        yield context
    for name, command in commands.items():
        yield from leaves(_context(command, name, context))


def _context(command: Any, name: str, parent: Any) -> Any:
    # Parses nothing, so nothing that is required can be missing.
    return command.context_class(command, info_name=name, parent=parent)


def _section(context: Any, shared: list[Row]) -> str:
    usage = " ".join((context.command_path, *context.command.collect_usage_pieces(context)))
    own = [row for row in _rows(context) if row not in shared]
    says = " ".join((context.command.help or "").split())
    return f"## `{context.command_path}`\n\n{says}\n\n    {usage}\n" + (f"\n{_table(own)}" if own else "")


def _rows(context: Any) -> list[Row]:
    records = (each.get_help_record(context) for each in context.command.get_params(context))
    return [(name.strip(), " ".join(says.split())) for name, says in filter(None, records)]


def _table(rows: list[Row]) -> str:
    lines = (f"| `{name}` | {_cell(says)} |\n" for name, says in rows)
    return "| option | meaning |\n| --- | --- |\n" + "".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write what is stale, and name it."""
    root = project_root()
    for name, text in generated_pages().items():
        path: Path = root / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"{name}: written anew\n")


if __name__ == "__main__":
    main()
