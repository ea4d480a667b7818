"""The watch's judgement: every limit at its edge, the harshest first, and nothing concluded from nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.deploy.cusum import boundary
from core.deploy.degradation import CHECKS, DegradationLimits, Finding, action_on, judge_degradation
from core.deploy.lived import Lived
from core.errors import ConfigError
from core.reporting.watched import unjudged

LIMITS = DegradationLimits()
WELL = Lived(
    days=30,
    due=30,
    taken=30,
    tracking_bps=2.0,
    drift_bps=-0.5,
    fills=100,
    priced=100,
    slippage_bps=0.3,
    fee_bps=0.0,
    drawdown=-0.05,
    drawdown_1_in_20=-0.20,
    drawdown_1_in_100=-0.30,
    shortfall=0.02,
    predicted_shortfall=0.02,
    gross=1.0,
    gross_cap=1.5,
    symbol=0.2,
    symbol_cap=0.25,
    claim=2.0,
    cusum=1.0,
    e_value=3.0,
)
"""A release that does what it promised."""

EDGES = [
    ("tracking_bps", 10.0, "warn", "strays 10.0 bps a day from a shadow run of the release, told from 10"),
    ("tracking_bps", 30.0, "demote", "strays 30.0 bps a day from a shadow run of the release, limit 30"),
    ("drift_bps", -4.0, "warn", "earns 4.0 bps a day less than a shadow run of the release, told from 4"),
    ("drift_bps", -12.0, "demote", "earns 12.0 bps a day less"),
    ("slippage_bps", 2.0, "warn", "100 fills cost 2.0 bps more than the model's spread and impact, told from 2"),
    ("slippage_bps", 6.0, "demote", "cost 6.0 bps more than the model's spread and impact, limit 6"),
    ("fee_bps", 0.5, "warn", "fees are 0.50 bps above the model's, told from 0.5"),
    ("fee_bps", 3.0, "demote", "fees are 3.00 bps above the model's, limit 3"),
    ("drawdown", -0.20, "warn", "down 20.0% from the peak; one year in 20 was predicted to lose 20.0%"),
    ("drawdown", -0.30, "rollback", "down 30.0% from the peak; one year in 100 was predicted to lose 30.0%"),
    ("shortfall", 0.03, "warn", "lost 3.00% on average, predicted were 2.00%: 1.50 times as much, told from 1.5"),
    ("shortfall", 0.05, "demote", "2.50 times as much, limit 2.5"),
    ("gross", 1.65, "warn", "gross exposure reached 165% of equity: 1.10 times its cap of 150%, told from 1.1"),
    ("gross", 1.95, "demote", "1.30 times its cap of 150%, limit 1.3"),
    ("symbol", 0.275, "warn", "one symbol is 28% of equity: 1.10 times its cap of 25%, told from 1.1"),
    ("symbol", 0.325, "demote", "1.30 times its cap of 25%, limit 1.3"),
    ("cusum", 3.28, "demote", "30 days of profit speak against a Sharpe of 2: CUSUM 3.28, limit 3.28"),
]


def harshest(seen):
    found = judge_degradation(seen, LIMITS)
    return found[0].severity if found else "none"


def test_a_release_that_does_what_it_promised_is_left_alone():
    assert judge_degradation(WELL, LIMITS) == ()
    assert unjudged(WELL, LIMITS) == ()


@pytest.mark.parametrize(("field", "limit", "severity", "says"), EDGES)
def test_a_value_at_its_limit_or_beyond_is_found_and_just_inside_is_not(field, limit, severity, says):
    """Inside the demotion's limit it is only warned of; inside the warning's it is nothing."""
    outwards = np.sign(limit - getattr(WELL, field))
    milder = {"warn": "none", "demote": "none" if field == "cusum" else "warn", "rollback": "warn"}[severity]

    rounding = 1e-9 if field in {"shortfall", "gross", "symbol"} else 0.0  # these are divided by something first
    (at,) = judge_degradation(replace(WELL, **{field: limit * (1 + rounding)}), LIMITS)
    assert (at.severity, says in at.says) == (severity, True), at.says
    assert harshest(replace(WELL, **{field: limit + outwards * 1e-3})) == severity
    assert harshest(replace(WELL, **{field: limit - outwards * 1e-3})) == milder


@pytest.mark.parametrize(
    ("seen", "severity", "says"),
    [
        ({"due": 20, "taken": 20}, None, ""),
        ({"due": 21, "taken": 20}, None, ""),
        ({"due": 20, "taken": 19}, "warn", "1 of 20 decisions were not taken: 5%, told from 5%"),
        ({"due": 20, "taken": 16}, "warn", "4 of 20"),
        ({"due": 20, "taken": 15}, "demote", "5 of 20 decisions were not taken: 25%, limit 25%"),
        ({"days": 99, "unseen": 4}, None, ""),
        ({"days": 99, "unseen": 5}, "warn", "nobody looked at the account at 5 of 100 midnights: 5%, told from 5%"),
        ({"days": 99, "unseen": 25}, "demote", "25 of 100"),
        ({"priced": 96}, None, ""),
        ({"priced": 95}, "warn", "5 of 100 fills came too late to be compared with the model: 5%, told from 5%"),
        ({"priced": 75}, "demote", "25 of 100"),
        ({"liquidations": 1}, "rollback", "the venue liquidated 1 position"),
    ],
)
def test_counts_are_judged_at_their_edges(seen, severity, says):
    found = judge_degradation(replace(WELL, **seen), LIMITS)
    assert [finding.severity for finding in found] == ([severity] if severity else [])
    assert not severity or says in found[0].says


@pytest.mark.parametrize("fewer", [{"fills": 19, "priced": 19}, {"days": 19}, {"days": 4}])
def test_too_little_of_anything_proves_nothing(fewer):
    bad = {"days": {"shortfall": 1.0}, "fills": {"slippage_bps": 99.0, "fee_bps": 99.0}}["days" if "days" in fewer else "fills"]
    seen = replace(WELL, **bad)
    assert harshest(seen) == "demote"
    assert judge_degradation(replace(seen, **fewer), LIMITS) == ()
    assert unjudged(replace(seen, **fewer), LIMITS)


def test_nothing_is_judged_before_the_first_days_are_over():
    disaster = replace(WELL, days=LIMITS.min_days - 1, tracking_bps=500.0, drawdown=-0.9, liquidations=3)
    assert judge_degradation(disaster, LIMITS) == ()
    assert unjudged(disaster, LIMITS) == ("nothing is judged yet: 4 whole days at this stage, 5 are needed",)
    assert harshest(replace(disaster, days=LIMITS.min_days)) == "rollback"


def test_what_is_not_known_is_named_and_neither_fine_nor_broken():
    assert judge_degradation(Lived(days=30), LIMITS) == ()
    assert [line.split(":")[0] for line in unjudged(Lived(days=30), LIMITS)] == [
        *("tracking", "slippage", "decisions", "drawdown", "worst days", "profit")
    ]


def test_a_drawdown_of_one_year_in_twenty_without_the_rarer_one_only_warns():
    seen = replace(WELL, drawdown=-0.5, drawdown_1_in_100=None)
    assert harshest(seen) == "warn"
    assert unjudged(seen, LIMITS) == ("drawdown: nothing predicts the rarest, so none rolls back",)


def test_more_than_the_shadow_earns_is_no_fault_but_differs_all_the_same():
    (found,) = judge_degradation(replace(WELL, tracking_bps=50.0, drift_bps=+50.0), LIMITS)
    assert "strays 50.0 bps" in found.says


def test_the_harshest_comes_first_and_every_reason_is_kept():
    found = judge_degradation(replace(WELL, tracking_bps=20.0, drift_bps=-99.0, liquidations=1), LIMITS)
    assert [finding.severity for finding in found] == ["rollback", "demote", "warn"]


@given(st.data())
def test_worse_never_softens_and_adds_no_silence(data):
    """Push any measure outwards from wherever it is: no finding disappears, none grows milder."""
    field, limit, *_ = data.draw(st.sampled_from(EDGES))
    outwards = np.sign(limit - getattr(WELL, field))
    here = data.draw(st.floats(0, 2)) * limit
    worse = here + outwards * data.draw(st.floats(0, 2)) * abs(limit)
    order = ("none", "warn", "demote", "rollback")
    assert order.index(harshest(replace(WELL, **{field: worse}))) >= order.index(harshest(replace(WELL, **{field: here})))


@pytest.mark.parametrize(
    ("severities", "may_sink", "may_return", "action"),
    [
        ((), True, True, "none"),
        (("warn",), True, True, "warn"),
        (("demote", "warn"), True, True, "demote"),
        (("demote",), False, True, "warn"),
        (("rollback", "demote"), True, True, "rollback"),
        (("rollback",), False, True, "rollback"),
        (("rollback",), True, False, "demote"),
        (("rollback",), False, False, "warn"),
    ],
)
def test_what_cannot_be_done_becomes_the_next_milder_thing(severities, may_sink, may_return, action):
    findings = tuple(Finding(severity, "") for severity in severities)
    assert action_on(findings, may_sink=may_sink, may_return=may_return) == action


def test_limits_that_demote_before_they_warn_are_refused():
    with pytest.raises(ConfigError, match="slippage_warn_bps = 9 is above slippage_demote_bps = 6: warn first"):
        DegradationLimits.read({"slippage_warn_bps": 9.0}, subject="watch")


def test_every_check_has_an_edge_here():
    assert len(CHECKS) == len({field for field, *_ in EDGES}) + len(("missed", "unseen", "late", "liquidation"))
    assert boundary(2.0) == 3.28
