"""What is live: read on every tick, and written as one line of a log that is only appended to.

A release and the line that puts it live are one database transaction: a crash before its end leaves what was live. Tested in
tests/storage/test_releases.py and tests/flows/test_stages.py. Knows nothing of Prefect, whose import takes a second.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from core.deploy.release import Release, baseline
from core.deploy.stages import StageRules
from core.errors import DataError
from core.market.timeframe import DAY, bar_ms
from storage.activations import Activation
from storage.frames import Series
from storage.releases import ReleaseRow
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


def is_proven(fingerprint: str) -> bool:
    """Whether the release went live with evidence: the baseline did not, so it need not be beaten."""
    return store().releases.get(fingerprint).evidence_json != NO_EVIDENCE


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


def publish(release: Release, note: str, evidence: str, activation: Activation, *, over: Activation | None = None) -> bool:
    """Append the release and the line that makes it live, both or neither.

    Returns
    -------
    Whether it is live by this call: not when it was already, or `over` is given and no longer live
    """
    row = ReleaseRow(release.fingerprint, release.canonical_json, activation.since, note, evidence)
    return store().releases.publish(row, activation, store().activations, over=over)
