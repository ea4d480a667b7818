import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.execution.band import worth_trading

amount = st.floats(-10, 10)
band = st.floats(0, 1)


@pytest.mark.parametrize(
    ("target", "held", "answer"),
    [
        (1.0, 0.0, True),  # opening
        (0.0, 1.0, True),  # closing
        (-1.0, 1.0, True),  # changing sides
        (0.0, 0.0, False),
        (1.0, 0.75, False),  # the edge of the band is inside
        (1.0, 0.74, True),
        (1.0, 1.25, False),
        (1.0, 1.26, True),
        (-1.0, -0.75, False),
        (-1.0, -0.74, True),
    ],
)
def test_a_position_is_left_alone_inside_a_quarter_of_its_target(target, held, answer):
    assert worth_trading(target, held, 0.25) is answer


@given(amount, band)
def test_what_is_held_exactly_is_never_traded(target, band):
    assert not worth_trading(target, target, band)


@pytest.mark.parametrize("held", [0.0, 1.0, -1.0])
def test_a_target_that_is_none_is_never_worth_trading(held):
    assert not worth_trading(float("nan"), held, 0.0)


@given(amount, amount, band)
def test_long_and_short_are_alike(target, held, band):
    assert worth_trading(target, held, band) == worth_trading(-target, -held, band)


@given(amount, amount, band, band)
def test_a_wider_band_never_trades_more(target, held, one, other):
    narrow, wide = (worth_trading(target, held, b) for b in sorted((one, other)))
    assert narrow or not wide
