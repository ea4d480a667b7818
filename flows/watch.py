"""The watch: what is live and no longer what was deployed loses capital, or gives way to what it replaced; and why."""

from prefect import flow

from core.deploy.degradation import Action, DegradationLimits, Finding, action_on, judge_degradation
from core.deploy.moves import lineage
from core.deploy.stages import previous_stage
from core.reporting.watched import Watched, unjudged
from flows.forms import Moment, with_help
from flows.stages import demote, rollback
from storage.activations import Activation
from tasks import clock
from tasks.deploying import live_release
from tasks.live_releases import WATCH
from tasks.settings import settings
from tasks.staging import live_log
from tasks.stores import stored_venue
from tasks.watching import gather_lived, keep_watch, tell_watch


@with_help
@flow(name="watch", timeout_seconds=1800)
def watch(at: Moment | None = None, venue: str | None = None) -> Watched:
    """Gather, judge, act, keep, tell. Run twice, it acts once: a release starts its new stage without a past.

    Parameters
    ----------
    at
        Look at everything up to the midnight before this, on recorded bars. Leave empty for the present.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    started, limits = clock.now(), DegradationLimits()
    now = at or started
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    live_release(stored_venue(venue), settings().timeframe, now)
    log = live_log(None)
    seen, data_hash = gather_lived(log, until)
    findings = judge_degradation(seen, limits)
    may_sink, may_return = previous_stage(log[-1].stage) != log[-1].stage, len(lineage(log)) > 1
    action = action_on(findings, may_sink=may_sink, may_return=may_return)
    watched = Watched(
        release=log[-1].fingerprint,
        stage=log[-1].stage,
        since=log[-1].since,
        until=until,
        days=seen.days,
        tracking_bps_per_day=seen.tracking_bps,
        drift_bps_per_day=seen.drift_bps,
        slippage_bps=seen.slippage_bps,
        e_value=seen.e_value,
        cusum=seen.cusum,
        findings=findings,
        action=action,
        did=_act(action, log, findings),
        unjudged=unjudged(seen, limits),
        lived=seen,
    )
    keep_watch(watched, limits, data_hash, started)
    return tell_watch(watched)


def _act(action: Action, log: tuple[Activation, ...], findings: tuple[Finding, ...]) -> str:
    """Do what is asked for, by name, and say what was done."""
    live, reason = log[-1], "; ".join(finding.says for finding in findings)
    if action == "demote":
        change = demote(live.fingerprint, previous_stage(live.stage), reason=reason, by=WATCH)
        return f"demoted from {change.stage_before} to {change.stage}"
    if action == "rollback":
        change = rollback(lineage(log)[-2], live.fingerprint, reason=reason, by=WATCH)
        return f"rolled back to {change.release[:12]}, at {change.stage}"
    return "nothing was changed"
