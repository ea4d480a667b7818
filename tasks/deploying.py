"""Releases put live, and taken back when what follows fails.

1. Inside a Prefect `transaction()`, whatever fails after a deployment takes it back, by one more line in the log.
2. Deploying the same twice is deploying once; what was judged against another release than the live one is refused.

Both are tested in tests/flows/test_stages.py.
"""

import json
from dataclasses import asdict
from datetime import datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.transactions import Transaction, get_transaction

from core.deploy.guard import Evidence
from core.deploy.release import Release
from core.deploy.stages import entry_stage
from core.errors import ConfigError, StoreError
from storage.activations import Activation
from tasks import clock
from tasks.live_releases import is_proven, make_live, publish, read_live
from tasks.stores import store


@task(cache_policy=NO_CACHE)
def live_release(venue: str, timeframe: str, now: datetime) -> Release:
    """Return what is live for these bars; a home where nothing is gets the baseline, on paper."""
    if (live := read_live(venue, timeframe)) is None:
        make_live(venue, timeframe, now)
        live = read_live(venue, timeframe)
    if live is None:
        raise StoreError("what was just put live is not: is somebody replacing the trading database?")
    return live.release


@task(cache_policy=NO_CACHE)
def deploy(release: Release, evidence: Evidence, *, reason: str, now: datetime) -> bool:
    """Store a release with its evidence and make it live where a challenger starts; the live flow sees it on its next tick.

    Returns
    -------
    Whether anything has changed: False when it is live already

    Raises
    ------
    ConfigError
        When it was made to replace another release than the one that is live.
    """
    live = _replaced_by(release)
    if live.fingerprint == release.fingerprint:
        return False
    stage = entry_stage(live.stage, proven=is_proven(live.fingerprint))
    made = Activation(release.fingerprint, stage, now, "optimize", reason)
    remember_for_undo(live, made)
    if not publish(release, reason, json.dumps(asdict(evidence)), made, over=live):
        raise ConfigError(f"release {release.fingerprint[:12]}: what it was to replace has just changed; search again")
    return True


@deploy.on_rollback
def _take_back(deployment: Transaction) -> None:
    take_back(deployment)


def _replaced_by(release: Release) -> Activation:
    live = store().activations.live()
    if live is None:
        raise ConfigError(f"release {release.fingerprint[:12]} replaces nothing: run `tradewind trade` or `tradewind optimize`")
    if release.parent not in {None, live.fingerprint} and live.fingerprint != release.fingerprint:
        raise ConfigError(
            f"release {release.fingerprint[:12]} was judged against {str(release.parent)[:12]}, and {live.fingerprint[:12]} "
            f"has gone live since: search again"
        )
    return live


def remember_for_undo(before: Activation, made: Activation) -> None:
    """Note in the task's own transaction what `take_back` needs; outside of one there will be no undo."""
    if (running := get_transaction()) is not None:
        running.set("before", before)
        running.set("made", made)


def take_back(undone: Transaction) -> None:
    """Put what was live before back, unless somebody has changed it since: the log grows by a line that says why."""
    before, made = undone.get("before", None), undone.get("made", None)
    if made is not None:
        reason = f"taken back: what followed the activation of {made.fingerprint[:12]} ({made.stage}) failed"
        back = Activation(before.fingerprint, before.stage, clock.now(), "tradewind", reason)
        store().activations.append(back, over=made)
