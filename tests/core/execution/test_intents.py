import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.execution.intents import (
    FENCE_MARGIN,
    IN_FLIGHT_STATES,
    OPEN_STATES,
    RECEIVE_WINDOW,
    Intent,
    IntentState,
    again,
    answered,
    expired,
    fence,
    link_id,
    orphaned,
    request_of,
    resolved,
    sending,
)
from core.execution.orders import Accepted, Failed, Found, NotFound, NotSent, Rejected, Unknown, VenueOrder

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
TWO = Decimal(2)
FINAL = set(IntentState) - set(OPEN_STATES)
states = st.sampled_from(sorted(IN_FLIGHT_STATES))


def at(second):
    return NOON + timedelta(seconds=second)


def new():
    link = link_id("paper", NOON, "BTCUSDT", "entry", 0)
    return Intent(link, "paper", 1, NOON, "BTCUSDT", "entry", 0, "buy", TWO, reduce_only=False, changed_at=NOON)


def order(status="filled", filled="2"):
    return Found(VenueOrder(new().link, "77", "BTCUSDT", "buy", TWO, Decimal(filled), status))


def found(story, what, second, *, booked="0"):
    return resolved(story, what, booked=Decimal(booked), now=at(second))


def in_state(state):
    return replace(new(), state=state, sent_at=NOON)


def test_an_order_goes_out_is_accepted_filled_and_booked():
    story = new()
    assert story.state == "NEW"
    story = sending(story, epoch=4, now=at(1))
    assert (story.state, story.epoch, story.sent_at) == ("SENT", 4, at(1))
    story = answered(story, Accepted("77"), now=at(2))
    assert (story.state, story.order_id) == ("ACKED", "77")
    story = found(story, order("open", "1"), 3, booked="1")
    assert story.state == "ACKED"
    story = found(story, order("filled", "2"), 4, booked="1")
    assert story.state == "ACKED"  # one of its fills is not in our books yet
    story = found(story, order("filled", "2"), 5, booked="2")
    assert (story.state, story.reason, story.changed_at) == ("DONE", "filled", at(5))


def test_a_lost_answer_ends_by_finding_the_order():
    story = answered(sending(new(), epoch=1, now=at(1)), Unknown("timeout"), now=at(6))
    assert story.state == "UNKNOWN"
    story = found(story, NotFound(at(7)), 7)
    assert story.state == "UNKNOWN"
    story = found(story, order("filled"), 8, booked="2")
    assert (story.state, story.order_id) == ("DONE", "77")


def test_a_lost_answer_ends_by_not_finding_the_order_after_the_fence():
    story = answered(sending(new(), epoch=1, now=at(1)), Unknown("timeout"), now=at(6))
    edge = at(6) + RECEIVE_WINDOW + FENCE_MARGIN
    assert fence(story) == edge
    assert found(story, NotFound(edge), 30) == story
    dead = found(story, NotFound(edge + timedelta(milliseconds=1)), 30)
    assert (dead.state, dead.reason) == ("DEAD", "not at the venue after the fence")


def test_the_fence_is_the_venue_s_receive_window_and_ten_seconds():
    assert timedelta(seconds=5) == RECEIVE_WINDOW
    assert timedelta(seconds=10) <= FENCE_MARGIN


def test_a_rejected_order_is_final():
    story = answered(sending(new(), epoch=1, now=at(1)), Rejected("110007", "not enough balance"), now=at(2))
    assert (story.state, story.reason) == ("REJECTED", "110007: not enough balance")
    assert story.state in FINAL


def test_an_order_that_never_left_may_be_sent_again_or_given_up():
    story = answered(sending(new(), epoch=1, now=at(1)), NotSent("no route"), now=at(2))
    assert story.state == "NEW"
    assert story.state not in IN_FLIGHT_STATES
    assert sending(story, epoch=2, now=at(3)).state == "SENT"
    assert expired(story, now=at(4)).state == "DEAD"


def test_a_cancelled_order_is_done_once_its_fills_are_booked():
    story = in_state(IntentState.ACKED)
    assert found(story, order("cancelled", "1"), 3, booked="0").state == "ACKED"
    assert found(story, order("cancelled", "1"), 4, booked="1").state == "DONE"
    assert found(story, order("cancelled", "0"), 5).state == "DONE"


