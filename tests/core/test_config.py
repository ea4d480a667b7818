import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config import Bars, Bps, Config, Fraction
from core.errors import ConfigError


class Tea(Config):
    sugar: Fraction = 0.5
    strength_bps: Bps = 5.0
    minutes: Bars = 3


def refused(**values):
    with pytest.raises(ConfigError) as caught:
        Tea.read(values, subject="tea")
    return str(caught.value)


def test_percent_is_not_a_fraction():
    assert refused(sugar=50).startswith("tea: sugar = 50: ")


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf"), "much", None])
def test_a_fraction_outside_zero_and_one_is_refused(value):
    assert refused(sugar=value).startswith("tea: sugar = ")


@pytest.mark.parametrize("value", [0, -1, 2.5, 100_001])
def test_bars_are_counted_from_one(value):
    assert refused(minutes=value).startswith("tea: minutes = ")


def test_a_misspelt_name_is_answered_with_the_nearest_one():
    assert refused(suger=0.1) == "tea: unknown parameter suger: did you mean sugar?"


def test_a_name_like_no_other_is_answered_with_all_of_them():
    assert refused(milk=1) == "tea: unknown parameter milk: known are sugar, strength_bps, minutes"


def test_every_complaint_is_one_line():
    assert "\n" not in refused(sugar=50, milk=1, minutes=0)


def test_a_config_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Tea().sugar = 0.1


@given(st.permutations([("sugar", 0.1), ("strength_bps", 3.0), ("minutes", 7)]))
def test_the_fingerprint_does_not_depend_on_the_order_of_the_keys(pairs):
    assert Tea(**dict(pairs)).fingerprint == Tea(sugar=0.1, strength_bps=3.0, minutes=7).fingerprint


def test_a_whole_number_for_a_fraction_is_the_same_value():
    assert Tea(sugar=1).fingerprint == Tea(sugar=1.0).fingerprint


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_fingerprint_notices_every_value(one, other):
    assert (Tea(sugar=one).fingerprint == Tea(sugar=other).fingerprint) == (repr(one) == repr(other))


def test_a_config_survives_its_own_json():
    tea = Tea(sugar=0.1, minutes=9)
    assert Tea.model_validate_json(tea.canonical_json) == tea
    assert len(tea.fingerprint) == 64
