"""Stages in life: what the live release has shown in its stage, and the change of it, decided in core and appended here."""

import json
from datetime import datetime
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.transactions import Transaction

from core.deploy.moves import Aim, StageChange, demoted, promoted, rolled_back
from core.deploy.stages import Stage, StageRules, Standing
from core.errors import ConfigError
from core.reporting.notices import change_notice
from storage.activations import Activation
from tasks import clock
from tasks.deploying import remember_for_undo, take_back
from tasks.notifying import notify
from tasks.stores import store

DAY_SECONDS = 86_400.0


@task(cache_policy=NO_CACHE)
def decide_promotion(release: str | None, to: Stage | None, *, force: bool, reason: str) -> tuple[Activation, Aim]:
    """Return what is live and where it would go up to, with every objection.

    Raises
    ------
    ConfigError
        When nothing is live, another release than the one meant is, or the request makes no sense.
    """
    live = live_log(release)[-1]
    return live, promoted(live, to, standing_of(live, clock.now()), StageRules(), force=force, reason=reason)


@task(cache_policy=NO_CACHE)
def decide_demotion(release: str | None, to: Stage | None, *, reason: str) -> tuple[Activation, Aim]:
    """Return what is live and where it goes down to; refuses what `decide_promotion` refuses."""
    log = live_log(release)
    return log[-1], demoted(log, to, reason=reason)


@task(cache_policy=NO_CACHE)
def decide_rollback(release: str | None, to: str | None, *, reason: str) -> tuple[Activation, Aim]:
    """Return what is live and what is put back instead; refuses what was never live."""
    log = live_log(release)
    return log[-1], rolled_back(log, None if to is None else store().releases.get(to).fingerprint, reason=reason)


def live_log(release: str | None) -> tuple[Activation, ...]:
    """Return the activation log, whose last line is live; `release` is the one that is meant, None for whichever is.

    Raises
    ------
    ConfigError
        When nothing is live, the release is unknown, or another one is live.
    """
    log = store().activations.all()
    if not log:
        raise ConfigError("nothing is live yet: run `tradewind trade` or `tradewind optimize` first")
    if release is not None and (name := store().releases.get(release).fingerprint) != log[-1].fingerprint:
        raise ConfigError(f"release {name[:12]} is not live, {log[-1].fingerprint[:12]} is: look at `tradewind releases`")
    return log


def standing_of(live: Activation, now: datetime) -> Standing:
    """Gather what the live release has shown since it was put at its stage; what no watch has measured since is None."""
    days = (now - live.since).total_seconds() / DAY_SECONDS
    fills = sum(fill.kind == "trade" for fill in store().fills.since(live.since))
    return Standing(days, fills, **_watched(live))


def _watched(live: Activation) -> dict[str, float | None]:
    runs = store().runs.all("watch", 1)
    seen: dict[str, Any] = json.loads(runs[0].result_json) if runs and runs[0].started >= live.since else {}
    names = ("tracking_bps_per_day", "slippage_bps", "e_value")
    is_about_this = (seen.get("release"), seen.get("stage")) == (live.fingerprint, live.stage)
    return {name: seen.get(name) if is_about_this else None for name in names}


@task(cache_policy=NO_CACHE)
def enact(action: str, live: Activation, aim: Aim, by: str) -> StageChange:
    """Append the change, unless something speaks against it or it is so already.

    Raises
    ------
    ConfigError
        When what is live has changed since the decision.
    """
    made = Activation(aim.fingerprint, aim.stage, clock.now(), by, aim.reason)
    is_so = (live.fingerprint, live.stage) == (aim.fingerprint, aim.stage)
    if not aim.objections and not is_so:
        remember_for_undo(live, made)
        if not store().activations.append(made, over=live):
            raise ConfigError(f"{action}: what is live has just changed; look at `tradewind releases` and try again")
    return StageChange(
        action=action,
        decision="held" if aim.objections else "nothing" if is_so else "done",
        release=aim.fingerprint,
        stage=aim.stage,
        release_before=live.fingerprint,
        stage_before=live.stage,
        reason=aim.reason,
        objections=aim.objections,
    )


@enact.on_rollback
def _take_back(change: Transaction) -> None:
    take_back(change)


@task(cache_policy=NO_CACHE)
def tell_change(change: StageChange) -> StageChange:
    """Publish what became of the request, with every objection."""
    why = "\n".join(f"- {line}" for line in change.objections or (change.reason,))
    way = f"`{change.release_before[:12]}` at {change.stage_before}, asked for: `{change.release[:12]}` at {change.stage}"
    create_markdown_artifact(key="stage", markdown=f"# {change.action}: {change.decision}\n\n{why}\n\nBefore: {way}")
    if notice := change_notice(change, clock.now()):
        notify(notice)
    return change
