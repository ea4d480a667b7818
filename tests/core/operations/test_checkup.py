"""Where good ends and bad begins, and a key that can withdraw always fails."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.operations.checkup import GIB, Outcome, bybit_key, clock_skew, packages, room

KEY = {
    "readOnly": 0,
    "permissions": {"ContractTrade": ["Order", "Position"], "Wallet": []},
    "ips": ["203.0.113.7"],
    "deadlineDay": 90,
}
rights = st.lists(st.sampled_from(["Order", "Position", "AccountTransfer", "SpotTrade"]), max_size=3)
keys = st.fixed_dictionaries(
    {
        "readOnly": st.sampled_from([0, 1, "0", "1"]),
        "permissions": st.dictionaries(st.sampled_from(["ContractTrade", "Wallet", "Spot", "Earn"]), rights),
        "ips": st.sampled_from([["*"], [], None, ["203.0.113.7"]]),
        "deadlineDay": st.integers(0, 400),
    }
)


@pytest.mark.parametrize(("gib", "outcome"), [(0.5, Outcome.FAIL), (3, Outcome.WARN), (50, Outcome.OK)])
def test_a_disk_that_fills_up_warns_before_it_fails(gib, outcome):
    assert room("disk", int(gib * GIB)).outcome is outcome


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("seconds", "outcome"), [(0.3, Outcome.OK), (1.5, Outcome.WARN), (4.5, Outcome.FAIL)])
def test_a_clock_that_goes_wrong_either_way_warns_before_the_venue_refuses_us(seconds, outcome, sign):
    assert clock_skew("clock", timedelta(seconds=sign * seconds)).outcome is outcome


def test_packages_that_are_missing_fail_and_others_than_locked_warn():
    locked = {"numpy": "2.4.6", "ccxt": "4.5.90"}
    assert packages("packages", locked, locked).outcome is Outcome.OK
    other = packages("packages", locked, locked | {"ccxt": "4.5.91"})
    assert (other.outcome, other.said) == (Outcome.WARN, "not as locked: ccxt 4.5.91 (locked 4.5.90)")
    missing = packages("packages", locked, {"numpy": "2.4.6"})
    assert (missing.outcome, missing.said) == (Outcome.FAIL, "not installed: ccxt")


def test_a_key_that_trades_contracts_from_one_address_is_well():
    assert bybit_key("key", KEY).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("change", "outcome", "said"),
    [
        ({"readOnly": 1}, Outcome.FAIL, "can only read"),
        ({"permissions": {"ContractTrade": ["Order"]}}, Outcome.FAIL, "lacks Position"),
        ({"ips": ["*"]}, Outcome.WARN, "from any address"),
        ({"deadlineDay": 3}, Outcome.WARN, "ends in 3 days"),
        ({"permissions": KEY["permissions"] | {"Spot": ["SpotTrade"]}}, Outcome.WARN, "more than it needs: Spot"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(change, outcome, said):
    found = bybit_key("key", KEY | change)
    assert found.outcome is outcome
    assert said in found.said
    assert found.remedy


@given(keys)
def test_a_key_that_can_withdraw_fails_whatever_else_it_may(key):
    wallet = [*key["permissions"].get("Wallet", []), "Withdraw"]
    found = bybit_key("key", key | {"permissions": key["permissions"] | {"Wallet": wallet}})
    assert found.outcome is Outcome.FAIL
    assert "CAN WITHDRAW" in found.said


@given(keys)
def test_only_a_key_that_can_trade_is_ever_well(key):
    if bybit_key("key", key).outcome is not Outcome.FAIL:
        assert {"Order", "Position"} <= set(key["permissions"]["ContractTrade"])
        assert str(key["readOnly"]) == "0"
