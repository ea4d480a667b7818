"""Results that are kept: named by what went in, read back as they were written.

1. A result is named by the hash of its configuration, its bars and the code: the same backtest again is the same result,
   kept once.
2. What is kept holds no clock and nothing random; when it was first run is the log's business.

Tested in tests/flows/test_cli_backtest.py.
"""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from core.errors import ConfigError
from core.reporting.outcomes import Saved
from storage.runs import Run
from tasks import clock
from tasks.settings import settings
from tasks.stores import store
from tasks.version import core_version

KIND = "backtest"
NAME_LENGTH = 12


def keep(config: dict[str, Any], figures: dict[str, Any], started: datetime) -> str:
    """Keep a result unless it is there already, and return its name.

    Parameters
    ----------
    config : the release and the request it answered
    figures : `Backtested.flat`
    """
    asked, data, version = _text(config), figures["data_hash"], core_version()
    name = hashlib.sha256("\n".join([asked, data, figures["regime_hash"], version]).encode()).hexdigest()[:NAME_LENGTH]
    store().runs.append(Run(name, KIND, started, clock.now(), asked, _text(figures), data, version))
    return name


def saved(limit: int) -> tuple[Saved, ...]:
    """Return the newest results kept, newest first."""
    return tuple(map(_saved, store().runs.all(KIND, limit)))


def saved_as(name: str) -> Saved:
    """Return one result by its name, or the beginning of it.

    Raises
    ------
    ConfigError
        When there is none, or it is not a backtest's.
    """
    found = store().runs.get(name)
    if found.kind != KIND:
        raise ConfigError(f"run {found.id} is of the kind {found.kind}, no backtest: name one that `tradewind results` lists")
    return _saved(found)


def result_path(name: str) -> Path:
    """Return where the page of a result lies."""
    return settings().home / "reports" / "backtests" / f"{name}.html"


def _text(value: Any) -> str:
    """Write records as JSON with sorted keys; what is not a number becomes null, because JSON has no word for it."""
    return json.dumps(json.loads(to_json(value, inf_nan_mode="null")), sort_keys=True, separators=(",", ":"))


def _saved(run: Run) -> Saved:
    page = result_path(run.id)
    return Saved(
        result=run.id,
        at=run.started,
        code_version=run.code_version,
        config=json.loads(run.config_json),
        figures=json.loads(run.result_json),
        path=str(page) if page.exists() else None,
    )
