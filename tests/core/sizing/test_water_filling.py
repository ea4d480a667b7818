import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.sizing.water_filling import fill_to_cap

weights = arrays(float, st.integers(1, 12), elements=st.floats(0.0, 1.0).map(lambda w: round(w, 4)))
caps = st.floats(0.01, 1.0)


@given(weights, caps)
def test_the_sum_is_kept_or_every_cap_is_full(raw, cap):
    held = np.count_nonzero(raw)
    assert fill_to_cap(raw, cap).sum() == pytest.approx(min(raw.sum(), cap * held), abs=1e-9)


@given(weights, caps)
def test_no_cap_is_broken_and_no_order_is_turned(raw, cap):
    filled = fill_to_cap(raw, cap)
    assert (filled <= cap + 1e-12).all()
    assert (filled >= np.minimum(raw, cap) - 1e-12).all()
    assert (np.diff(filled[np.argsort(raw, kind="stable")]) >= -1e-12).all()


@given(weights, caps)
def test_doing_it_twice_is_doing_it_once(raw, cap):
    once = fill_to_cap(raw, cap)
    assert fill_to_cap(once, cap) == pytest.approx(once, abs=1e-9)


def test_what_is_below_the_cap_is_left_alone():
    raw = np.array([0.1, 0.0, 0.2])
    assert fill_to_cap(raw, 0.2).tolist() == raw.tolist()


def test_nothing_is_given_to_what_was_not_held():
    assert fill_to_cap(np.array([0.9, 0.1, 0.0]), 0.3).tolist() == [0.3, 0.3, 0.0]
