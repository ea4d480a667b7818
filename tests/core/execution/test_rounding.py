from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.execution.rounding import round_price, round_quantity, to_decimal

quantity = st.decimals(-(10**6), 10**6, places=9)
grain = st.sampled_from([Decimal(x) for x in ("0.001", "0.01", "0.1", "1", "10", "0.5", "0.00001")])


@pytest.mark.parametrize(("value", "text"), [(0.1, "0.1"), (1e-7, "1E-7"), (64000.5, "64000.5"), (-2.0, "-2.0"), (3, "3.0")])
def test_a_float_becomes_the_decimal_it_is_written_as(value, text):
    assert to_decimal(value) == Decimal(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_decimal_reads_back_as_its_float(value):
    assert float(to_decimal(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_money(value):
    with pytest.raises(DataError, match="is not an amount of money"):
        to_decimal(value)


@given(quantity, grain)
def test_a_quantity_is_on_the_grid_and_never_larger(quantity, step):
    out = round_quantity(quantity, step)
    assert out % step == 0
    assert abs(out) <= abs(quantity)
    assert abs(quantity) - abs(out) < step
    assert out * quantity >= 0


@given(quantity, grain)
def test_rounding_twice_is_rounding_once(quantity, step):
    assert round_quantity(round_quantity(quantity, step), step) == round_quantity(quantity, step)
    assert round_price(round_price(quantity, step), step) == round_price(quantity, step)


@given(quantity, grain)
def test_a_price_goes_to_the_nearest_tick(price, tick):
    out = round_price(price, tick)
    assert out % tick == 0
    assert abs(out - price) * 2 <= tick
