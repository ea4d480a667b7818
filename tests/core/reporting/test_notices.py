"""Notices of the slow flows: told once, short, and silent when nothing happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.deploy.degradation import Finding
from core.deploy.lived import Lived
from core.deploy.moves import StageChange
from core.notify.notice import Severity
from core.reporting.night import Night
from core.reporting.notices import SHOWN, change_notice, night_notice, watch_notice
from core.reporting.watched import Watched

AT = datetime(2024, 5, 1, 1, 30, tzinfo=UTC)
RELEASE = "ab12cd34ef56" + "0" * 52


def night(decision="hold", objections=("too few trades",)):
    return Night(decision, objections, RELEASE, RELEASE, 2.411, 0.92, 100, 700, 6, ((2.0, 1.0),), None, None)


def change(decision="done", action="promote"):
    return StageChange(action, decision, RELEASE, "small", "f" * 64, "paper", "because", ())


def watched(*findings):
    return Watched(
        release=RELEASE,
        stage="small",
        since=AT - timedelta(days=9),
        until=AT,
        days=8,
        tracking_bps_per_day=12.0,
        drift_bps_per_day=-1.0,
        slippage_bps=None,
        e_value=None,
        cusum=None,
        findings=findings,
        action="demote" if findings else "none",
        did="demoted from small to paper",
        unjudged=(),
        lived=Lived(days=8),
    )


def test_a_night_that_deploys_is_louder_than_one_that_holds():
    held = night_notice(night(), AT, name="a1", picture="")
    deployed = night_notice(night("deploy", ()), AT, name="a1", picture="x.png")
    assert (held.severity, deployed.severity) == (Severity.INFO, Severity.WARNING)
    assert (held.title, held.text) == ("the night holds: 1 objection", "- too few trades")
    assert (deployed.title, deployed.picture) == ("the night deployed ab12cd34ef56", "x.png")
    assert dict(held.fields)["Sharpe in sample"] == "2.41"


def test_a_night_has_the_id_it_is_kept_under():
    assert (
        night_notice(night(), AT, name="a1", picture="").id
        == night_notice(night(), AT + AT.resolution, name="a1", picture="").id
    )


def test_of_many_objections_a_phone_shows_some_and_says_so():
    said = night_notice(night(objections=tuple(f"objection {k}" for k in range(SHOWN + 3))), AT, name="a", picture="").text
    assert said.splitlines()[-1] == "and 3 more"
    assert len(said.splitlines()) == SHOWN + 1


@pytest.mark.parametrize(("action", "event"), [("promote", "promoted"), ("demote", "demoted"), ("rollback", "rolled_back")])
def test_a_change_of_stage_is_told_by_what_was_done(action, event):
    said = change_notice(change(action=action), AT)
    assert (said.event, said.severity) == (f"release.{event}", Severity.WARNING)
    assert said.title == f"{event.replace('_', ' ')}: ab12cd34ef56 is at small"
    assert dict(said.fields)["before"] == "ffffffffffff at paper"


@pytest.mark.parametrize("decision", ["held", "nothing"])
def test_what_changed_nothing_is_not_told(decision):
    assert change_notice(change(decision), AT) is None


def test_a_watch_speaks_only_of_what_it_found():
    assert watch_notice(watched()) is None
    finding = Finding("demote", "tracking 12.0 bps a day, 10 are allowed")
    said = watch_notice(watched(finding))
    assert (said.event, said.severity) == ("watch.demote", Severity.WARNING)
    assert "12.0 bps" in said.text
    assert said.id == watch_notice(replace(watched(finding), e_value=3.0)).id
