from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.metrics import sharpe
from core.deploy.guard import CHECKS, Evidence, GuardLimits, family_z, largest_share, objections, trailing_sharpe
from core.errors import ConfigError

LIMITS = GuardLimits()
GOOD = Evidence(
    family_z=3.5,
    trailing_net_sharpe=1.2,
    oos_days=400,
    net_at_double_cost=0.0004,
    drawdown_1_in_20=-0.25,
    largest_symbol_share=0.2,
    oos_sharpe=1.1,
    incumbent_sharpe=0.6,
    same_as_incumbent=False,
)

HIGHER_IS_BETTER = {
    "family_z": True,
    "trailing_net_sharpe": True,
    "oos_days": True,
    "net_at_double_cost": True,
    "drawdown_1_in_20": True,
    "largest_symbol_share": False,
    "oos_sharpe": True,
    "incumbent_sharpe": False,
}
JUDGED = [f.name for f in fields(Evidence) if f.name != "is_sharpe"]
number = st.floats(-10, 10)
evidence = st.builds(
    Evidence,
    family_z=number,
    trailing_net_sharpe=number,
    oos_days=st.integers(0, 1000),
    net_at_double_cost=st.floats(-0.01, 0.01),
    drawdown_1_in_20=st.floats(-1, 0),
    largest_symbol_share=st.floats(0, 3),
    oos_sharpe=number,
    incumbent_sharpe=st.none() | number,
    same_as_incumbent=st.booleans(),
)


def with_(**changes):
    return objections(replace(GOOD, **changes), LIMITS)


def test_no_objection_means_deploy():
    assert objections(GOOD, LIMITS) == ()


@pytest.mark.parametrize(
    ("name", "passes", "fails", "says"),
    [
        ("family_z", 2.807, 2.8069, "no proof of a gross edge: the family's statistic is 2.81, the boundary 2.807"),
        ("trailing_net_sharpe", 0.5001, 0.5, "too little is left after costs: walk-forward Sharpe 0.50 over the last 540 days"),
        ("oos_days", 180, 179, "only 179 out-of-sample days, 180 are needed"),
        ("net_at_double_cost", 1e-9, 0.0, "at twice the cost the walk-forward loses"),
        ("drawdown_1_in_20", -0.4, -0.4001, "one year in twenty loses more than 40% from its peak, limit 40%"),
        ("largest_symbol_share", 0.4, 0.4001, "one symbol earned 40% of the profit, limit 40%"),
        ("oos_sharpe", 0.7, 0.699, "not better than the live release: Sharpe 0.70 against 0.60"),
        ("incumbent_sharpe", 1.0, 1.001, "not better than the live release: Sharpe 1.10 against 1.00"),
        ("same_as_incumbent", False, True, "the search found the release that is already live"),
    ],
)
def test_each_check_turns_at_its_edge(name, passes, fails, says):
    assert with_(**{name: passes}) == ()
    (reason,) = with_(**{name: fails})
    assert reason.startswith(says)
    assert "\n" not in reason


@pytest.mark.parametrize("name", sorted(set(JUDGED) - {"oos_days", "same_as_incumbent"}))
def test_a_figure_that_is_not_a_number_never_deploys(name):
    assert len(with_(**{name: float("nan")})) == 1


def test_without_an_incumbent_there_is_nothing_to_beat():
    assert with_(incumbent_sharpe=None, oos_sharpe=-5.0) == ()


def test_every_reason_is_told():
    hopeless = Evidence(0.0, 0.0, 0, -0.001, -0.9, 1.0, 0.0, 2.0, same_as_incumbent=False)
    assert len(objections(hopeless, LIMITS)) == len(CHECKS)


