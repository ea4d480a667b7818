"""The watch's hands: what a release lived through is gathered from the store, kept and told. No venue, no lock."""

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from core.deploy.degradation import DegradationLimits
from core.deploy.lived import Claims, Lived, Looks, Stay, lived
from core.deploy.moves import tenure
from core.deploy.release import Release
from core.deploy.stages import StageRules
from core.errors import DataError
from core.market.timeframe import milliseconds, utc
from core.portfolio import run
from core.reporting.notices import watch_notice
from core.reporting.watched import Watched, headline, lines
from core.types import Ints
from storage.activations import Activation
from tasks.notifying import notify
from tasks.research import keep_run, load_market
from tasks.settings import settings
from tasks.stores import store

WHOLE = timedelta(days=30)
"""How far back every look at the account is read; before that one an hour is enough, and a year of minutes is slow."""

NIGHTS_READ = 400
"""Nights among which the one that found the release is looked for, newest first."""


@task(cache_policy=NO_CACHE)
def gather_lived(log: tuple[Activation, ...], until: datetime) -> tuple[Lived, str]:
    """Measure what the account lived through at the live release's stage.

    Parameters
    ----------
    log : every activation, oldest first
    until : a midnight, UTC

    Returns
    -------
    What was measured, with no days before the first whole one; and the hash of the bars it was measured on, empty for none.

    Raises
    ------
    DataError
        When the bars end before `until`.
    """
    life = tenure(log)
    if life[-1].since >= until:
        return Lived(days=0), ""
    stay = _stay(life, until)
    return (lived(stay), stay.market.panel.data_hash) if stay else (Lived(days=0), "")


@task(cache_policy=NO_CACHE)
def keep_watch(watched: Watched, limits: DegradationLimits, data_hash: str, started: datetime) -> None:
    """Store the watch as a run."""
    keep_run("watch", started, limits.canonical_json, asdict(watched), data_hash)


@task(cache_policy=NO_CACHE)
def tell_watch(watched: Watched) -> Watched:
    """Publish the watch; a finding is also an error in the log and a notice."""
    text = "\n".join(f"- {line}" for line in lines(watched))
    create_markdown_artifact(key="watch", markdown=f"# {headline(watched)}\n\n{text}")
    if watched.findings:
        says = "; ".join(finding.says for finding in watched.findings)
        get_run_logger().error("%s: %s", headline(watched), says)
    if notice := watch_notice(watched):
        notify(notice)
    return watched


def _stay(life: tuple[Activation, ...], until: datetime) -> Stay | None:
    """Load a release's stay at its stage; None before the first decision."""
    account, began = settings().account, life[-1].since
    release = Release.model_validate_json(store().releases.get(life[-1].fingerprint).json)
    market = load_market(release, until)
    if (ends := utc(int(market.panel.close_time[-1]))) < until:
        raise DataError(f"{release.venue}: bars end at {ends:%Y-%m-%d %H:%M}, before {until:%Y-%m-%d}: ingest first")
    decisions = store().decisions.all(account)
    due = market.panel.close_time[market.rows]
    late = [milliseconds(d.decision_time) for d in decisions if d.decided_at >= began][:1]
    first = _first(due, [*late, milliseconds(began)])
    if first is None:
        return None
    rules = StageRules()
    return Stay(
        release=release,
        market=market,
        paths=run(market, release),
        claims=_claims(release.fingerprint),
        began=first,
        capital={milliseconds(line.since): rules.capital(line.stage) for line in life},
        looks=_looks(account, until - WHOLE),
        taken=frozenset(milliseconds(d.decision_time) for d in decisions),
        fills=tuple(fill for fill in store().fills.all() if fill.venue == account and fill.at < until),
    )


def _first(due: Ints, moments: list[int]) -> int | None:
    """Return the first decision due at or after any of the moments."""
    later = due[due >= min(moments)]
    return int(later[0]) if len(later) else None


def _looks(account: str, whole_since: datetime) -> Looks:
    seen = store().equity.thinned(account, whole_since)
    return Looks(
        at=np.array([milliseconds(s.at) for s in seen], dtype=np.int64),
        equity=np.array([float(s.equity) for s in seen]),
        gross=np.array([s.gross for s in seen]),
    )


def _claims(fingerprint: str) -> Claims:
    """Read what the release's evidence claims; the rarest drawdown is with the night that found it."""
    evidence: dict[str, Any] = json.loads(store().releases.get(fingerprint).evidence_json)
    if not evidence:
        return Claims()
    nights = (json.loads(night.result_json) for night in store().runs.all("optimize", NIGHTS_READ))
    found: dict[str, Any] = next((night["stress"] for night in nights if night["release"] == fingerprint), {})
    claims = Claims(evidence.get("oos_sharpe"), evidence.get("drawdown_1_in_20"))
    return replace(claims, drawdown_1_in_100=found.get("drawdown_1_in_100"))
