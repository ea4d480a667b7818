"""What is stored comes back, also what was stored before the exchange learned more."""

import json
from decimal import Decimal

import pytest

from core.errors import StoreError
from core.exchange.engine import step
from core.exchange.events import LeverageSet, OrderCancelled, PositionModeSet, PricesMoved
from core.exchange.memory import dump, facts, load
from core.exchange.money import equity
from core.exchange.state import Terms
from tests.core.exchange.account import exchange, found, price, sent

LATER = {
    "state": ("transferred", "liquidity", "barred", "hedge", "restarted"),
    "terms": ("maintenance_rate", "liquidation_bps"),
    "order": ("time_in_force", "stop_loss", "take_profit", "trigger", "trigger_rises", "asleep", "origin", "parent", "cause"),
}


def without(table, keys):
    return {key: value for key, value in table.items() if key not in keys}


def test_a_state_stored_before_the_later_fields_loads():
    state = sent(sent(exchange(terms=Terms()), "buy 1 BTC", "a"), "buy 1 BTC @ 90", "b")
    old = without(json.loads(dump(state)), LATER["state"])
    old["terms"] = without(old["terms"], LATER["terms"])
    old["orders"] = {key: without(order, LATER["order"]) for key, order in old["orders"].items()}
    old["executions"] = [without(row, ("origin",)) for row in old["executions"]]
    loaded = load(json.dumps(old))
    assert loaded == state
    assert equity(price(loaded, "80").state) == equity(price(state, "80").state)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"account": "a"}'])
def test_a_stored_state_that_is_not_one_is_refused_in_one_line(text):
    with pytest.raises(StoreError, match=r"^simulated exchange: [^\n]+$"):
        load(text)


def test_a_state_survives_storage_digit_for_digit():
    state = sent(exchange(terms=Terms()), "buy 1.230 BTC stop 90")
    assert load(dump(state)) == state
    assert dump(load(dump(state))) == dump(state)


def test_only_what_must_be_kept_counts_as_a_change():
    resting = sent(exchange(), "buy 1 BTC @ 90")
    assert facts(price(resting, "95").state) == facts(resting)
    for event in (
        PricesMoved(2_000, {"BTCUSDT": Decimal(90)}),
        OrderCancelled(found(resting).order_id),
        LeverageSet("BTCUSDT", Decimal(2)),
    ):
        assert facts(step(resting, event).state) != facts(resting)
    assert facts(step(exchange(), PositionModeSet(hedge=True)).state) != facts(exchange())
