"""SPA and StepM: against the definition in loops, on crowds without skill, and one with."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.validation.reality_check import mean_best, resample, spa, standard_error, stationary_counts, step_m


def crowd(seed, sets=8, days=120):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(days)
    return 0.01 * (0.6 * common + 0.8 * rng.standard_normal((sets, days)) * rng.uniform(0.2, 3.0, (sets, 1)))


def spa_by_hand(resampled):
    """Hansen 2005, equation by equation, one draw and one stream at a time."""
    n = resampled.days
    omega = resampled.error * n**0.5
    seen = max(0.0, *(n**0.5 * resampled.mean / omega))
    p_values = []
    for kind in ("lower", "consistent", "upper"):
        larger = 1
        for draw in resampled.draws:
            best = 0.0
            for k, mean in enumerate(resampled.mean):
                kept = mean >= -omega[k] * (2 * np.log(np.log(n)) / n) ** 0.5
                centre = {"lower": max(mean, 0.0), "consistent": mean * kept, "upper": mean}[kind]
                best = max(best, n**0.5 * (mean + draw[k] - centre) / omega[k])
            larger += best >= seen
        p_values.append(larger / (1 + len(resampled.draws)))
    return tuple(p_values)


@given(st.integers(0, 1000), st.floats(-0.003, 0.003))
@settings(max_examples=20)
def test_p_values_are_what_plain_python_says_and_in_order(seed, shift):
    """Vector spa_order: lower <= consistent <= upper."""
    resampled = resample(crowd(seed) + shift, block=4, rng=np.random.default_rng(seed), draws=60)
    found = spa(resampled)
    assert found == pytest.approx(spa_by_hand(resampled), abs=1e-9)
    assert found.lower <= found.consistent <= found.upper


def test_resampled_days_come_in_blocks_of_the_mean_length():
    counts = stationary_counts(50, 4000, 5.0, np.random.default_rng(0))
    assert (counts.sum(axis=1) == 50).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(50), abs=0.12)
    alone = np.mean(stationary_counts(50, 4000, 1.0, np.random.default_rng(0)) ** 2)
    together = np.mean(counts * np.roll(counts, 1, axis=1))
    assert alone == pytest.approx(2.0 - 1.0 / 50, abs=0.02)  # a multinomial's second moment
    assert together == pytest.approx(neighbours_together(50, 0.8), abs=0.02)


def neighbours_together(days, stay):
    """Mean product of how often two neighbouring days are drawn: places k apart hold them by one block, or by chance."""
    apart = [k for k in range(-days + 1, days) if k]
    return sum((days - abs(k)) / days * (stay**k * (k == 1) + (1 - stay ** abs(k)) / days) for k in apart)


@pytest.mark.parametrize("block", [1.0, 3.0, 12.0])
def test_standard_errors_are_the_kernel_of_the_definition_and_what_the_draws_show(block):
    gaps = crowd(1, days=90)
    gaps -= gaps.mean(axis=1, keepdims=True)
    n, q = 90, 1.0 - 1.0 / block
    variance = (gaps * gaps).sum(axis=1) / n
    for i in range(1, n):
        kappa = (1 - i / n) * q**i + i / n * q ** (n - i)
        variance += 2 * kappa * (gaps[:, i:] * gaps[:, :-i]).sum(axis=1) / n
    assert standard_error(gaps, block) == pytest.approx(np.sqrt(variance / n), rel=1e-9)
    draws = resample(gaps, block=block, rng=np.random.default_rng(2), draws=4000).draws
    assert draws.std(axis=0) == pytest.approx(np.sqrt(variance / n), rel=0.06)


def test_crowds_without_skill_pass_as_often_as_promised():
    """250 crowds at 5 %: 4 to 24 is the 99.8 % interval (exact binomial)."""
    rng = np.random.default_rng(5)
    passed = [spa(resample(rng.standard_normal((10, 200)), block=1, rng=rng, draws=150)).consistent <= 0.05 for _ in range(250)]
    assert 4 <= sum(passed) <= 24


def test_the_skilled_are_found_and_the_others_are_not():
    streams = crowd(3, sets=12, days=500)
    streams[[2, 7]] += 0.3 * streams[[2, 7]].std(axis=1, keepdims=True)
    resampled = resample(streams, block=5, rng=np.random.default_rng(0))
    assert spa(resampled).consistent < 0.01
    assert np.flatnonzero(step_m(resampled, alpha=0.01)).tolist() == [2, 7]


@given(st.integers(0, 1000))
@settings(max_examples=15)
def test_more_is_rejected_the_more_error_is_allowed(seed):
    resampled = resample(crowd(seed) + 0.002, block=4, rng=np.random.default_rng(seed), draws=200)
    strict, lax = step_m(resampled, alpha=0.01), step_m(resampled, alpha=0.2)
    assert (strict <= lax).all()


@given(st.integers(0, 200), st.floats(0.1, 10.0))
@settings(max_examples=15)
def test_the_size_of_a_stream_does_not_matter(seed, factor):
    streams = crowd(seed)
    larger = streams * np.where(np.arange(len(streams)) % 2, factor, 1.0)[:, None]
    one, other = (spa(resample(s, block=4, rng=np.random.default_rng(seed), draws=100)) for s in (streams, larger))
    assert one == pytest.approx(other, abs=0.011)  # a tie may fall either way


def test_streams_that_never_change_say_nothing():
    streams = crowd(1)
    with_dead = np.vstack([streams, np.full((2, 120), 0.001), np.zeros((1, 120))])
    one, other = (resample(s, block=4, rng=np.random.default_rng(0), draws=300) for s in (streams, with_dead))
    assert spa(one) == spa(other)
    assert not step_m(other, alpha=0.5)[-3:].any()
    assert spa(resample(np.zeros((2, 50)), block=4, rng=np.random.default_rng(0))).lower == 1.0


def test_all_losers_have_no_claim():
    resampled = resample(crowd(2) - 0.01, block=4, rng=np.random.default_rng(0), draws=200)
    assert spa(resampled) == (1.0, 1.0, 1.0)
    assert not step_m(replace(resampled, mean=-np.abs(resampled.mean)), alpha=0.9).any()


def test_the_best_of_independent_streams_is_that_of_as_many_normals():
    streams = np.random.default_rng(0).standard_normal((50, 400))
    found = mean_best(resample(streams, block=1, rng=np.random.default_rng(1)))
    assert found == pytest.approx(2.249, abs=0.08)  # E[max of 50], exact: vector expected_max_closed_form
    copies = mean_best(resample(streams[[0] * 50], block=1, rng=np.random.default_rng(1)))
    assert copies == pytest.approx(0.0, abs=0.08)


@pytest.mark.parametrize("shape", [(0, 100), (3, 19)])
def test_too_little_is_refused(shape):
    with pytest.raises(DataError, match=f"{shape[0]} streams of {shape[1]} days"):
        resample(np.zeros(shape), block=4, rng=np.random.default_rng(0))
