"""Releases and what is live: read on every tick, changed in one transaction, taken back when what follows fails.

1. A release and the line that puts it live are one database transaction: a crash before its end leaves what was live.
2. Inside a Prefect `transaction()`, whatever fails after a deployment takes it back, by one more line in the log.
3. Deploying the same twice is deploying once; what was judged against another release than the live one is refused.

All three are tested in tests/flows/test_stages.py, the first also in tests/storage/test_releases.py.
"""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.transactions import Transaction, get_transaction

from core.deploy.guard import Evidence
from core.deploy.release import Release, baseline
from core.deploy.stages import StageRules, entry_stage
from core.errors import ConfigError, DataError, StoreError
from core.market.timeframe import DAY, bar_ms
from storage.activations import Activation
from storage.frames import Series
from storage.releases import ReleaseRow
from tasks import clock
from tasks.stores import store

NO_EVIDENCE = "{}"
WATCH = "watch"
"""Who changes what is live because it is not what was deployed."""
BASELINE_REASON = "the baseline shipped with Tradewind, on paper until a challenger passes the gate"
RENAMED = "the same as {}, under the name that this version of Tradewind gives it"


class Live(NamedTuple):
    """What is live, the share of the account's capital that its stage may use, and since when: from one line of the log."""

    release: Release
    capital: float
    since: datetime


def is_proven(release: Release) -> bool:
    """Whether the release went live with evidence: the baseline did not, so it need not be beaten."""
    return _has_evidence(release.fingerprint)


def _has_evidence(fingerprint: str) -> bool:
    return store().releases.get(fingerprint).evidence_json != NO_EVIDENCE


@task(cache_policy=NO_CACHE)
def live_release(venue: str, timeframe: str, now: datetime) -> Release:
    """Return what is live for these bars; a home where nothing is gets the baseline, on paper."""
    return _live(venue, timeframe, now).release


def _live(venue: str, timeframe: str, now: datetime) -> Live:
    if (live := read_live(venue, timeframe)) is None:
        make_live(venue, timeframe, now)
        live = read_live(venue, timeframe)
    if live is None:
        raise StoreError("what was just put live is not: is somebody replacing the trading database?")
    return live


def make_live(venue: str, timeframe: str, now: datetime) -> None:
    """Put something live that `read_live` can read: the baseline on paper, or what is live already under its present name."""
    activation = store().activations.live()
    if activation is None:
        release = baseline(venue, timeframe, default_book_start(venue, timeframe))
        first = Activation(release.fingerprint, "paper", now, "tradewind", BASELINE_REASON)
        publish(release, "baseline", NO_EVIDENCE, first)
        return
    row = store().releases.get(activation.fingerprint)
    release = Release.model_validate_json(row.json)
    renamed = Activation(release.fingerprint, activation.stage, now, "tradewind", RENAMED.format(activation.fingerprint[:12]))
    publish(release, row.note, row.evidence_json, renamed, over=activation)


def read_live(venue: str, timeframe: str) -> Live | None:
    """Return what is live with the capital of its stage; None when nothing is, or only under a name of an older version.

    A release is named by its content, so it gets another name when a version adds a setting to all of them.

    Raises
    ------
    DataError
        When it reads the bars of another venue or timeframe.
    """
    with store().trading.read():
        activation = store().activations.live()
        if activation is None:
            return None
        release = Release.model_validate_json(store().releases.get(activation.fingerprint).json)
    if release.fingerprint != activation.fingerprint:
        return None
    if (release.venue, release.timeframe) != (venue, timeframe):
        raise DataError(
            f"the live release {release.fingerprint[:12]} reads {release.venue} {release.timeframe}, not {venue} {timeframe}: "
            f"use a home of its own for each venue"
        )
    return Live(release, StageRules().capital(activation.stage), activation.since)


def days_since_rollback(now: datetime) -> int | None:
    """Return the days since the watch last took a release back; None when it never did."""
    log = store().activations.all()
    taken = [new.since for old, new in pairwise(log) if new.by == WATCH and new.fingerprint != old.fingerprint]
    return (now - taken[-1]).days if taken else None


def default_book_start(venue: str, timeframe: str) -> datetime:
    """Return the first UTC midnight by which the baseline has all the history it looks back on.

    Raises
    ------
    DataError
        When there are no such bars.
    """
    mine = [s for s in store().bars.series() if (s.venue, s.timeframe) == (venue, timeframe)]
    if not mine:
        raise DataError(f"no {timeframe} bars of {venue}: run `tradewind import FILE` or `tradewind ingest` first")
    return _after_warmup(mine, timeframe)


def _after_warmup(mine: list[Series], timeframe: str) -> datetime:
    first = min(series.first for series in mine)
    bars = baseline("any", timeframe, first).warmup_bars
    ready = first + timedelta(milliseconds=bars * bar_ms(timeframe))
    return ready.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(milliseconds=DAY)


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
    stage = entry_stage(live.stage, proven=_has_evidence(live.fingerprint))
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


def publish(release: Release, note: str, evidence: str, activation: Activation, *, over: Activation | None = None) -> bool:
    """Append the release and the line that makes it live, both or neither.

    Returns
    -------
    Whether it is live by this call: not when it was already, or `over` is given and no longer live
    """
    row = ReleaseRow(release.fingerprint, release.canonical_json, activation.since, note, evidence)
    return store().releases.publish(row, activation, store().activations, over=over)


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
