from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.risk import verdict as module
from core.risk.verdict import RULES, RiskConfig, RiskView, Verdict, judge

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LIMITS = RiskConfig()
CALM = RiskView(
    now=NOON,
    newest_close=NOON - timedelta(minutes=1),
    equity=Decimal(1000),
    day_start_equity=Decimal(1000),
    peak_equity=Decimal(1000),
    emergency_stop=False,
    book_differs="",
)
money = st.decimals(-100, 5000, places=2)
views = st.builds(
    RiskView,
    now=st.just(NOON),
    newest_close=st.integers(-20_000, 100).map(lambda s: NOON + timedelta(seconds=s)),
    equity=money,
    day_start_equity=money,
    peak_equity=money,
    emergency_stop=st.booleans(),
    book_differs=st.sampled_from(["", "BTCUSDT: 1 at the venue, 2 in our books"]),
)


def seen(**changes):
    return judge(replace(CALM, **changes), LIMITS)


def test_a_calm_account_may_trade():
    assert judge(CALM, LIMITS) == (Verdict.ALLOW, ())


@pytest.mark.parametrize(
    ("changes", "verdict", "says"),
    [
        ({"emergency_stop": True}, Verdict.FLATTEN, "the emergency stop is set"),
        ({"book_differs": "BTC: 1 and 2"}, Verdict.HALT, "positions differ: BTC: 1 and 2"),
        ({"newest_close": NOON - timedelta(minutes=130)}, Verdict.REDUCE_ONLY, "the newest bar closed at 2024-01-01 09:50 UTC"),
        ({"newest_close": NOON + timedelta(seconds=6)}, Verdict.REDUCE_ONLY, "the newest bar closes at 2024-01-01 12:00 UTC"),
        ({"equity": Decimal(960)}, Verdict.REDUCE_ONLY, "down 4.00% since 00:00 UTC, limit 4.00%"),
        ({"peak_equity": Decimal(1250)}, Verdict.REDUCE_ONLY, "down 20.00% from the peak, entries stop at 20.00%"),
        (
            {"equity": Decimal(650), "day_start_equity": Decimal(650)},
            Verdict.FLATTEN,
            "down 35.00% from the peak, limit 35.00%",
        ),
    ],
)
def test_a_value_at_its_limit_is_a_breach(changes, verdict, says):
    found, (reason,) = seen(**changes)
    assert found is verdict
    assert reason.startswith(says)


@pytest.mark.parametrize(
    "changes",
    [
        {"newest_close": NOON - timedelta(minutes=130) + timedelta(milliseconds=1)},
        {"newest_close": NOON + timedelta(seconds=5)},
        {"equity": Decimal("960.01")},
        {"peak_equity": Decimal("1249.99")},
        {"equity": Decimal(2000)},
    ],
)
def test_a_value_just_short_of_its_limit_is_none(changes):
    assert seen(**changes) == (Verdict.ALLOW, ())


def test_just_short_of_flattening_still_stops_entries():
    found, _ = seen(equity=Decimal("650.01"), day_start_equity=Decimal("650.01"))
    assert found is Verdict.REDUCE_ONLY


def test_the_harshest_rule_wins_and_every_reason_is_kept_harshest_first():
    found, reasons = seen(equity=Decimal(700), emergency_stop=True, book_differs="BTC", newest_close=NOON - timedelta(days=1))
    assert found is Verdict.FLATTEN
    assert [reason.split()[0] for reason in reasons] == ["the", "positions", "the", "down", "down"]
    assert len(reasons) == 5


@pytest.mark.parametrize("equity", [Decimal(0), Decimal(-5)])
def test_an_account_that_is_worth_nothing_is_flattened(equity):
    assert seen(equity=equity)[0] is Verdict.FLATTEN


@pytest.mark.parametrize("peak", [Decimal(0), Decimal(-1)])
def test_an_account_that_never_was_worth_anything_is_flattened(peak):
    assert seen(equity=peak, day_start_equity=peak, peak_equity=peak)[0] is Verdict.FLATTEN


@given(views)
def test_the_verdict_is_the_harshest_finding(view):
    findings = [f for rule in RULES if (f := rule(view, LIMITS))]
    found, reasons = judge(view, LIMITS)
    assert found == max((verdict for verdict, _ in findings), default=Verdict.ALLOW)
    assert sorted(reasons) == sorted(reason for _, reason in findings)
    assert (found is Verdict.ALLOW) == (not reasons)
    assert all("\n" not in reason for reason in reasons)


@given(views, st.sets(st.sampled_from(RULES)))
def test_adding_a_rule_never_softens(view, some):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RULES", tuple(rule for rule in RULES if rule in some))
        fewer = judge(view, LIMITS)
    assert judge(view, LIMITS)[0] >= fewer[0]
    assert set(fewer[1]) <= set(judge(view, LIMITS)[1])


@given(views, st.decimals(0, 1000, places=2))
def test_a_worse_loss_never_softens(view, loss):
    assert judge(replace(view, equity=view.equity - loss), LIMITS)[0] >= judge(view, LIMITS)[0]


@given(views, st.integers(0, 100_000))
def test_older_data_never_softens(view, seconds):
    if view.newest_close <= NOON:
        older = replace(view, newest_close=view.newest_close - timedelta(seconds=seconds))
        assert judge(older, LIMITS)[0] >= judge(view, LIMITS)[0]


@given(views)
def test_an_emergency_stop_flattens_whatever_else_is_found(view):
    assert judge(replace(view, emergency_stop=True), LIMITS)[0] is Verdict.FLATTEN


@given(views, st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_tighter_limit_never_softens(view, one, other):
    tight, loose = (RiskConfig(daily_loss=limit, drawdown_reduce=limit) for limit in sorted((one, other)))
    assert judge(view, tight)[0] >= judge(view, loose)[0]


@pytest.mark.parametrize("name", ["daily_loss", "drawdown_reduce", "drawdown_flatten"])
def test_a_limit_in_percent_is_refused(name):
    with pytest.raises(ConfigError, match=f"risk: {name} = 4"):
        RiskConfig.read({name: 4}, subject="risk")
