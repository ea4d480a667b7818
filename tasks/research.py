"""Research: what is computed on, loaded once; and what came of it, kept."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import to_json

from core.deploy.release import Release, Sleeve, baseline
from core.errors import ConfigError
from core.market.timeframe import bar_ms
from core.portfolio import Market, prepare
from storage.runs import Run
from tasks import clock
from tasks.live_releases import default_book_start
from tasks.settings import settings
from tasks.stores import store, stored_venue
from tasks.version import core_version


def load_market(release: Release, end: datetime | None) -> Market:
    """Return the bars a release's book reads, from its warm-up to `end`, and what all its parameters share.

    Raises
    ------
    ConfigError
        When the range is empty.
    DataError
        When there is no bar in it.
    """
    if end is not None and end <= release.book_start:
        raise ConfigError(f"start {release.book_start:%Y-%m-%d} is not before end {end:%Y-%m-%d}: swap them or widen the range")
    warmup = timedelta(milliseconds=release.warmup_bars * bar_ms(release.timeframe))
    return prepare(store().bars.panel(release.venue, release.timeframe, release.book_start - warmup, end), release)


def release_to_test(
    venue: str | None, fingerprint: str | None, strategy: str | None, params: dict[str, Any], start: datetime | None
) -> Release:
    """Return the release named, or the live one, or the baseline; with one strategy instead if that is asked for.

    Raises
    ------
    ConfigError
        For an unknown release, strategy or parameter, or parameters without a strategy.
    """
    if params and not strategy:
        raise ConfigError("--params needs --strategy: name the strategy they belong to")
    name, timeframe = stored_venue(venue), settings().timeframe
    live = store().activations.live()
    chosen = fingerprint or (live.fingerprint if live else None)
    if chosen:
        release = Release.model_validate_json(store().releases.get(chosen).json)
    else:
        release = baseline(name, timeframe, default_book_start(name, timeframe))
    changes: dict[str, Any] = {"venue": name, "book_start": start or release.book_start}
    if strategy:
        changes["sleeves"] = (Sleeve(strategy=strategy, params=params),)
    return release.model_copy(update=changes)


def new_run_id() -> str:
    """Return a name for a run that is kept later."""
    return uuid.uuid4().hex[:12]


def keep_run(kind: str, started: datetime, config: str, result: object, data_hash: str, run_id: str | None = None) -> str:
    """Append a run to the research store and return its id; what is not a number is kept as null, JSON has no word for it."""
    name = run_id or new_run_id()
    text = json.dumps(json.loads(to_json(result, inf_nan_mode="null")), sort_keys=True)
    store().runs.append(Run(name, kind, started, clock.now(), config, text, data_hash, core_version()))
    return name
