"""The watch in life: a healthy account is left alone, bad fills cost capital, a fall beyond the evidence the release."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.backtest.costs import CostConfig
from core.errors import DataError
from flows.trade import trade
from flows.watch import watch
from storage.activations import Activation
from storage.equity import Snapshot
from tasks.live_releases import publish
from tasks.stores import store
from tests.flows.recorded import DAYS, RELEASE, START

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server", "stored")]

FIRST = START + timedelta(days=40)
DAILY = RELEASE.model_copy(update={"rebalance": 24})
"""One decision a day, so that a week takes seven ticks."""
SOON = timedelta(minutes=30)
EVIDENCE = json.dumps({"oos_sharpe": 2.0, "drawdown_1_in_20": -0.2})


def live(release, stage, *, since=FIRST, evidence=EVIDENCE):
    publish(release, "test", evidence, Activation(release.fingerprint, stage, since, "test", "a test"))


def days(first, last):
    return [FIRST + timedelta(days=day) for day in range(first, last)]


def look(at, equity):
    assert store().equity.append(Snapshot(at, "paper", Decimal(equity), Decimal(equity), 0.5, "ALLOW", ""))


def kept():
    return json.loads(store().runs.all("watch", 1)[0].result_json)


@pytest.mark.long
def test_fills_that_get_worse_cost_the_release_its_capital_once_and_the_watch_says_why(monkeypatch, market):
    live(DAILY, "small")
    # The recording ends after one of its symbols did; it was still traded then.
    store().instruments.record([replace(rules, active=True) for rules in market.instruments], FIRST)
    for midnight in days(0, 6):
        trade(at=midnight)
    well = watch(at=midnight + SOON)

    assert (well.action, well.findings, well.days) == ("none", (), 5)
    assert well.tracking_bps_per_day < 3
    assert abs(well.slippage_bps) < 2
    assert store().activations.live().stage == "small"

    monkeypatch.setattr("tasks.connecting.CostConfig", lambda: CostConfig(half_spread_bps=60))
    for midnight in days(6, 8):
        trade(at=midnight)
    worse = watch(at=midnight + SOON)

    assert worse.action == "demote"
    assert "more than the model's spread and impact, limit 6" in worse.findings[0].says
    assert worse.did == "demoted from small to paper"
    now_live = store().activations.live()
    assert (now_live.fingerprint, now_live.stage, now_live.by) == (DAILY.fingerprint, "paper", "watch")
    assert now_live.reason == "; ".join(finding.says for finding in worse.findings)
    assert kept()["slippage_bps"] == worse.slippage_bps

    again = watch(at=midnight + SOON)
    assert (again.action, again.days) == ("none", 0)
    assert len(store().activations.all()) == 3  # the fixture's, the test's, the watch's


def test_a_fall_beyond_the_evidence_puts_back_what_the_release_replaced():
    keep_night_with(DAILY.fingerprint, {"drawdown_1_in_100": -0.3})
    live(DAILY, "paper")
    for number, midnight in enumerate(days(0, 8)):
        look(midnight, 100_000 if number < 4 else 65_000)
    watched = watch(at=midnight + SOON)

    assert watched.findings[0].says == "down 35.0% from the peak; one year in 100 was predicted to lose 30.0%"
    assert (watched.action, watched.did) == ("rollback", f"rolled back to {RELEASE.fingerprint[:12]}, at paper")
    assert store().activations.live().fingerprint == RELEASE.fingerprint
    assert watch(at=midnight + SOON).action == "none"
    assert len(store().activations.all()) == 3


def keep_night_with(release, stress):
    from tasks.clock import now
    from tasks.research import keep_run

    keep_run("optimize", now(), "{}", {"release": release, "stress": stress}, "")


def test_a_first_day_is_not_judged_and_says_so():
    live(DAILY, "small")
    look(FIRST, 100_000)
    watched = watch(at=FIRST + timedelta(days=1) + SOON)
    assert (watched.action, watched.days, watched.findings) == ("none", 1, ())
    assert watched.unjudged == ("nothing is judged yet: 1 whole days at this stage, 5 are needed",)
    assert {"release", "stage", "days", "tracking_bps_per_day", "drift_bps_per_day"} <= kept().keys()
    assert {"slippage_bps", "e_value", "cusum", "findings", "action"} <= kept().keys()


def test_bars_that_end_too_early_are_refused_not_taken_for_a_quiet_market():
    live(DAILY, "small")
    with pytest.raises(DataError, match="synthetic: bars end at 2024-03-01 00:00, before 2024-03-04: ingest first"):
        watch(at=START + timedelta(days=DAYS + 3))
