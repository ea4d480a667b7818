"""Promote, demote, roll back: what an operator, or the watch, does to the release that is live."""

from prefect import flow
from prefect.transactions import transaction

from core.deploy.moves import StageChange
from core.deploy.stages import Stage
from flows.forms import with_help
from tasks.staging import decide_demotion, decide_promotion, decide_rollback, enact, tell_change


@with_help
@flow(name="promote", timeout_seconds=600)
def promote(
    release: str | None = None, to: Stage | None = None, *, force: bool = False, reason: str = "", by: str = "operator"
) -> StageChange:
    """Give the live release a higher stage, if nothing speaks against it. Run twice, it is held by the time a stage takes.

    Parameters
    ----------
    release
        Fingerprint of the release that is meant, refused when another is live. Leave empty for the one that is.
    to
        Stage to promote to. Leave empty for the next one.
    force
        Promote whatever speaks against it; needs a stage and a reason.
    reason
        Stored in the log.
    by
        Who asks.
    """
    live, aim = decide_promotion(release, to, force=force, reason=reason)
    with transaction():  # more money moves only if it could be told
        return tell_change(enact("promote", live, aim, by))


@with_help
@flow(name="demote", timeout_seconds=600)
def demote(release: str | None = None, to: Stage | None = None, reason: str = "", by: str = "operator") -> StageChange:
    """Give the live release a lower stage, at once and without questions. Run twice without a stage, it goes down once.

    Parameters
    ----------
    release
        Fingerprint of the release that is meant, refused when another is live. Leave empty for the one that is.
    to
        Stage to demote to. Leave empty for the next lower one.
    reason
        Stored in the log.
    by
        Who asks.
    """
    live, aim = decide_demotion(release, to, reason=reason)
    return tell_change(enact("demote", live, aim, by))


@with_help
@flow(name="rollback", timeout_seconds=600)
def rollback(to: str | None = None, release: str | None = None, reason: str = "", by: str = "operator") -> StageChange:
    """Put back what was live before, at the stage it had. Run twice without a release, it goes back once.

    Parameters
    ----------
    to
        Fingerprint of the release to put back, one that was live. Leave empty for what the live one replaced.
    release
        Fingerprint of the release that is to go, refused when another is live. Leave empty for the one that is.
    reason
        Stored in the log.
    by
        Who asks.
    """
    live, aim = decide_rollback(release, to, reason=reason)
    return tell_change(enact("rollback", live, aim, by))
