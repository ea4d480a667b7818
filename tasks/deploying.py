"""Releases and what is live: read on every tick, changed in one append."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from core.deploy.guard import Evidence
from core.deploy.release import Release, baseline
from core.errors import DataError
from core.market.timeframe import DAY, bar_ms
from storage.activations import Activation
from storage.frames import Series
from storage.releases import ReleaseRow
from tasks.stores import store

NO_EVIDENCE = "{}"
BASELINE_REASON = "the baseline shipped with Tradewind, on paper until a challenger passes the gate"


def is_proven(release: Release) -> bool:
    """Whether the release went live with evidence: the baseline did not, so it need not be beaten."""
    return store().releases.get(release.fingerprint).evidence_json != NO_EVIDENCE


@task(cache_policy=NO_CACHE)
def live_release(venue: str, timeframe: str, now: datetime) -> Release:
    """Return what is live for these bars; a home where nothing is gets the baseline, on paper."""
    activation = store().activations.live()
    if activation is None:
        release = baseline(venue, timeframe, default_book_start(venue, timeframe))
        publish(release, "baseline", NO_EVIDENCE, Activation(release.fingerprint, "paper", now, "tradewind", BASELINE_REASON))
        return release
    release = Release.model_validate_json(store().releases.get(activation.fingerprint).json)
    if (release.venue, release.timeframe) != (venue, timeframe):
        raise DataError(
            f"the live release {release.fingerprint[:12]} reads {release.venue} {release.timeframe}, not {venue} {timeframe}: "
            f"use a home of its own for each venue"
        )
    return release


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
def deploy(release: Release, evidence: Evidence, *, reason: str, now: datetime) -> None:
    """Store a release with its evidence and make it live at its stage; the live flow sees it on its next tick."""
    live = store().activations.live()
    stage = live.stage if live else "paper"
    publish(release, reason, json.dumps(asdict(evidence)), Activation(release.fingerprint, stage, now, "optimize", reason))


def publish(release: Release, note: str, evidence: str, activation: Activation) -> None:
    """Append the release, then the line that makes it live: a crash in between leaves the old one live."""
    store().releases.add(ReleaseRow(release.fingerprint, release.canonical_json, activation.since, note, evidence))
    store().activations.append(activation)


def release_list() -> dict[str, Any]:
    """Return what is live, and every release with its stage changes, newest first."""
    live, log = store().activations.live(), store().activations.all()
    return {
        "live": {"fingerprint": live.fingerprint, "stage": live.stage, "since": live.since, "reason": live.reason}
        if live
        else None,
        "releases": [_listed(row, live, log) for row in reversed(store().releases.all())],
    }


def _listed(row: ReleaseRow, live: Activation | None, log: tuple[Activation, ...]) -> dict[str, Any]:
    release = Release.model_validate_json(row.json)
    last = next((line for line in reversed(log) if line.fingerprint == row.fingerprint), None)
    return {
        "fingerprint": row.fingerprint,
        "created_at": row.created_at,
        "live": live is not None and live.fingerprint == row.fingerprint,
        "stage": last.stage if last else None,
        "reason": last.reason if last else row.note,
        "venue": release.venue,
        "timeframe": release.timeframe,
        "sleeves": len(release.sleeves),
        "parent": release.parent,
    }
