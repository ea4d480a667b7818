"""Exact intervals and acceptance counts."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.validation.binomial import at_least, at_most, interval, max_false, min_detected

trials = st.integers(1, 400)
counts = trials.flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(counts, st.floats(0.0, 1.0))
def test_tails_are_the_sums_they_stand_for(case, chance):
    count, of = case
    terms = [comb(of, k) * chance**k * (1 - chance) ** (of - k) for k in range(of + 1)]
    assert at_most(count, of, chance) == pytest.approx(sum(terms[: count + 1]), abs=1e-9)
    assert at_least(count, of, chance) == pytest.approx(sum(terms[count:]), abs=1e-9)


@given(counts)
def test_an_interval_holds_what_was_seen_and_leaves_out_what_it_should(case):
    count, of = case
    low, high = interval(count, of)
    assert low <= count / of <= high
    assert count == 0 or at_least(count, of, low) == pytest.approx(0.025, rel=1e-6)
    assert count == of or at_most(count, of, high) == pytest.approx(0.025, rel=1e-6)


@given(counts)
def test_successes_and_failures_have_mirrored_intervals(case):
    count, of = case
    low, high = interval(count, of)
    assert interval(of - count, of) == pytest.approx((1.0 - high, 1.0 - low), abs=1e-9)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (12, 1500, 0.004140350842823101, 0.013932651519892581),
        (181, 200, 0.8556233600231474, 0.9418303902748808),
        (0, 50, 0.0, 0.07112173646420458),
    ],
)
def test_intervals_are_those_of_scipy(count, of, low, high):
    """scipy 1.17.1 stats.binomtest(...).proportion_ci(method="exact"); 12 of 1500 and 181 of 200 are the note's counts."""
    assert interval(count, of) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("count", "of"), [(-1, 5), (6, 5), (0, 0)])
def test_what_is_no_count_is_refused(count, of):
    with pytest.raises(ConfigError, match=f"{count} of {of} is no count"):
        interval(count, of)


@given(trials)
def test_the_most_false_alarms_prove_the_rate_and_one_more_does_not(of):
    most = max_false(of, rate=0.05)
    assert most is None or at_most(most, of, 0.05) <= 0.05 + 1e-12
    assert at_most(0 if most is None else most + 1, of, 0.05) > 0.05 - 1e-12


def test_too_few_trials_prove_nothing():
    assert (max_false(298), max_false(299)) == (None, 0)
    assert (min_detected(28), min_detected(29)) == (None, 29)