@given(states, st.integers(0, 10_000), st.decimals(0, 2, places=3))
def test_a_question_that_failed_changes_nothing(state, second, booked):
    story = in_state(state)
    assert resolved(story, Failed("503"), booked=booked, now=at(second)) == story


@given(states, st.integers(-100, 10_000), st.integers(-100, 10_000))
def test_an_order_not_found_before_the_fence_changes_nothing(state, sent, seen):
    story = replace(in_state(state), changed_at=at(sent))
    after = found(story, NotFound(at(seen)), seen)
    assert after == story if seen <= sent + 15 else after.state == "DEAD"


@given(states, st.integers(0, 10_000), st.decimals("0.001", 2, places=3))
def test_an_order_with_a_fill_in_our_books_is_never_declared_dead(state, second, booked):
    """It was there: were it sent again it would be held twice."""
    story = in_state(state)
    after = resolved(story, NotFound(at(second)), booked=booked, now=at(second))
    assert after == story or (after.state == "DONE" and at(second) > fence(story))


@given(states, st.sampled_from(["open", "filled", "cancelled", "rejected"]), st.integers(0, 2), st.integers(0, 2))
def test_a_found_order_is_acknowledged_or_done_and_done_means_booked(state, status, filled, booked):
    after = found(in_state(state), order(status, str(filled)), 1, booked=str(booked))
    assert (after.state == "DONE") == (status != "open" and booked == filled)
    assert after.state in ("ACKED", "DONE")
    assert after.order_id == "77"


def test_the_sender_s_successor_takes_over_and_its_fence_starts_then():
    story = sending(new(), epoch=3, now=at(1))
    assert orphaned(story, epoch=3, now=at(60)) == story  # its sender is us
    taken = orphaned(story, epoch=4, now=at(60))
    assert (taken.state, taken.reason) == ("UNKNOWN", "sender of epoch 3 is gone")
    assert fence(taken) == at(75)


@pytest.mark.parametrize("state", sorted(set(IntentState) - {IntentState.SENT}))
def test_only_an_order_whose_answer_was_never_stored_is_taken_over(state):
    assert orphaned(in_state(state), epoch=9, now=at(60)) == in_state(state)


def test_a_dead_intent_is_tried_again_under_a_link_of_its_own():
    dead = found(replace(in_state(IntentState.UNKNOWN), order_id="77"), NotFound(at(100)), 100)
    second = again(dead, now=at(101))
    assert (second.state, second.attempt, second.order_id, second.sent_at, second.reason) == ("NEW", 1, None, None, "")
    assert second.link == link_id("paper", NOON, "BTCUSDT", "entry", 1) != dead.link
    assert (second.quantity, second.side, second.decision_time) == (dead.quantity, dead.side, dead.decision_time)


def test_what_is_sent_is_what_was_decided():
    request = request_of(replace(new(), side="sell", reduce_only=True))
    assert (request.link, request.symbol, request.side) == (new().link, "BTCUSDT", "sell")
    assert (request.quantity, request.reduce_only, request.price) == (TWO, True, None)


@given(st.text(max_size=80), st.datetimes(timezones=st.just(UTC)), st.text(max_size=80), st.integers(0, 10**9))
def test_a_link_fits_the_venue_and_repeats_with_the_decision(account, moment, symbol, attempt):
    link = link_id(account, moment, symbol, "exit", attempt)
    assert re.fullmatch("[A-Za-z0-9_-]{1,36}", link)
    assert link == link_id(account, moment, symbol, "exit", attempt)


def test_everything_that_names_a_decision_changes_its_link():
    choices = product(("a", "b"), (at(0), at(1)), ("BTCUSDT", "ETHUSDT"), ("exit", "entry"), (0, 1))
    links = [link_id(*choice) for choice in choices]
    assert len(set(links)) == len(links) == 32


def test_open_and_final_states_are_all_there_are():
    assert {IntentState.REJECTED, IntentState.DONE, IntentState.DEAD} == FINAL
    assert set(IN_FLIGHT_STATES) == set(OPEN_STATES) - {IntentState.NEW}
