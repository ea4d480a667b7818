"""Releases on their way: deployed, taken back, promoted, demoted, rolled back; and the money each stage moves."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from prefect import flow
from prefect.transactions import transaction

from core.deploy.guard import Evidence
from core.errors import ConfigError
from core.execution.orders import Fill
from core.portfolio import newest_decision
from flows.stages import demote, promote, rollback
from flows.trade import trade
from storage.activations import Activation
from storage.runs import Run
from tasks import staging
from tasks.deploying import deploy
from tasks.live_releases import publish
from tasks.stores import store
from tests.flows.recorded import RELEASE, START
from tests.flows.terminal import answer, refusal, tradewind

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

OLD, NEW = RELEASE, RELEASE.model_copy(update={"band": 0.5, "parent": RELEASE.fingerprint})
EVIDENCE = Evidence(**{field.name: 0.0 for field in fields(Evidence)})
LATER = START + timedelta(days=1)


def line(release, stage, since=START):
    return Activation(release.fingerprint, stage, since, "test", "a test")


def live():
    row = store().activations.live()
    return row.fingerprint, row.stage


@pytest.fixture
def old(home):
    """A home where one proven release is live, on paper."""
    publish(OLD, "test", '{"proven":true}', line(OLD, "paper"))


def put(release, *stages):
    for stage in stages:
        publish(release, "test", '{"proven":true}', line(release, stage))


def deployed(*, then=lambda: None):
    """Deploy the new release, and let something follow, as the nightly flow does."""

    @flow
    def night():
        with transaction():
            done = deploy(NEW, EVIDENCE, reason="no objection", now=LATER)
            then()
        return done

    return night()


def test_a_deployment_is_one_line_and_deploying_twice_is_deploying_once(old):
    assert deployed()
    assert not deployed()
    assert live() == (NEW.fingerprint, "paper")
    assert len(store().activations.all()) == 2
    assert set(json.loads(store().releases.get(NEW.fingerprint).evidence_json)) == {field.name for field in fields(Evidence)}


def test_what_replaces_proven_money_starts_as_a_canary(old):
    put(OLD, "small", "full")
    deployed()
    assert live() == (NEW.fingerprint, "small")


def test_whatever_fails_after_a_deployment_takes_it_back_with_a_line_that_says_so(old):
    with pytest.raises(RuntimeError, match="the report could not be written"):
        deployed(then=fail)
    assert live() == (OLD.fingerprint, "paper")
    assert [row.fingerprint for row in store().activations.all()] == [OLD.fingerprint, NEW.fingerprint, OLD.fingerprint]
    assert "taken back: what followed the activation of" in store().activations.live().reason


def test_taking_back_leaves_alone_what_somebody_has_changed_since(old):
    def decided_otherwise():
        put(NEW, "small")
        fail()

    with pytest.raises(RuntimeError, match="the report could not be written"):
        deployed(then=decided_otherwise)
    assert live() == (NEW.fingerprint, "small")


def test_what_was_judged_against_another_release_is_refused_and_not_stored(old):
    put(OLD.model_copy(update={"band": 0.1}), "paper")
    with pytest.raises(ConfigError, match="was judged against .* has gone live since: search again"):
        deployed()
    assert NEW.fingerprint not in [row.fingerprint for row in store().releases.all()]


def test_a_promotion_is_held_with_its_reasons_and_changes_nothing(old):
    held = promote()
    assert (held.decision, held.stage) == ("held", "small")
    assert held.objections == ("0 fills in this stage, 20 are needed",)
    assert live() == (OLD.fingerprint, "paper")


def test_a_promotion_that_has_been_earned_happens_once_because_the_next_takes_time(old):
    store().fills.book(a_fill(n) for n in range(20))
    first, second = promote(), promote(reason="again")
    assert (first.decision, first.stage, first.stage_before) == ("done", "small", "paper")
    assert second.decision == "held"
    assert any(reason.startswith("0.0 days in this stage") for reason in second.objections)
    assert live() == (OLD.fingerprint, "small")


def test_full_asks_for_a_watch_of_this_release_at_this_stage(old):
    put(OLD, "small")
    store().fills.book(a_fill(n) for n in range(50))
    kept_watch("aa", NEW, "small", START)
    assert "how well it tracks its shadow run is not known: run the watch first" in promote().objections
    kept_watch("bb", OLD, "small", START + timedelta(days=1))
    assert promote(to="full", by="ann").decision == "done"
    assert store().activations.live().by == "ann"


def test_a_promotion_that_could_not_be_told_is_taken_back(old, monkeypatch):
    monkeypatch.setattr(staging, "create_markdown_artifact", lambda **_: fail())
    with pytest.raises(RuntimeError, match="the report could not be written"):
        promote(to="full", force=True, reason="in a hurry")
    assert live() == (OLD.fingerprint, "paper")


def test_a_demotion_stands_even_if_nobody_could_be_told(old, monkeypatch):
    put(OLD, "full")
    monkeypatch.setattr(staging, "create_markdown_artifact", lambda **_: fail())
    with pytest.raises(RuntimeError, match="the report could not be written"):
        demote(reason="too hot")
    assert live() == (OLD.fingerprint, "small")


def test_down_and_back_once_each_however_often_they_are_asked_for(old):
    put(OLD, "full")
    put(NEW, "small", "full")
    assert [demote().decision for _ in range(2)] == ["done", "nothing"]
    assert live() == (NEW.fingerprint, "small")
    assert [rollback().decision for _ in range(2)] == ["done", "nothing"]
    assert live() == (OLD.fingerprint, "small")
    assert rollback(to=NEW.fingerprint[:8]).decision == "done"
    assert live() == (NEW.fingerprint, "small")


def test_another_release_than_the_one_meant_is_left_alone(old):
    put(NEW, "small")
    for asked in (promote, demote):
        with pytest.raises(ConfigError, match=f"release {OLD.fingerprint[:12]} is not live"):
            asked(release=OLD.fingerprint)
    with pytest.raises(ConfigError, match="is not live"):
        rollback(release=OLD.fingerprint)


def test_the_live_flow_trades_the_share_of_the_stage_it_reads_on_each_tick(stored):
    noon = START + timedelta(days=40)
    put(RELEASE, "small")
    quarter = trade(at=noon).targets
    put(RELEASE, "paper")
    whole = trade(at=noon + timedelta(hours=RELEASE.rebalance)).targets

    assert quarter == {symbol: weight / 4 for symbol, weight in model(noon).items()}
    assert whole == model(noon + timedelta(hours=RELEASE.rebalance))
    assert any(quarter.values())
    assert store().decisions.at("paper", noon).targets == quarter


@pytest.mark.long
def test_releases_are_shown_compared_and_held_from_the_terminal(old, home):
    put(NEW, "small")
    shown = answer("releases", "show", NEW.fingerprint[:8], home=home)
    assert (shown["live"], shown["stage"], shown["parent"]) == (True, "small", OLD.fingerprint)
    assert shown["release"]["sleeves"][0]["params"]["lookback"] == 96
    assert (shown["evidence"], shown["activations"][0]["reason"]) == ({"proven": True}, "a test")
    page, _ = tradewind("releases", "diff", OLD.fingerprint[:8], NEW.fingerprint[:8], home=home)
    assert f"band: {OLD.band} -> 0.5" in page
    misplaced = refusal("releases", "--home", "elsewhere", "show", "abcdef", home=home)
    assert "put --home after `show`" in misplaced
    page, _ = tradewind("releases", "promote", home=home, code=1)
    assert page.startswith("promote: held\n")
    assert "- 0 fills in this stage, 50 are needed" in page


def model(moment):
    """What the release's own book decides, whatever its stage."""
    panel = store().bars.panel("synthetic", "1h", START, moment)
    return newest_decision(panel, RELEASE).targets


def a_fill(number):
    at = START + timedelta(hours=number)
    one = Decimal(1)
    return Fill("synthetic", "S00USDT", f"e{number}", f"l{number}", "buy", one, one, Decimal(0), "trade", at)


def kept_watch(name, release, stage, started):
    result = {"release": release.fingerprint, "stage": stage, "tracking_bps_per_day": 3.0, "slippage_bps": 0.5, "e_value": 30.0}
    store().runs.append(Run(name, "watch", started, datetime.now(UTC), "{}", json.dumps(result), "", ""))


def fail():
    raise RuntimeError("the report could not be written")
