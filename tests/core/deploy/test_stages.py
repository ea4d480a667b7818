"""Stages and moves: what a release must have shown, and that asking twice is asking once."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.deploy.moves import demoted, lineage, promoted, rolled_back, tenure
from core.deploy.stages import STAGES, StageRules, Standing, decision_due, entry_stage, promotion, rank, staged
from core.errors import ConfigError

RULES = StageRules()
GOOD = Standing(days=40.0, fills=100, tracking_bps_per_day=5.0, slippage_bps=0.5, e_value=25.0)


@dataclass(frozen=True)
class Line:
    """A line of the activation log."""

    fingerprint: str
    stage: str


def log_of(text):
    """Read ``a:paper a:small b``; the stage of the line before is kept where none is given."""
    lines = []
    for word in text.split():
        name, _, stage = word.partition(":")
        lines.append(Line(name, stage or (lines[-1].stage if lines else "paper")))
    return lines


def at(aim):
    return f"{aim.fingerprint}:{aim.stage}"


numbers = st.none() | st.floats(-10, 100) | st.just(float("nan"))
standings = st.builds(Standing, st.floats(0, 100), st.integers(0, 200), numbers, numbers, numbers)
lines = st.builds(Line, st.sampled_from("abcd"), st.sampled_from(STAGES))
logs = st.lists(lines, min_size=1, max_size=12)


def test_good_standing_moves_up_from_paper_and_from_small():
    assert promotion("paper", GOOD, RULES) == ()
    assert promotion("small", GOOD, RULES) == ()
    assert promotion("full", GOOD, RULES) == ("full is the highest stage",)


@pytest.mark.parametrize(
    ("stage", "enough", "too_little", "says"),
    [
        ("paper", {"days": 14.0}, {"days": 13.99}, "13.9 days in this stage, 14 are needed"),
        ("small", {"days": 30.0}, {"days": 29.0}, "29.0 days in this stage, 30 are needed"),
        ("paper", {"fills": 20}, {"fills": 19}, "19 fills in this stage, 20 are needed"),
        ("small", {"fills": 50}, {"fills": 49}, "49 fills in this stage, 50 are needed"),
        ("paper", {"tracking_bps_per_day": 9.9}, {"tracking_bps_per_day": 10.0}, "strays 10.0 bp a day .* limit 10"),
        ("small", {"slippage_bps": 1.9}, {"slippage_bps": 2.0}, "fills cost 2.0 bp more than the model says, limit 2"),
        ("small", {"slippage_bps": -3.0}, {"slippage_bps": float("nan")}, "fills cost nan bp more"),
        ("small", {"e_value": 20.0}, {"e_value": 19.99}, "live returns has an e-value of 19.99, 20 is needed"),
        ("small", {}, {"e_value": None}, "the evidence of live returns is not known, 20 is needed"),
        ("small", {}, {"tracking_bps_per_day": None}, "how well it tracks its shadow run is not known: run the watch"),
        ("small", {}, {"slippage_bps": None}, "is not known: run the watch first"),
    ],
)
def test_every_hurdle_holds_just_below_and_lets_go_at_it(stage, enough, too_little, says):
    assert promotion(stage, replace(GOOD, **enough), RULES) == ()
    (objection,) = promotion(stage, replace(GOOD, **too_little), RULES)
    assert re.search(says, objection)


def test_paper_may_be_left_unwatched_but_not_with_a_bad_watch():
    unseen = Standing(days=14.0, fills=20)
    assert promotion("paper", unseen, RULES) == ()
    assert len(promotion("paper", replace(unseen, tracking_bps_per_day=99.0, slippage_bps=99.0), RULES)) == 2


@given(standings, st.sampled_from(["paper", "small"]), st.floats(0, 50), st.integers(0, 50))
def test_more_time_and_more_fills_never_add_an_objection(seen, stage, days, fills):
    better = replace(seen, days=seen.days + days, fills=seen.fills + fills)
    assert len(promotion(stage, better, RULES)) <= len(promotion(stage, seen, RULES))


@given(st.dictionaries(st.text("ABC", min_size=1), st.floats(-2, 2)), st.sampled_from(STAGES))
def test_a_stage_never_enlarges_a_weight_and_paper_and_full_change_nothing(targets, stage):
    scaled = staged(targets, RULES.capital(stage))
    assert scaled.keys() == targets.keys()
    assert all(abs(scaled[name]) <= abs(weight) and scaled[name] * weight >= 0 for name, weight in targets.items())
    assert (scaled == targets) or stage == "small"


def test_small_is_a_quarter():
    assert staged({"A": 0.4, "B": -0.2}, RULES.capital("small")) == {"A": 0.1, "B": -0.05}


@pytest.mark.parametrize(
    ("live", "proven", "starts"),
    [
        ("paper", False, "paper"),
        ("paper", True, "paper"),
        ("small", False, "paper"),
        ("small", True, "small"),
        ("full", False, "paper"),
        ("full", True, "small"),
    ],
)
def test_a_challenger_starts_as_a_canary_only_where_proven_money_was_at_work(live, proven, starts):
    assert entry_stage(live, proven=proven) == starts


def up(live, to=None, seen=GOOD, *, force=False, reason=""):
    return promoted(log_of(live)[-1], to, seen, RULES, force=force, reason=reason)


def test_a_promotion_takes_one_stage_with_the_reasons_for_and_against():
    assert at(up("a:paper")) == "a:small"
    assert up("a:paper").reason == "40 days and 100 fills, no objection"
    held = up("a:small", seen=Standing(0.0, 0))
    assert at(held) == "a:full"
    assert len(held.objections) == 4


def test_no_stage_is_skipped_unless_forced_with_a_stage_and_a_reason():
    assert up("a:paper", "full").objections == ("one stage at a time: small comes first",)
    forced = up("a:paper", "full", Standing(0.0, 0), force=True, reason="a test account")
    assert (at(forced), forced.objections, forced.reason) == ("a:full", (), "a test account")
    for to, reason in ((None, "why not"), ("small", "")):
        with pytest.raises(ConfigError, match="forcing needs a stage to promote to and a reason"):
            up("a:paper", to, force=True, reason=reason)


def test_the_stage_it_has_is_nothing_to_do_and_the_wrong_direction_is_named():
    assert up("a:full").reason == up("a:full", "full").reason == "it is full already"
    assert demoted(log_of("a:paper"), None, reason="").reason == "it is paper already"
    with pytest.raises(ConfigError, match="promote: paper is below small; use demote"):
        up("a:small", "paper")
    with pytest.raises(ConfigError, match="demote: full is above small; use promote"):
        demoted(log_of("a:small"), "full", reason="")


@pytest.mark.parametrize(
    ("log", "to", "becomes"),
    [
        ("a:full", None, "a:small"),
        ("a:full a:small", None, "a:small"),
        ("a:full a:small", "paper", "a:paper"),
        ("a:full a:small a:full", None, "a:small"),
        ("a:full b:small", None, "b:paper"),
        ("a:full", "paper", "a:paper"),
    ],
)
def test_a_demotion_without_a_stage_goes_down_once(log, to, becomes):
    assert at(demoted(log_of(log), to, reason="")) == becomes


@pytest.mark.parametrize(
    ("log", "to", "becomes"),
    [
        ("a:paper b", None, "a:paper"),
        ("a:full b:small", None, "a:full"),
        ("a:full b:small c", None, "b:small"),
        ("a:paper a:small b", None, "a:small"),
        ("a:paper b a", None, "a:paper"),
        ("a b c b", None, "b:paper"),
        ("a b c b", "a", "a:paper"),
        ("a b c b d", None, "b:paper"),
        ("a:full b:small b:paper", None, "a:paper"),
        ("a:full b:small b:full b:small", None, "a:small"),
        ("a:full b:small", "b", "b:small"),
    ],
)
def test_a_rollback_goes_back_once_and_gives_no_more_than_a_demotion_left(log, to, becomes):
    assert at(rolled_back(log_of(log), to, reason="")) == becomes


def test_a_rollback_to_nowhere_is_refused():
    with pytest.raises(ConfigError, match="rollback: nothing was live before a"):
        rolled_back(log_of("a a:small"), None, reason="")
    with pytest.raises(ConfigError, match="rollback: release z was never live; choose one of a, b"):
        rolled_back(log_of("a b"), "z", reason="")


@given(logs, st.none() | st.sampled_from("abcd"))
def test_rolling_back_twice_is_rolling_back_once_and_only_to_what_was_live(log, to):
    try:
        aim = rolled_back(log, to, reason="")
    except ConfigError:
        assert to not in {line.fingerprint for line in log}
        assert to is not None or len(lineage(log)) == 1
        return
    after = [*log, Line(aim.fingerprint, aim.stage)]
    assert aim.fingerprint in {line.fingerprint for line in log}
    assert at(rolled_back(after, to, reason="")) == at(aim)
    held = [line.stage for line in log if line.fingerprint == aim.fingerprint]
    assert rank(aim.stage) <= rank(held[-1])


@given(logs, st.none() | st.just("paper"))
def test_demoting_twice_is_demoting_once_and_never_raises(log, to):
    aim = demoted(log, to, reason="")
    assert rank(aim.stage) <= rank(log[-1].stage)
    assert aim.fingerprint == log[-1].fingerprint
    after = [*log, Line(aim.fingerprint, aim.stage)] if at(aim) != at(log[-1]) else log
    assert at(demoted(after, to, reason="")) == at(aim)


@given(logs)
def test_the_lineage_ends_with_what_is_live_and_names_nobody_twice(log):
    line = lineage(log)
    assert line[-1] == log[-1].fingerprint
    assert len(set(line)) == len(line)
    assert line[0] == log[0].fingerprint
    assert {one.fingerprint for one in tenure(log)} == {log[-1].fingerprint}


@pytest.mark.parametrize(("since", "due"), [(-1, 0), (0, 0), (1, 1), (30, 30), (31, 0)])
def test_a_change_since_the_last_close_is_due_by_itself_and_one_that_lies_ahead_is_not(since, due):
    close = datetime(2026, 1, 1, tzinfo=UTC)
    moment = [close + timedelta(minutes=minutes) for minutes in (since, 30, due)]
    assert decision_due(close, moment[0], moment[1]) == moment[2]
