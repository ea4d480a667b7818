"""Every rule at its edge: one tick short of the limit, at it, one tick beyond."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.risk.breaker import Breaker
from core.risk.exposure import Exposure
from core.risk.limits import RiskConfig
from core.risk.verdict import RULES, Verdict, judge
from core.risk.view import RiskView

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LIMITS = RiskConfig()
TICK = Decimal("0.00000001")
THOUSAND = Decimal(1000)
CALM = RiskView(
    now=NOON,
    newest_close=NOON - timedelta(minutes=1),
    equity=THOUSAND,
    day_start_equity=THOUSAND,
    peak_equity=THOUSAND,
    emergency_stop="",
    book_differs="",
)
REDUCE_ONLY, HALT, FLATTEN, ALLOW = Verdict.REDUCE_ONLY, Verdict.HALT, Verdict.FLATTEN, Verdict.ALLOW


def found(rule, view, limits=LIMITS):
    """The finding of one rule, or None."""
    return next((finding for finding in judge(view, limits).findings if finding.rule == rule), None)


def just(value):
    """A value between its neighbours: one step nearer to zero, itself, one step further."""
    step = value * 2**-52
    return value - step, value, value + step


def money(value):
    return Decimal(value) - TICK, Decimal(value), Decimal(value) + TICK


def falling(value):
    return tuple(reversed(money(value)))


def bar_closed(minutes, *, tick=timedelta(microseconds=1)):
    edge = NOON - timedelta(minutes=minutes)
    return edge + tick, edge, edge - tick


def stakes(**fields):
    return Exposure(**fields)


EDGES = {
    "daily_loss": (REDUCE_ONLY, "equity", falling(960), "down 4.00% since 00:00 UTC, limit 4.00%"),
    "drawdown_reduce": (REDUCE_ONLY, "peak_equity", money(1250), "down 20.00% from the peak, entries stop at 20.00%"),
    "drawdown_flatten": (FLATTEN, "equity", falling(650), "down 35.00% from the peak, limit 35.00%"),
    "unexplained_money": (
        REDUCE_ONLY,
        "unexplained",
        money(1),
        "+1.00 in the wallet that no booking explains: a deposit? look",
    ),
    "tracking": (REDUCE_ONLY, "tracking_bps", just(-50.0), "-50.0 bp a day against the backtest, limit 50"),
    "stale_data": (REDUCE_ONLY, "newest_close", bar_closed(130), "the newest bar closed at 2024-01-01 09:50 UTC, 2:10:00"),
    "clock_behind": (
        REDUCE_ONLY,
        "newest_close",
        tuple(NOON + timedelta(seconds=5, microseconds=step) for step in (-1, 0, 1)),
        "the newest bar closes at 2024-01-01 12:00 UTC, after the venue's own clock",
    ),
    "clock_skew": (REDUCE_ONLY, "clock_skew_seconds", just(5.0), "our clock is +5.0 s from the venue's, limit 5"),
    "missing_bars": (
        REDUCE_ONLY,
        "bars_missing",
        (("A", "B"), ("A", "B", "C"), ("A", "B", "C", "D")),
        "3 of 30 symbols lack the newest bar: A, B, C",
    ),
    "margin_use": (REDUCE_ONLY, "margin_use", just(0.8), "80.0% of the equity is tied up as margin, limit 80.0%"),
    "gross_exposure": (
        REDUCE_ONLY,
        "exposure",
        tuple(stakes(gross=value) for value in just(4.0)),
        "gross exposure is 4, max_gross is 4",
    ),
    "net_exposure": (
        REDUCE_ONLY,
        "exposure",
        tuple(stakes(net=-value) for value in just(3.5)),
        "net exposure is 3.5, max_net is 3.5",
    ),
    "symbol_exposure": (
        REDUCE_ONLY,
        "exposure",
        tuple(stakes(by_symbol={"BTCUSDT": value}) for value in just(0.5)),
        "BTCUSDT is 0.5, max_symbol is 0.5",
    ),
    "asset_exposure": (
        REDUCE_ONLY,
        "exposure",
        tuple(stakes(by_asset={"BTC": value}) for value in just(0.75)),
        "all of BTC is 0.75, max_asset is 0.75",
    ),
    "liquidity": (
        REDUCE_ONLY,
        "exposure",
        tuple(stakes(volume_share={"BTCUSDT": value}) for value in just(0.05)),
        "BTCUSDT against its daily turnover is 0.05, max_volume_share is 0.05",
    ),
    "quiet": (ALLOW, "hours_since_trade", just(72.0), "no trade for 72 hours"),
}

NAMED = {
    "emergency_stop": (
        FLATTEN,
        "emergency_stop",
        "the file EMERGENCY_STOP",
        "the emergency stop is set: the file EMERGENCY_STOP",
    ),
    "stop_unreadable": (
        REDUCE_ONLY,
        "stop_unreadable",
        "no answer",
        "the emergency stop could not be read: no answer",
    ),
    "book_differs": (HALT, "book_differs", "BTC: 1 and 2", "positions differ: BTC: 1 and 2"),
    "lost_orders": (HALT, "lost_orders", ("tw-1",), "open orders that our journal does not know: tw-1"),
    "foreign_orders": (ALLOW, "foreign_orders", ("BTCUSDT buy 1",), "open orders that are not ours: BTCUSDT buy 1"),
    "liquidated": (REDUCE_ONLY, "liquidated", ("A", "B", "C", "D", "E"), "the venue closed by force: A, B, C and 2 more"),
    "unpriced": (REDUCE_ONLY, "exposure", Exposure(unpriced=("OLDUSDT",)), "held, or in flight, without a price: OLDUSDT"),
    "unknown_equity": (HALT, "equity", Decimal("NaN"), "equity is NaN"),
    "breaker_open": (
        HALT,
        "breaker",
        Breaker("open", "3 of 24 failed", NOON),
        "the circuit breaker is open until 12:00:00 UTC: 3 of 24 failed",
    ),
    "breaker_half_open": (
        REDUCE_ONLY,
        "breaker",
        Breaker("half-open", "3 of 24 failed", NOON),
        "the circuit breaker is half-open: 3 of 24 failed",
    ),
}


def seen(field, value):
    return replace(CALM, bars_expected=30, **{field: value})


def test_every_rule_has_a_row_here():
    names = [rule.name for rule in RULES]
    assert sorted(names) == sorted([*EDGES, *NAMED])


def test_a_calm_account_may_trade():
    assert judge(CALM, LIMITS).verdict is ALLOW
    assert judge(CALM, LIMITS).findings == ()


@pytest.mark.parametrize("rule", EDGES)
def test_a_value_one_tick_short_of_its_limit_is_no_breach(rule):
    _, field, (short, _, _), _ = EDGES[rule]
    assert found(rule, seen(field, short)) is None


@pytest.mark.parametrize("rule", EDGES)
def test_a_value_at_its_limit_is_a_breach(rule):
    verdict, field, (_, edge, _), says = EDGES[rule]
    finding = found(rule, seen(field, edge))
    assert (finding.verdict, finding.reason[: len(says)]) == (verdict, says)
    assert judge(seen(field, edge), LIMITS).verdict is verdict


@pytest.mark.parametrize("rule", EDGES)
def test_a_value_one_tick_beyond_its_limit_is_a_breach(rule):
    verdict, field, (_, _, beyond), _ = EDGES[rule]
    assert found(rule, seen(field, beyond)).verdict is verdict


@pytest.mark.parametrize("rule", NAMED)
def test_what_has_no_limit_is_a_breach_whenever_it_is_there(rule):
    verdict, field, value, says = NAMED[rule]
    finding = found(rule, seen(field, value))
    assert (finding.verdict, finding.reason) == (verdict, says)
    assert judge(seen(field, value), LIMITS).verdict is verdict


@pytest.mark.parametrize(
    ("rule", "field", "value"),
    [
        ("clock_skew", "clock_skew_seconds", -5.0),
        ("tracking", "tracking_bps", 50.0),
        ("net_exposure", "exposure", Exposure(net=3.5)),
        ("unexplained_money", "unexplained", Decimal(-1)),
    ],
)
def test_what_may_be_off_either_way_is_a_breach_either_way(rule, field, value):
    assert found(rule, seen(field, value))


@pytest.mark.parametrize(
    ("rule", "field", "value"),
    [
        ("clock_skew", "clock_skew_seconds", float("nan")),
        ("tracking", "tracking_bps", float("nan")),
        ("margin_use", "margin_use", float("nan")),
        ("unexplained_money", "unexplained", Decimal("NaN")),
        ("gross_exposure", "exposure", Exposure(gross=float("nan"))),
        ("liquidity", "exposure", Exposure(volume_share={"A": float("inf")})),
    ],
)
def test_what_is_no_number_counts_as_a_breach(rule, field, value):
    assert found(rule, seen(field, value))


@pytest.mark.parametrize(("gap", "fires"), [("9.99999999", False), ("10", True), ("10.00000001", True)])
def test_a_large_account_may_miss_a_thousandth(gap, fires):
    rich = replace(CALM, equity=Decimal(10_000), unexplained=Decimal(gap))
    assert bool(found("unexplained_money", rich)) == fires


@pytest.mark.parametrize("rule", ["quiet", "tracking"])
def test_what_is_not_known_yet_is_no_breach(rule):
    field = EDGES[rule][1]
    assert found(rule, seen(field, None)) is None


def test_quiet_can_be_turned_off():
    assert found("quiet", seen("hours_since_trade", 9e9), RiskConfig(quiet_hours=None)) is None


def test_bars_are_missing_even_where_none_were_expected():
    assert found("missing_bars", replace(CALM, bars_expected=0, bars_missing=("A",)))


HYSTERESIS = [
    ("drawdown_reduce", "peak_equity", 1250, "1190.47619047", "1190.47619048"),  # 16 % of it is gone
    ("drawdown_flatten", "equity", 650, "720.00000001", "720"),  # 28 %
    ("daily_loss", "equity", 960, "968.00000001", "968"),  # 3.2 %
]


@pytest.mark.parametrize(("rule", "field", "fires", "below", "at_recovery"), HYSTERESIS)
def test_a_loss_rule_that_has_fired_stays_until_four_fifths_of_its_threshold(rule, field, fires, below, at_recovery):
    fired = judge(replace(CALM, **{field: Decimal(fires)}), LIMITS)
    assert rule in fired.raised
    healing = replace(CALM, raised=fired.raised, **{field: Decimal(at_recovery)})
    assert rule in judge(healing, LIMITS).raised
    healed = replace(CALM, raised=judge(healing, LIMITS).raised, **{field: Decimal(below)})
    assert rule not in judge(healed, LIMITS).raised


@pytest.mark.parametrize(("rule", "field", "_fires", "_below", "at_recovery"), HYSTERESIS)
def test_a_loss_rule_that_has_not_fired_does_not_at_four_fifths(rule, field, _fires, _below, at_recovery):
    others = frozenset({"daily_loss", "drawdown_reduce", "drawdown_flatten"} - {rule})
    assert rule not in judge(replace(CALM, raised=others, **{field: Decimal(at_recovery)}), LIMITS).raised


@pytest.mark.parametrize("rule", ["daily_loss", "drawdown_reduce", "drawdown_flatten"])
@pytest.mark.parametrize("raised", [frozenset(), frozenset({"daily_loss", "drawdown_reduce", "drawdown_flatten"})])
def test_a_garbled_equity_neither_fires_nor_clears_a_loss_rule(rule, raised):
    garbled = replace(CALM, equity=Decimal("NaN"), raised=raised)
    assert (rule in judge(garbled, LIMITS).raised) == (rule in raised)


@pytest.mark.parametrize("field", ["equity", "day_start_equity", "peak_equity"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_money_that_is_no_number_halts(field, value):
    assert judge(seen(field, Decimal(value)), LIMITS).verdict is HALT


@pytest.mark.parametrize("equity", [Decimal(0), Decimal(-5)])
def test_an_account_that_is_worth_nothing_is_flattened(equity):
    assert judge(seen("equity", equity), LIMITS).verdict is FLATTEN


@pytest.mark.parametrize("worth", [Decimal(0), Decimal(-1)])
def test_an_account_that_never_was_worth_anything_is_flattened(worth):
    poor = replace(CALM, equity=worth, day_start_equity=worth, peak_equity=worth)
    assert judge(poor, LIMITS).verdict is FLATTEN
