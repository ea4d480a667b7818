from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.risk import verdict as module
from core.risk.breaker import Breaker
from core.risk.exposure import Exposure
from core.risk.limits import RiskConfig
from core.risk.verdict import RULES, Rule, Verdict, judge
from core.risk.view import RiskView

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LIMITS = RiskConfig()
NAMES = [rule.name for rule in RULES]
money = st.decimals(-100, 5000, places=2)
multiples = st.floats(0, 5)
some = st.sampled_from([(), ("A",), ("A", "B", "C", "D")])
views = st.builds(
    RiskView,
    now=st.just(NOON),
    newest_close=st.integers(-20_000, 100).map(lambda s: NOON + timedelta(seconds=s)),
    equity=money,
    day_start_equity=money,
    peak_equity=money,
    emergency_stop=st.sampled_from(["", "", "", "the Prefect variable"]),
    book_differs=st.sampled_from(["", "", "BTCUSDT: 1 at the venue, 2 in our books"]),
    bars_missing=some,
    clock_skew_seconds=st.floats(-10, 10),
    exposure=st.builds(Exposure, gross=multiples, net=multiples, by_symbol=st.dictionaries(st.just("A"), multiples)),
    margin_use=st.floats(0, 1.5),
    breaker=st.sampled_from([Breaker(), Breaker("open", "failing", NOON), Breaker("half-open", "failing", NOON)]),
    hours_since_trade=st.none() | st.floats(0, 100),
    tracking_bps=st.none() | st.floats(-100, 100),
    liquidated=some,
    foreign_orders=some,
    lost_orders=some,
    unexplained=st.decimals(-10, 10, places=2),
    raised=st.frozensets(st.sampled_from(NAMES)),
)
CALM = RiskView(NOON, NOON, Decimal(1000), Decimal(1000), Decimal(1000), "", "")


def test_the_harshest_rule_wins_and_every_reason_is_kept_harshest_first():
    seen = replace(CALM, equity=Decimal(700), emergency_stop="the file", book_differs="BTC", foreign_orders=("BTCUSDT",))
    judged = judge(seen, LIMITS)
    assert judged.verdict is Verdict.FLATTEN
    assert [finding.rule for finding in judged.findings] == [
        "emergency_stop",
        "book_differs",
        "daily_loss",
        "drawdown_reduce",
        "foreign_orders",
    ]
    assert judged.reasons[:2] == ("the emergency stop is set: the file", "positions differ: BTC")
    assert judged.raised == {finding.rule for finding in judged.findings}


def test_flattening_outranks_halting_and_so_goes_on_through_an_open_breaker():
    assert Verdict.ALLOW < Verdict.REDUCE_ONLY < Verdict.HALT < Verdict.FLATTEN
    seen = replace(CALM, equity=Decimal(600), breaker=Breaker("open", "failing", NOON))
    assert judge(seen, LIMITS).verdict is Verdict.FLATTEN


def test_an_alert_alone_still_allows():
    judged = judge(replace(CALM, foreign_orders=("BTCUSDT",), hours_since_trade=100.0), LIMITS)
    assert judged.verdict is Verdict.ALLOW
    assert len(judged.findings) == 2


def test_no_two_rules_share_a_name():
    assert len(set(NAMES)) == len(NAMES)


@given(views)
def test_the_verdict_is_the_harshest_finding(view):
    said = {rule.name: rule for rule in RULES if rule.check(view, LIMITS)}
    judged = judge(view, LIMITS)
    assert judged.verdict == max((rule.verdict for rule in said.values()), default=Verdict.ALLOW)
    assert judged.raised == set(said)
    assert all(finding.verdict is said[finding.rule].verdict for finding in judged.findings)
    verdicts = [finding.verdict for finding in judged.findings]
    assert verdicts == sorted(verdicts, reverse=True)
    assert all("\n" not in reason for reason in judged.reasons)


@given(views, st.sets(st.sampled_from(NAMES)), st.sampled_from(Verdict))
def test_adding_a_rule_never_softens(view, kept, verdict):
    def always(_view, _limits):
        return "always"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RULES", tuple(rule for rule in RULES if rule.name in kept))
        fewer = judge(view, LIMITS)
        patch.setattr(module, "RULES", (*RULES, Rule(verdict, always)))
        more = judge(view, LIMITS)
    judged = judge(view, LIMITS)
    assert fewer.verdict <= judged.verdict <= more.verdict
    assert more.verdict >= verdict
    assert set(fewer.reasons) <= set(judged.reasons) <= set(more.reasons)


@given(views, st.decimals(0, 1000, places=2))
def test_a_worse_loss_never_softens(view, loss):
    assert judge(replace(view, equity=view.equity - loss), LIMITS).verdict >= judge(view, LIMITS).verdict


@given(views, st.integers(0, 100_000))
def test_older_data_never_softens(view, seconds):
    if view.newest_close <= NOON:
        older = replace(view, newest_close=view.newest_close - timedelta(seconds=seconds))
        assert judge(older, LIMITS).verdict >= judge(view, LIMITS).verdict


@given(views, st.floats(0, 3))
def test_more_at_stake_never_softens(view, more):
    bolder = replace(view.exposure, gross=view.exposure.gross + more, net=view.exposure.net + more)
    seen = replace(view, exposure=bolder, margin_use=view.margin_use + more)
    assert judge(seen, LIMITS).verdict >= judge(view, LIMITS).verdict


@given(views, st.frozensets(st.sampled_from(NAMES)))
def test_what_has_fired_before_never_softens(view, more):
    assert judge(replace(view, raised=view.raised | more), LIMITS).verdict >= judge(view, LIMITS).verdict


@given(views)
def test_an_emergency_stop_flattens_whatever_else_is_found(view):
    assert judge(replace(view, emergency_stop="the file"), LIMITS).verdict is Verdict.FLATTEN


@given(views, st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_tighter_limit_never_softens(view, one, other):
    tight, loose = (RiskConfig(daily_loss=limit, drawdown_reduce=limit) for limit in sorted((one, other)))
    assert judge(view, tight).verdict >= judge(view, loose).verdict
