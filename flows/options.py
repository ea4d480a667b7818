"""Options that several commands share, each with its help."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[Path, typer.Option("--home", envvar="TRADEWIND_HOME", help="Folder of databases and reports.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, everything else on stderr.")]
Venue = Annotated[str | None, typer.Option("--venue", help="Whose bars; needed only when several venues are stored.")]
Start = Annotated[str | None, typer.Option("--start", help="First day (UTC), such as 2021-01-01.")]
End = Annotated[str | None, typer.Option("--end", help="Day to stop before (UTC).")]
Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="Symbol to fetch; repeat for more. All by default.")]
DEFAULT_HOME = Path("var")
