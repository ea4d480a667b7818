from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.metrics import sharpe
from core.deploy.guard import CHECKS, Evidence, GuardLimits, key_turns, largest_share, objections, trailing_sharpe
from core.deploy.sequence import KeyOne
from core.errors import ConfigError
from core.validation.stressed import TailExcess

LIMITS = GuardLimits()
KEY = KeyOne(z=3.5, boundary=2.964, e_value=120.0, e_threshold=329.0)
TAIL = TailExcess(challenger=0.02, incumbent=0.02, margin=1.1, excess=-0.002, p_value=0.8)
GOOD = Evidence(
    key=KEY,
    trailing_net_sharpe=1.2,
    oos_days=400,
    trades=250,
    net_at_double_cost=0.0004,
    drawdown_1_in_20=-0.25,
    largest_symbol_share=0.2,
    oos_sharpe=1.1,
    incumbent_sharpe=0.6,
    tail=TAIL,
    same_as_incumbent=False,
)

HIGHER_IS_BETTER = {
    "trailing_net_sharpe": True,
    "oos_days": True,
    "trades": True,
    "net_at_double_cost": True,
    "drawdown_1_in_20": True,
    "largest_symbol_share": False,
    "oos_sharpe": True,
    "incumbent_sharpe": False,
}
JUDGED = [f.name for f in fields(Evidence) if f.name != "is_sharpe"]
number = st.floats(-10, 10)
key = st.builds(KeyOne, z=number, boundary=st.floats(2, 4), e_value=st.floats(0, 1000), e_threshold=st.floats(100, 1000))
tail = st.builds(TailExcess, number, number, st.just(1.1), number, p_value=st.floats(0, 1))
evidence = st.builds(
    Evidence,
    key=key,
    trailing_net_sharpe=number,
    oos_days=st.integers(0, 1000),
    trades=st.integers(0, 1000),
    net_at_double_cost=st.floats(-0.01, 0.01),
    drawdown_1_in_20=st.floats(-1, 0),
    largest_symbol_share=st.floats(0, 3),
    oos_sharpe=number,
    incumbent_sharpe=st.none() | number,
    tail=st.none() | tail,
    rollback_days=st.none() | st.integers(0, 60),
    same_as_incumbent=st.booleans(),
)


def with_(**changes):
    return objections(replace(GOOD, **changes), LIMITS)


def test_no_objection_means_deploy():
    assert objections(GOOD, LIMITS) == ()


@pytest.mark.parametrize(
    ("name", "passes", "fails", "says"),
    [
        ("key", replace(KEY, z=2.964), replace(KEY, z=2.9639), "no proof of a gross edge: the family's statistic is 2.96, "),
        ("trades", 100, 99, "only 99 positions opened out of sample, 100 are needed"),
        (
            "tail",
            replace(TAIL, p_value=0.0501),
            replace(TAIL, p_value=0.05),
            "its worst days are worse than the live release's",
        ),
        ("trailing_net_sharpe", 0.5001, 0.5, "too little is left after costs: walk-forward Sharpe 0.50 over the last 540 days"),
        ("oos_days", 180, 179, "only 179 out-of-sample days, 180 are needed"),
        ("net_at_double_cost", 1e-9, 0.0, "at twice the cost the walk-forward loses"),
        ("drawdown_1_in_20", -0.4, -0.4001, "one year in twenty loses more than 40% from its peak, limit 40%"),
        ("largest_symbol_share", 0.4, 0.4001, "one symbol earned 40% of the profit, limit 40%"),
        ("oos_sharpe", 0.7, 0.699, "not better than the live release: Sharpe 0.70 against 0.60"),
        ("incumbent_sharpe", 1.0, 1.001, "not better than the live release: Sharpe 1.10 against 1.00"),
        ("rollback_days", 30, 29, "the watch took a release back 29 days ago: nothing new within 30 days"),
        ("same_as_incumbent", False, True, "the search found the release that is already live"),
    ],
)
def test_each_check_turns_at_its_edge(name, passes, fails, says):
    assert with_(**{name: passes}) == ()
    (reason,) = with_(**{name: fails})
    assert reason.startswith(says)
    assert "\n" not in reason


@pytest.mark.parametrize(
    "name", sorted(set(JUDGED) - {"oos_days", "trades", "same_as_incumbent", "key", "tail", "rollback_days"})
)
def test_a_figure_that_is_not_a_number_never_deploys(name):
    assert len(with_(**{name: float("nan")})) == 1


def test_a_family_or_a_tail_that_is_not_a_number_never_deploys():
    assert len(with_(key=replace(KEY, z=float("nan")))) == 1
    assert len(with_(tail=replace(TAIL, p_value=float("nan")))) == 1


@pytest.mark.parametrize(("e_value", "turns"), [(329.0, True), (328.9, False)])
def test_the_e_process_is_asked_when_the_key_is_to_last_for_ever(e_value, turns):
    seen, limits = replace(GOOD, key=replace(KEY, z=0.0, e_value=e_value)), GuardLimits(for_ever=True)
    assert key_turns(seen.key, limits) is turns
    assert [why[:40] for why in objections(seen, limits)] == ([] if turns else ["no proof of a gross edge: the family's e"])


@pytest.mark.parametrize("tail", [-0.4, -0.41])
def test_the_tail_is_the_worst_one(tail):
    """The drawdown that one year in twenty exceeds counts, not the one that nineteen do."""
    assert bool(with_(drawdown_1_in_20=tail)) is (tail < -0.4)


def test_without_an_incumbent_there_is_nothing_to_beat():
    assert with_(incumbent_sharpe=None, oos_sharpe=-5.0) == ()


def test_every_reason_is_told():
    worse = replace(TAIL, p_value=0.0)
    hopeless = Evidence(
        replace(KEY, z=0.0), 0.0, 0, 0, -0.001, -0.9, 1.0, 0.0, 2.0, worse, same_as_incumbent=False, rollback_days=0
    )
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
    terrible = {"key": replace(KEY, z=-9.0, e_value=0.0), "tail": replace(TAIL, p_value=0.0), "trades": 0}
    worst = terrible | {"oos_days": 0, "same_as_incumbent": True, "incumbent_sharpe": 99.0, "largest_symbol_share": 9.0}
    assert with_(**{name: worst.get(name, -99.0)})


def test_the_sharpe_ratio_in_sample_is_never_judged():
    assert with_(is_sharpe=-99.0) == ()


def test_the_trailing_sharpe_sees_the_last_days_only():
    daily = np.random.default_rng(2).normal(0, 0.01, 100)
    assert trailing_sharpe(daily, 30) == sharpe(daily[70:])
    assert trailing_sharpe(daily, 500) == sharpe(daily)


def test_the_largest_share_is_of_the_total_profit():
    assert largest_share(np.array([3.0, 1.0, 1.0])) == pytest.approx(0.6)
    assert largest_share(np.array([3.0, 1.0, -2.0])) == pytest.approx(1.5)
    assert largest_share(np.array([1.0, -2.0])) == 1.0


@pytest.mark.parametrize("values", [{"max_drawdown": 40}, {"error": 0}, {"min_days": 1}, {"max_draw_down": 0.4}])
def test_limits_that_make_no_sense_are_refused(values):
    with pytest.raises(ConfigError, match=f"guard: .*{next(iter(values))}"):
        GuardLimits.read(values, subject="guard")
