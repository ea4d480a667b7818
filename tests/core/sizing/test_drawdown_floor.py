import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sizing.drawdown_floor import grossman_zhou
from core.sizing.kelly import kelly_weights

shares = st.floats(0.05, 1.0)


@given(shares, st.floats(0.0, 0.99))
def test_less_is_held_the_nearer_the_floor_and_nothing_at_it(equity, floor):
    held = grossman_zhou(0.4, 0.5, equity, floor=floor)
    assert 0.0 <= held <= grossman_zhou(0.4, 0.5, min(1.1 * equity, 1.0), floor=floor) + 1e-12
    assert (held > 0.0) == (equity > floor)


def test_without_a_floor_it_is_kelly():
    assert grossman_zhou(0.4, 0.5, 0.7, floor=0.0) == pytest.approx(kelly_weights([0.4], [[0.25]])[0])
