import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.validation.drawdown_monoid import EMPTY, bar, join, row, spans, stretch, windows

moderate = st.floats(-0.5, 0.5, allow_subnormal=False)
stretches = st.lists(moderate, max_size=12)
with_ruin = st.lists(moderate | st.just(-np.inf), max_size=12)


def span_by_definition(logs):
    """Total, top, bottom and fall as the module's docstring defines them, pair by pair."""
    prefix = [0.0]
    for log in logs:
        prefix.append(prefix[-1] + log)
    pairs = [(prefix[i], prefix[j]) for i in range(len(prefix)) for j in range(i, len(prefix))]
    fall = max(0.0 if high == low else high - low for high, low in pairs)  # -inf less -inf is no further fall
    return prefix[-1], max(prefix), min(prefix), fall


def summed(logs):
    span = EMPTY
    for log in logs:
        span = join(span, bar(log))
    return span


def close(span):
    return pytest.approx(span, abs=1e-12)


@given(with_ruin)
def test_a_sum_over_bars_is_the_definition(logs):
    assert summed(logs) == close(span_by_definition(logs))


@given(stretches, stretches, stretches)
def test_it_does_not_matter_which_pair_is_joined_first(a, b, c):
    x, y, z = summed(a), summed(b), summed(c)
    assert join(join(x, y), z) == close(join(x, join(y, z)))


@given(with_ruin, with_ruin, with_ruin)
def test_ruin_is_joined_in_any_order_too_and_never_becomes_nan(a, b, c):
    x, y, z = summed(a), summed(b), summed(c)
    left, right = join(join(x, y), z), join(x, join(y, z))
    assert left == close(right)
    assert not np.isnan(left).any()


@given(with_ruin)
def test_an_empty_stretch_changes_nothing(logs):
    span = summed(logs)
    assert join(EMPTY, span) == span
    assert join(span, EMPTY) == span


@given(with_ruin, st.integers(0, 12))
def test_it_does_not_matter_where_a_stretch_is_cut(logs, cut):
    assert join(summed(logs[:cut]), summed(logs[cut:])) == close(summed(logs))


@settings(max_examples=60)
@given(st.lists(moderate | st.just(-np.inf), min_size=1, max_size=40), st.data())
def test_every_window_is_the_sum_of_its_bars(logs, data):
    length = data.draw(st.integers(1, len(logs)))
    table, ring = windows(np.array(logs), length), logs + logs
    for i in range(len(logs)):
        assert row(table, i) == close(span_by_definition(ring[i : i + length]))


@settings(max_examples=60)
@given(st.lists(moderate | st.just(-np.inf), min_size=1, max_size=40))
def test_every_stretch_is_the_sum_of_its_bars(logs):
    table = spans(np.array(logs))
    for first in range(len(logs)):
        for last in range(first, len(logs)):
            assert stretch(table, first, last) == close(span_by_definition(logs[first : last + 1]))
