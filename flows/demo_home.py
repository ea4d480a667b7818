"""The demo's folder: empty at the start, and never one that holds anything of an operator's."""

import shutil
from pathlib import Path

from core.errors import ConfigError

DEFAULT = Path("var/demo")
MARK = ".tradewind-demo"


def fresh_home(wanted: Path | None) -> Path:
    """Return an empty folder for the demo; an earlier demo in it is removed, anything else is refused.

    Raises
    ------
    ConfigError
        When the folder holds something that no demo has made.
    """
    home = wanted or DEFAULT
    if home.exists() and (not home.is_dir() or (any(home.iterdir()) and not (home / MARK).exists())):
        raise ConfigError(f"{home} is not empty: the demo starts from an empty folder, name another with --home")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / MARK).touch()
    return home
