from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.deploy.sequence import BETS, Arming, e_path, e_value, in_force, key_one, z_path, z_statistic

ASKED = Arming("momentum", 1, datetime(2026, 1, 1, tzinfo=UTC), 700, 365, 0.005)
streams = arrays(float, st.integers(1, 80), elements=st.floats(-4, 4).map(lambda value: round(value, 6)))


def asked(days, hypothesis="momentum", **changes):
    return replace(
        ASKED, hypothesis=hypothesis, armed_at=ASKED.armed_at + timedelta(days=days), history_days=700 + days, **changes
    )


def test_the_first_hypothesis_gets_its_share_of_the_error():
    armed = in_force((), ASKED)
    assert armed.error == pytest.approx(0.005 * 6 / pi**2)
    assert armed.boundary == pytest.approx(2.9637, abs=1e-4)
    assert armed.n_max == 1065


def test_the_shares_of_all_hypotheses_never_exceed_the_error():
    log = []
    for number in range(200):
        log.append(in_force(log, asked(number, f"hypothesis {number}")))
    assert [one.rank for one in log] == list(range(1, 201))
    assert 0.99 * 0.005 < sum(one.error for one in log) < 0.005


@pytest.mark.parametrize("days", [0, 1, 200, 365])
def test_a_failed_night_resets_nothing(days):
    log = (in_force((), ASKED),)
    assert in_force(log, asked(days)) is log[0]


def test_after_the_horizon_the_next_sequence_looks_at_all_history():
    log = (in_force((), ASKED),)
    again = in_force(log, asked(366))
    assert (again.history_days, again.n_max, again.rank, again.error) == (1066, 1431, 1, log[0].error)


@pytest.mark.parametrize("changes", [{"horizon_days": 100}, {"error": 0.01}])
def test_other_terms_are_another_sequence(changes):
    log = (in_force((), ASKED),)
    assert in_force(log, asked(5, **changes)) is not log[0]


@pytest.mark.parametrize("order", [(0, -400), (-400, 0)])
def test_a_look_at_less_history_never_makes_the_next_night_easier(order):
    """Somebody tries `optimize --end` in the past: every later night is judged by the sequence that ends last."""
    log = []
    for days in order:
        armed = in_force(log, asked(days))
        log += [] if armed in log else [armed]
    assert in_force(log, asked(1)).n_max == 1065
    assert in_force(log, asked(-300)).n_max == 1065


def test_z_is_the_formula_of_the_note():
    x = np.random.default_rng(3).standard_normal(400) + 0.1
    assert z_statistic(x, 900) == pytest.approx(x.sum() / (x.std() * 900**0.5), rel=1e-12)


@given(streams, st.integers(80, 2000))
def test_every_night_sees_only_its_past(x, n_max):
    path = z_path(x, n_max)
    assert path[-1] == z_statistic(x, n_max)
    np.testing.assert_allclose(path[: len(x) // 2], z_path(x[: len(x) // 2], n_max), atol=1e-12)
    np.testing.assert_allclose(e_path(x)[: len(x) // 2], e_path(x[: len(x) // 2]), rtol=1e-12)


@given(streams, st.floats(0.01, 100))
def test_the_unit_of_a_return_changes_nothing(x, unit):
    np.testing.assert_allclose(z_path(x * unit, 500), z_path(x, 500), atol=1e-6)


@given(streams.filter(lambda x: x.sum() > 0 and x.std() > 0.01), st.integers(1, 500))
def test_a_longer_horizon_asks_for_more(x, more):
    assert z_statistic(x, 500 + more) < z_statistic(x, 500)


@pytest.mark.parametrize("value", [0.0, 0.01, -3.0])
def test_a_stream_that_never_varies_proves_nothing(value):
    assert z_statistic(np.full(50, value), 100) == 0.0


def test_the_e_value_is_the_pseudo_code_of_the_note():
    """Notes/statistics.md, 7.3: the slow loop, written out again."""
    x = np.random.default_rng(5).standard_t(5, 500) * 0.01 + 0.001
    variance, wealth = np.mean(x[:20] ** 2), np.ones(8)
    for day in x[20:]:
        wealth = wealth * np.maximum(1 + BETS * day / np.sqrt(variance), 0)
        variance = 0.97 * variance + 0.03 * day * day
    assert e_value(x) == pytest.approx(wealth.mean(), rel=1e-9)


def test_a_bet_that_lost_everything_stays_lost():
    x = np.concatenate([np.tile([1.0, -1.0], 10), [-30.0], np.full(400, 1.0)])
    alone = 1 + BETS * -30.0
    assert (alone < 0).sum() == 7  # only the smallest bet survives that day
    assert e_path(x)[20] == pytest.approx(0.4 / 8)


def test_nothing_is_bet_before_the_volatility_is_known():
    assert e_value(np.zeros(0)) == 1.0
    assert e_path(np.random.default_rng(0).standard_normal(20)).tolist() == [1.0] * 20
    assert e_value(np.zeros(100)) == 1.0


def test_noise_rarely_reaches_either_and_an_edge_does():
    """2000 streams of 730 + 365 days: nominal 0.304 % and 0.304 %; the bounds are generous, the null test is exact."""
    rng, armed = np.random.default_rng(7), in_force((), replace(ASKED, history_days=730))
    noise = rng.standard_normal((2000, 1095))
    alarms = [z_path(x, armed.n_max)[729:].max() >= armed.boundary for x in noise]
    assert sum(alarms) <= 16
    assert sum(e_path(x).max() >= 1 / armed.error for x in noise[:300]) <= 4
    edge = noise[:200] + 2.8 / 365**0.5
    assert sum(z_path(x, armed.n_max)[729:].max() >= armed.boundary for x in edge) >= 190


def test_tonights_key_reads_the_armed_sequence():
    x, armed = np.random.default_rng(1).standard_normal(720), in_force((), ASKED)
    key = key_one(x, armed)
    assert (key.z, key.e_value) == (z_statistic(x, 1065), e_value(x))
    assert (key.boundary, key.e_threshold, key.rank) == (armed.boundary, 1 / armed.error, 1)
