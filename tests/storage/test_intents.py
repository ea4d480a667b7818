from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.errors import LedgerError
from core.execution.intents import Intent, IntentState

NOW = datetime(2024, 1, 1, 12, tzinfo=UTC)


def intent(link="tw-1", state=IntentState.NEW, at=NOW):
    return Intent(link, "main", 1, at, "BTCUSDT", "entry", 0, "buy", Decimal("0.123456789012345678"), False, at, state)


def test_an_intent_comes_back_as_it_was_added(store):
    assert store.intents.add([intent()]) == 1
    (found,) = store.intents.all(10)
    assert found == intent()
    assert isinstance(found.state, IntentState)


def test_adding_a_known_link_leaves_the_stored_intent_untouched(store):
    store.intents.add([intent()])
    store.intents.update(replace(intent(), state=IntentState.SENT, sent_at=NOW))
    assert store.intents.add([intent(), intent("tw-2")]) == 1
    assert {i.link: i.state for i in store.intents.open()} == {"tw-1": "SENT", "tw-2": "NEW"}


def test_a_batch_with_one_bad_intent_adds_nothing(store):
    with pytest.raises(LedgerError, match="does not fit"):
        store.intents.add([intent(), replace(intent("tw-2"), quantity=Decimal("1e-19"))])
    assert store.intents.all(10) == ()


def test_an_update_changes_what_may_change_and_nothing_else(store):
    store.intents.add([intent(), intent("tw-2")])
    later = NOW + timedelta(seconds=2)
    sent = replace(intent(), state=IntentState.ACKED, order_id="o-1", reason="ok", sent_at=NOW, changed_at=later, epoch=7)
    store.intents.update(replace(sent, quantity=Decimal(99), side="sell"))
    assert store.intents.of_decision("main", NOW) == (sent, intent("tw-2"))


def test_an_intent_that_was_never_added_cannot_change(store):
    with pytest.raises(LedgerError, match="not in the journal"):
        store.intents.update(intent())
    assert store.intents.all(10) == ()


@pytest.mark.parametrize("state", list(IntentState))
def test_only_what_is_not_final_is_open(store, state):
    store.intents.add([intent()])
    store.intents.update(replace(intent(), state=state))
    final = {IntentState.REJECTED, IntentState.DONE, IntentState.DEAD}
    assert len(store.intents.open()) == (state not in final)


def test_intents_are_found_by_their_decision(store):
    store.intents.add([intent("tw-1"), intent("tw-2", at=NOW + timedelta(minutes=1)), intent("tw-0")])
    assert [i.link for i in store.intents.of_decision("main", NOW)] == ["tw-0", "tw-1"]
    assert store.intents.of_decision("other", NOW) == ()


def test_the_newest_intents_come_first(store):
    store.intents.add([intent(f"tw-{n}", at=NOW + timedelta(minutes=n)) for n in range(5)])
    assert [i.link for i in store.intents.all(2)] == ["tw-4", "tw-3"]
