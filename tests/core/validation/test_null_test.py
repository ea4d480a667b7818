import numpy as np
import pytest

from core.deploy.guard import GuardLimits
from core.deploy.sequence import e_value, z_statistic
from core.validation.binomial import interval
from core.validation.null_test import NullPlan, Outcome, nights_of, summary, try_market

LIMITS = GuardLimits()
SMALL = {"nights": 40, "history_days": 365, "trials": 5, "folds": 2, "neighbours": 0}


def test_each_night_is_judged_as_the_flow_would_judge_it():
    x = np.random.default_rng(2).standard_normal(300) + 0.15
    seen = nights_of(x, 60, LIMITS)
    assert len(seen.armed) == len(seen.z) == len(seen.turned) == 61
    for night in (0, 17, 60):
        known = x[: 240 + night]
        assert seen.z[night] == pytest.approx(z_statistic(known, 240 + 365))
        assert seen.turned[night] == (seen.z[night] >= seen.armed[night].boundary)


def test_a_sequence_is_armed_anew_when_its_year_is_over():
    seen = nights_of(np.random.default_rng(3).standard_normal(1000), 500, LIMITS)
    assert [one.history_days for one in dict.fromkeys(seen.armed)] == [500, 866]
    assert seen.z[400] == pytest.approx(z_statistic(np.random.default_rng(3).standard_normal(1000)[:900], 866 + 365))


def test_the_e_process_can_hold_the_key():
    x = np.random.default_rng(4).standard_normal(800) + 0.2
    seen = nights_of(x, 100, LIMITS.model_copy(update={"for_ever": True}))
    assert seen.turned[-1] == (e_value(x) >= 1 / seen.armed[-1].error)
    assert seen.turned[-1]


def test_later_nights_change_no_earlier_one():
    x = np.random.default_rng(5).standard_normal(400) + 0.1
    long, short = nights_of(x, 200, LIMITS), nights_of(x[:300], 100, LIMITS)
    np.testing.assert_allclose(long.z[:101], short.z, atol=1e-12)
    assert np.array_equal(long.turned[:101], short.turned)


def test_noise_is_not_deployed_and_the_same_number_is_the_same_market():
    plan = NullPlan(kind="noise", **SMALL)
    first = try_market(plan, LIMITS, 3)
    assert first == try_market(plan, LIMITS, 3)
    assert (first.key_night, first.deploy_night, first.searches) == (None, None, 0)
    assert try_market(plan, LIMITS, 4).top_z != first.top_z


def test_a_strong_edge_is_deployed_on_the_first_night():
    out = try_market(NullPlan(kind="planted", sharpe=3.9, **SMALL), GuardLimits(error=0.05), 0)
    assert (out.key_night, out.deploy_night, out.searches, out.objected) == (0, 0, 1, ())


def test_an_edge_that_costs_eat_turns_key_one_and_is_held_by_what_follows():
    plan = NullPlan(kind="gross-only", **SMALL | {"history_days": 900, "nights": 1})
    out = try_market(plan, GuardLimits(error=0.4), 1)
    assert out.key_night == 0
    assert out.deploy_night is None
    assert any("after costs" in why or "twice the cost" in why for why in out.objected)


def outcomes(deployed, turned, of):
    return [
        Outcome(k, 3.05 if k < turned else 1.0, 0 if k < turned else None, 5 if k < deployed else None, 1, ())
        for k in range(of)
    ]


def test_a_null_counts_false_deployments_with_an_exact_interval():
    counted = summary(NullPlan(kind="noise", nights=730), outcomes(2, 3, 500))
    assert (counted["false_deploys"], counted["rate"], counted["market_years"]) == (2, 2 / 500, 1000.0)
    assert counted["interval"] == interval(2, 500)
    assert counted["key_one_turned"] == 3
    assert "detected" not in counted


def test_a_planted_edge_counts_detections():
    counted = summary(NullPlan(kind="planted"), outcomes(190, 195, 200))
    assert (counted["detected"], counted["power"], counted["interval"]) == (190, 0.95, interval(190, 200))
    assert "false_deploys" not in counted


def test_the_frontier_falls_with_the_boundary():
    points = summary(NullPlan(), outcomes(0, 3, 100))["frontier"]
    assert [point["key_one_turned"] for point in points] == [3, 3, 3, 3, 3, 0, 0, 0, 0]
