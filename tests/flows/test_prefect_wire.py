"""Prefect's server over plain HTTP: what we post arrives, what we read is what is there."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.notify.delivery import Failed, Refused, Sent
from core.notify.message import Message
from core.notify.notice import Severity
from tasks.prefect_wire import answers, events_message, failed_runs, is_scheduled, post_events
from tests.core.notify.notices import plain_notice

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def url():
    from prefect.settings import PREFECT_API_URL

    return PREFECT_API_URL.value()


def stored_events(url, name):
    import requests

    wanted = {"filter": {"event": {"name": [name]}}, "limit": 50}
    return requests.post(f"{url}/events/filter", json=wanted, timeout=10).json()["events"]


def test_a_notice_is_an_event_once_however_often_it_is_posted(url):
    notice = plain_notice(
        1, event="wire.tried", at=datetime.now(UTC), fields=(("symbol", "BTC"), ("x\ud800", "🜚\x00")), text="t"
    )
    message = events_message([notice, replace(notice, id="n-2", severity=Severity.EVENT)], is_plain=False)
    assert post_events(url, message) == post_events(url, message) == Sent("events")
    end = time.monotonic() + 20
    while len(stored_events(url, "tradewind.wire.tried")) < 2:
        assert time.monotonic() < end
        time.sleep(0.2)
    time.sleep(1)
    events = stored_events(url, "tradewind.wire.tried")
    assert len(events) == 2
    (event,) = [event for event in events if event["payload"]["notice"] == "n-1"]
    assert event["resource"] == {"prefect.resource.id": "tradewind.account.paper", "prefect.resource.name": "paper"}
    assert event["payload"] | {"title": "Bought 1", "text": "t", "severity": "INFO", "symbol": "BTC"} == event["payload"]


def test_a_malformed_event_is_refused_and_an_absent_server_is_only_absent(url):
    assert isinstance(post_events(url, Message((), {"events": [{"nonsense": 1}]})), Refused)
    assert post_events("", Message((), {"events": []})) == Failed("no Prefect server runs")
    assert isinstance(post_events("http://127.0.0.1:9/api", Message((), {"events": []})), Failed)
    assert answers(url)
    assert not answers("http://127.0.0.1:9/api")


def test_a_failed_run_is_found_with_its_flow_and_its_message(url):
    from prefect import flow

    @flow(name="wire-fails")
    def fails():
        raise ValueError("no more bars")

    since = datetime.now(UTC) - timedelta(minutes=1)
    fails(return_state=True)
    (run,) = [run for run in failed_runs(url, since) if run.flow == "wire-fails"]
    assert run.state == "Failed"
    assert "no more bars" in run.message
    assert run.url == f"{url.removesuffix('/api')}/runs/flow-run/{run.flow_run_id}"
    assert failed_runs(url, datetime.now(UTC) + timedelta(minutes=1)) == ()


def test_trading_is_scheduled_while_its_deployment_has_an_active_schedule(url):
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    assert not is_scheduled(url)
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name("trade-for-the-wire")
        schedule = DeploymentScheduleCreate(schedule=CronSchedule(cron="* * * * *"), active=True)
        deployment = client.create_deployment(flow_id=flow_id, name="trade", schedules=[schedule])
        try:
            assert is_scheduled(url)
            client.pause_deployment(deployment)
            assert not is_scheduled(url)
        finally:
            client.delete_deployment(deployment)
    assert flow
