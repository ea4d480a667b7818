"""Whose turn it is: exits always, entries under ALLOW, slices one after the other, and nobody past an exit that is unsure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.execution.intents import Intent, IntentState
from core.execution.turns import ENTRY_WAITS, SLICE_PAUSE, may_leave, reason_to_give_up, tried_again
from core.risk.verdict import Verdict

NOW = datetime(2024, 3, 1, tzinfo=UTC)
DUE = NOW - timedelta(minutes=5)
ENTRY = Intent("tw-1", "paper", 1, DUE, "BTCUSDT", "entry", 1, "buy", Decimal(1), False, DUE)
EXIT = replace(ENTRY, link="tw-2", leg="exit", side="sell", reduce_only=True)
states = st.sampled_from(list(IntentState))
verdicts = st.sampled_from(list(Verdict))


@given(states, verdicts)
def test_only_a_new_intent_leaves_and_an_entry_only_under_allow(state, verdict):
    intent = replace(ENTRY, state=state)
    assert may_leave(intent, [intent], verdict, NOW) == (state is IntentState.NEW and verdict is Verdict.ALLOW)


@given(verdicts)
def test_an_exit_waits_for_no_verdict(verdict):
    assert may_leave(EXIT, [EXIT], verdict, NOW)


@pytest.mark.parametrize(
    ("state", "may"), [("NEW", False), ("SENT", False), ("UNKNOWN", False), ("ACKED", True), ("DONE", True), ("DEAD", True)]
)
def test_an_entry_waits_until_the_exit_of_its_symbol_has_surely_arrived(state, may):
    before = replace(EXIT, state=IntentState(state), decision_time=DUE - timedelta(days=1))
    assert may_leave(ENTRY, [before, ENTRY], Verdict.ALLOW, NOW) is may
    assert may_leave(ENTRY, [replace(before, symbol="ETHUSDT"), ENTRY], Verdict.ALLOW, NOW)


@pytest.mark.parametrize(("ago", "may"), [(SLICE_PAUSE - timedelta(seconds=1), False), (SLICE_PAUSE, True)])
def test_a_slice_waits_a_while_after_the_one_before_it(ago, may):
    first, second = replace(EXIT, state=IntentState.DONE, sent_at=NOW - ago), replace(EXIT, link="tw-3", slice=2)
    assert may_leave(second, [first, second], Verdict.ALLOW, NOW) is may
    assert may_leave(second, [first, second], Verdict.FLATTEN, NOW), "what must go goes at once"


def test_what_is_superseded_or_has_waited_too_long_is_given_up():
    assert reason_to_give_up(EXIT, NOW, Verdict.ALLOW, NOW) == "superseded before it was sent"
    assert reason_to_give_up(ENTRY, DUE, Verdict.HALT, NOW) == ""
    assert reason_to_give_up(ENTRY, DUE, Verdict.HALT, DUE + ENTRY_WAITS) == "no entry while HALT"
    assert reason_to_give_up(ENTRY, DUE, Verdict.FLATTEN, NOW) == "no entry while FLATTEN"
    assert reason_to_give_up(EXIT, DUE, Verdict.FLATTEN, DUE + ENTRY_WAITS) == ""


def test_only_the_newest_attempt_that_left_and_died_is_tried_again():
    dead = replace(ENTRY, state=IntentState.DEAD, sent_at=DUE)
    (once,) = tried_again([dead], NOW)
    assert (once.attempt, once.state, once.link == dead.link) == (2, IntentState.NEW, False)
    assert tried_again([dead, once], NOW) == ()
    assert tried_again([replace(dead, sent_at=None)], NOW) == ()
