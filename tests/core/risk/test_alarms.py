from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.risk.alarms import Alarm, changes
from core.risk.verdict import RULES, Finding, Judgement, Verdict

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LOSS = Finding("daily_loss", Verdict.REDUCE_ONLY, "down 5 %")
BOOKS = Finding("book_differs", Verdict.HALT, "positions differ")


def judged(*findings):
    return Judgement(max((finding.verdict for finding in findings), default=Verdict.ALLOW), findings)


def told(before, *findings):
    return changes(frozenset(before), judged(*findings), "main", NOON)


def test_a_rule_that_begins_to_fire_raises_an_alarm():
    assert told((), LOSS) == (Alarm("main", "daily_loss", NOON, True, Verdict.REDUCE_ONLY, "down 5 %"),)


def test_a_rule_that_goes_on_is_silent():
    assert told({"daily_loss"}, LOSS) == ()


def test_a_rule_that_stops_clears_its_alarm_and_says_what_may_be_done_now():
    assert told({"daily_loss"}) == (Alarm("main", "daily_loss", NOON, False, Verdict.ALLOW, "daily loss is over"),)
    assert told({"daily_loss", "book_differs"}, BOOKS)[0].verdict is Verdict.HALT


def test_what_begins_is_told_before_what_ends():
    assert [(alarm.rule, alarm.raised) for alarm in told({"quiet", "daily_loss"}, BOOKS)] == [
        ("book_differs", True),
        ("daily_loss", False),
        ("quiet", False),
    ]


findings = st.lists(st.sampled_from([Finding(rule.name, rule.verdict, "why") for rule in RULES]), unique=True)


@given(st.lists(findings, max_size=6))
def test_the_alarms_of_a_day_tell_what_fires_at_its_end_and_never_the_same_twice(ticks):
    before, ringing = frozenset(), set()
    for tick in ticks:
        judgement = judged(*tick)
        for alarm in changes(before, judgement, "main", NOON):
            assert (alarm.rule in ringing) != alarm.raised
            ringing ^= {alarm.rule}
        before = judgement.raised
        assert ringing == before