@given(evidence, st.sampled_from(sorted(HIGHER_IS_BETTER)), st.floats(0, 20))
def test_better_evidence_never_adds_an_objection(seen, name, gain):
    value = getattr(seen, name)
    if value is not None:
        better = replace(seen, **{name: value + gain if HIGHER_IS_BETTER[name] else value - gain})
        failed = {check for check in CHECKS if check(seen, LIMITS)}
        assert {check for check in CHECKS if check(better, LIMITS)} <= failed
        assert len(objections(better, LIMITS)) <= len(objections(seen, LIMITS))


@given(evidence, st.sets(st.sampled_from(CHECKS)))
def test_one_more_check_only_ever_adds_objections(seen, some):
    fewer = {reason for check in some if (reason := check(seen, LIMITS))}
    assert fewer <= set(objections(seen, LIMITS))


@given(evidence)
def test_a_check_finds_the_same_whatever_the_others_find(seen):
    assert objections(seen, LIMITS) == tuple(r for check in CHECKS if (r := check(seen, LIMITS)))


@pytest.mark.parametrize("name", JUDGED)
def test_every_piece_of_evidence_is_looked_at(name):
    """One figure is made as bad as can be, the others stay good: something must object."""
    worst = {"oos_days": 0, "same_as_incumbent": True, "incumbent_sharpe": 99.0, "largest_symbol_share": 9.0}
    assert with_(**{name: worst.get(name, -99.0)})


def test_the_sharpe_ratio_in_sample_is_never_judged():
    assert with_(is_sharpe=-99.0) == ()


def test_the_family_statistic_is_the_sum_over_deviation_and_root_of_the_horizon_ahead():
    stream = np.array([0.01, -0.005, 0.02, 0.0])
    assert family_z(stream, 365) == pytest.approx(0.025 / (np.std(stream) * 369**0.5))


@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_the_family_statistic_does_not_depend_on_size(seed, factor):
    stream = np.random.default_rng(seed).normal(0.001, 0.01, 200)
    assert family_z(stream * factor, 365) == pytest.approx(family_z(stream, 365))


@given(st.integers(0, 1000), st.integers(1, 500))
def test_a_longer_horizon_asks_for_more(seed, more):
    stream = np.abs(np.random.default_rng(seed).normal(0.001, 0.01, 50))
    assert family_z(stream, 365 + more) < family_z(stream, 365)


@pytest.mark.parametrize("value", [0.0, 0.001, 0.1])
@pytest.mark.parametrize("days", [0, 1, 2, 6, 600])
def test_a_stream_without_variation_proves_nothing(value, days):
    assert family_z(np.full(days, value), 365) == 0.0


def test_noise_rarely_passes_key_one_and_an_edge_does():
    """2000 years-long streams without an edge, one look each: far below the 0.5 % of a year of looks."""
    draws = np.random.default_rng(1).standard_normal((2000, 730))
    assert np.mean([family_z(x, 365) >= LIMITS.boundary for x in draws]) <= 0.005
    assert np.mean([family_z(x + 4 / 365**0.5, 365) >= LIMITS.boundary for x in draws[:200]]) > 0.9


def test_the_trailing_sharpe_sees_the_last_days_only():
    daily = np.random.default_rng(2).normal(0, 0.01, 100)
    assert trailing_sharpe(daily, 30) == sharpe(daily[70:])
    assert trailing_sharpe(daily, 500) == sharpe(daily)


def test_the_largest_share_is_of_the_total_profit():
    assert largest_share(np.array([3.0, 1.0, 1.0])) == pytest.approx(0.6)
    assert largest_share(np.array([3.0, 1.0, -2.0])) == pytest.approx(1.5)
    assert largest_share(np.array([1.0, -2.0])) == 1.0


@pytest.mark.parametrize("values", [{"max_drawdown": 40}, {"boundary": 0}, {"min_days": 1}, {"max_draw_down": 0.4}])
def test_limits_that_make_no_sense_are_refused(values):
    with pytest.raises(ConfigError, match=f"guard: .*{next(iter(values))}"):
        GuardLimits.read(values, subject="guard")
