"""The story of a tick: quiet minutes have none, and every reason of the others is in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import nan

from core.execution.intents import Intent, IntentState
from core.execution.orders import Position
from core.reporting.tick import Tick
from core.reporting.tick_story import is_news, is_turn, moved, order_rows, position_rows, story
from core.risk.alarms import Alarm
from core.risk.verdict import Verdict

AT = datetime(2024, 5, 1, 0, 3, tzinfo=UTC)
D = Decimal


def order(changed_at=AT - timedelta(minutes=2)):
    return Intent(
        "tw-1", "paper", 1, AT, "AAA", "entry", 1, "buy", D(2), False, changed_at, state=IntentState.DONE, reason="filled"
    )


QUIET = Tick(
    at=AT,
    release="ab12cd34ef56" + "0" * 52,
    decision_time=AT.replace(minute=0),
    verdict="ALLOW",
    reasons=(),
    targets={"AAA": 0.25, "BBB": -0.1, "CCC": 0.0, "DDD": nan},
    orders=(order(),),
    skipped=(),
    equity=D(1000),
    positions=(Position("AAA", D(2), D(100), D(110), D(20)), Position("DDD", D(-1), D(50), D(40), D(10))),
)
ALARM = Alarm("paper", "drawdown", AT, True, Verdict.HALT, "down 21 %")


def test_a_quiet_minute_has_no_story_and_no_picture():
    assert not is_news(QUIET)
    assert not is_turn(QUIET)


def test_a_decision_and_an_alarm_are_worth_a_picture_and_an_order_that_moved_a_story():
    assert is_turn(replace(QUIET, decided=True))
    assert is_turn(replace(QUIET, alarms=(ALARM,)))
    late = replace(QUIET, orders=(order(AT),))
    assert (is_news(late), is_turn(late), moved(late)) == (True, False, late.orders)


def test_a_held_back_minute_says_why():
    held = replace(QUIET, verdict="HALT", reasons=("down 21 %", "no bar"), skipped=("AAA: too small",), alarms=(ALARM,))
    told = story(held)
    assert all(words in told for words in ("**HALT**", "- down 21 %", "- no bar", "- AAA: too small", "raised: down 21 %"))


def test_the_story_names_the_decision_and_whether_it_is_new():
    assert "decision of 2024-05-01 00:00 UTC, taken before" in story(QUIET)
    assert "taken in this tick" in story(replace(QUIET, decided=True))


def test_positions_stand_beside_their_targets_and_what_is_wanted_but_not_held_is_there():
    rows = {row["symbol"]: row for row in position_rows(QUIET)}
    assert list(rows) == ["AAA", "BBB", "DDD"]
    assert (rows["AAA"]["weight"], rows["AAA"]["target"]) == ("22.00%", "25.00%")
    assert (rows["BBB"]["quantity"], rows["BBB"]["target"]) == ("0", "-10.00%")
    assert (rows["DDD"]["weight"], rows["DDD"]["target"]) == ("-4.00%", "left alone")


def test_orders_are_listed_as_they_stand():
    (row,) = order_rows(QUIET)
    assert (row["symbol"], row["state"], row["reason"]) == ("AAA", "DONE", "filled")
