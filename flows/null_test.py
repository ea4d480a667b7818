"""The null test: how often the gate deploys when there is nothing, and finds what is there."""

from typing import Any

from prefect import flow

from core.validation.null_test import NullPlan
from flows.forms import Moment, with_help
from tasks.null_testing import count_markets, tell_counted


@with_help
@flow(name="null-test", timeout_seconds=172_800)
def null_test(
    plan: NullPlan = NullPlan(),  # noqa: B008 - frozen
    venue: str | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    *,
    for_ever: bool = False,
) -> dict[str, Any]:
    """Try the deploy gate on markets whose truth is known, night after night, and count what it deploys.

    What is done is kept: a test that was stopped goes on where it was. A hundred markets take an hour or two.

    Parameters
    ----------
    plan
        What the markets are, how many, and how often the gate looks at each.
    venue
        Whose bars to permute. Only for the kind permuted.
    start
        First bar to permute. Only for the kind permuted.
    end
        Bars to permute open before this. Only for the kind permuted.
    for_ever
        Let key 1 be the e-process, valid for ever, instead of the boundary of a year.
    """
    return tell_counted(count_markets(plan, venue, start, end, for_ever=for_ever))
