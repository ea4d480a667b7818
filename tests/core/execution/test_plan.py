from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.execution.plan import Plan, PlannedOrder, Standing, plan_orders
from core.market.instrument import Instrument
from core.market.timeframe import milliseconds
from core.risk.verdict import Verdict

STEP = Decimal("0.001")
SYMBOLS = ("ADA", "BTC", "ETH")


def rules(symbol="BTC", *, step="0.001", least="0.001", notional="5"):
    return Instrument("test", symbol, Decimal("0.1"), Decimal(step), Decimal(least), Decimal(notional))


def standing(held, *, prices=None, equity="1000", **rule):
    """A book of coins at 100 each, unless told otherwise."""
    return Standing(
        held={s: Decimal(q) for s, q in held.items()},
        prices=dict.fromkeys(SYMBOLS, 100.0) | (prices or {}),
        equity=Decimal(equity),
        instruments={s: rules(s, **rule) for s in SYMBOLS},
    )


def plan(targets, held, *, band=0.1, verdict=Verdict.ALLOW, **kwargs):
    return plan_orders(targets, standing(held, **kwargs), band=band, verdict=verdict)


def story(seen: Plan):
    """A readable picture: "exit: sell 2 BTC"."""
    return [f"{o.leg}: {o.side} {o.quantity.normalize():f} {o.symbol}" for o in seen.orders]


@pytest.mark.parametrize(
    ("weight", "held", "orders"),
    [
        (0.5, "0", ["entry: buy 5 BTC"]),
        (-0.5, "0", ["entry: sell 5 BTC"]),
        (0.5, "3", ["entry: buy 2 BTC"]),
        (0.3, "5", ["exit: sell 2 BTC"]),
        (0.0, "5", ["exit: sell 5 BTC"]),
        (0.0, "-5", ["exit: buy 5 BTC"]),
        (-0.3, "-5", ["exit: buy 2 BTC"]),
        (-0.5, "-3", ["entry: sell 2 BTC"]),
        (-0.2, "5", ["exit: sell 5 BTC", "entry: sell 2 BTC"]),
        (0.2, "-5", ["exit: buy 5 BTC", "entry: buy 2 BTC"]),
        (0.5, "5.4", []),
        (0.5, "4.6", []),
        (0.0, "0", []),
    ],
)
def test_the_way_from_what_is_held_to_the_target(weight, held, orders):
    assert story(plan({"BTC": weight}, {"BTC": held})) == orders


def test_exits_come_first_then_the_alphabet():
    seen = plan({"BTC": 0.1, "ADA": -0.1, "ETH": 0.0}, {"ETH": "1", "ADA": "2"})
    assert story(seen) == ["exit: sell 2 ADA", "exit: sell 1 ETH", "entry: sell 1 ADA", "entry: buy 1 BTC"]


def test_an_exit_can_only_reduce():
    assert [o.reduce_only for o in plan({"BTC": -0.2}, {"BTC": "5"}).orders] == [True, False]


def test_a_symbol_that_is_not_named_is_left_alone():
    assert plan({}, {"BTC": "5"}) == Plan((), ())


def test_a_quantity_is_rounded_towards_zero():
    assert story(plan({"BTC": 0.1, "ETH": -0.1}, {}, prices={"BTC": 3.0, "ETH": 3.0})) == [
        "entry: buy 33.333 BTC",
        "entry: sell 33.333 ETH",
    ]


@pytest.mark.parametrize(
    ("weight", "held", "rule", "says"),
    [
        (0.0, "0.005", {}, "BTC: exit of 0.50 is dust"),
        (0.05, "0", {"least": "1"}, "BTC: entry of 0.5 is below the venue's minimum quantity 1"),
        (0.004, "0", {}, "BTC: entry of 4.00 is below the venue's minimum value 5"),
    ],
)
def test_what_is_too_small_is_named_and_not_sent(weight, held, rule, says):
    assert plan({"BTC": weight}, {"BTC": held}, **rule) == Plan((), (says,))


def test_an_exit_may_be_below_the_minimum_value():
    assert story(plan({"BTC": 0.0}, {"BTC": "0.04"})) == ["exit: sell 0.04 BTC"]


def test_a_flip_whose_entry_is_too_small_still_exits():
    seen = plan({"BTC": -0.004}, {"BTC": "5"})
    assert story(seen) == ["exit: sell 5 BTC"]
    assert seen.skipped == ("BTC: entry of 4.00 is below the venue's minimum value 5",)


@pytest.mark.parametrize("unknown", ["prices", "instruments"])
def test_a_symbol_without_price_or_rules_is_named_when_there_is_something_to_do(unknown):
    blind = replace(standing({"BTC": "1"}), **{unknown: {}})
    told = plan_orders({"ADA": 0.0, "BTC": 0.5, "ETH": 0.1}, blind, band=0.1, verdict=Verdict.ALLOW)
    assert told == Plan((), ("BTC: no price or no trading rules", "ETH: no price or no trading rules"))


@pytest.mark.parametrize("unknown", ["prices", "instruments"])
def test_leaving_needs_neither_a_price_nor_a_rule(unknown):
    blind = replace(standing({"BTC": "1"}), **{unknown: {}})
    assert story(plan_orders({}, blind, band=0.1, verdict=Verdict.FLATTEN)) == ["exit: sell 1 BTC"]


def test_halt_plans_nothing():
    assert plan({"BTC": 0.0, "ETH": 0.5}, {"BTC": "5"}, verdict=Verdict.HALT) == Plan((), ("halted: no orders at all",))


def test_reduce_only_plans_entries_too_for_they_may_be_allowed_in_a_minute():
    targets, held = {"ADA": 0.3, "BTC": -0.2, "ETH": 0.3}, {"BTC": "5", "ETH": "5"}
    assert plan(targets, held, verdict=Verdict.REDUCE_ONLY) == plan(targets, held)


HOUR = 3_600_000


@pytest.mark.parametrize(
    ("leaves_in", "orders"), [(24 * HOUR, ["exit: sell 5 BTC"]), (24 * HOUR + 1, ["entry: buy 1 BTC"]), (0, [])]
)
def test_what_leaves_the_venue_within_a_day_is_left_and_not_entered(leaves_in, orders):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    at = milliseconds(now) + leaves_in if leaves_in else 0
    before = standing({"BTC": "5"})
    leaving = replace(before, now=now, instruments={"BTC": replace(before.instruments["BTC"], delists_at=at)})
    weight = 0.6 if orders else 0.5
    assert story(plan_orders({"BTC": weight, "XRP": 0.0}, leaving, band=0.1, verdict=Verdict.ALLOW)) == orders


def test_an_entry_carries_its_stop_on_the_safe_side_of_a_tick_and_an_exit_none():
    seen = plan_orders(
        {"BTC": 0.5, "ETH": -0.5, "ADA": 0.0}, standing({"ADA": "1"}), band=0.1, verdict=Verdict.ALLOW, stop=0.1234
    )
    assert {order.symbol: order.stop_loss for order in seen.orders} == {
        "ADA": None,
        "BTC": Decimal("87.7"),
        "ETH": Decimal("112.3"),
    }


@given(
    quantity=st.integers(1, 10**6),
    most=st.integers(1, 10**5) | st.none(),
    turnover=st.floats(1.0, 1e9) | st.just(0.0),
    verdict=st.sampled_from([Verdict.ALLOW, Verdict.FLATTEN]),
)
def test_slices_add_up_differ_by_a_step_at_most_and_none_is_larger_than_the_venue_takes(quantity, most, turnover, verdict):
    held = STEP * quantity
    rule = replace(rules(), max_quantity=None if most is None else STEP * most)
    where = replace(standing({"BTC": str(held)}), instruments={"BTC": rule}, turnover={"BTC": turnover})
    orders = plan_orders({"BTC": 0.0}, where, band=0.1, verdict=verdict).orders
    sizes = [order.quantity for order in orders]
    assert sum(sizes) in {held, 0}  # nothing, when all of it is dust
    assert [order.slice for order in orders] == list(range(1, len(orders) + 1))
    assert not sizes or max(sizes) - min(sizes) <= STEP
    assert not sizes or most is None or max(sizes) <= STEP * most
    if verdict is Verdict.FLATTEN and most is None:
        assert len(sizes) <= 1


def test_a_leg_of_more_than_a_hundredth_of_an_hour_s_turnover_is_cut():
    where = replace(standing({}), turnover={"BTC": 20_000.0})
    assert story(plan_orders({"BTC": 0.5}, where, band=0.1, verdict=Verdict.ALLOW)) == [
        "entry: buy 1.667 BTC",
        "entry: buy 1.667 BTC",
        "entry: buy 1.666 BTC",
    ]


def test_flatten_closes_everything_whatever_the_targets():
    seen = plan({"ADA": 0.3, "BTC": 0.5}, {"BTC": "5", "ETH": "-3"}, verdict=Verdict.FLATTEN)
    assert story(seen) == ["exit: sell 5 BTC", "exit: buy 3 ETH"]


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_a_target_that_is_no_number_never_becomes_an_order(weight):
    with pytest.raises(DataError, match="is not an amount of money"):
        plan({"BTC": weight}, {})


def test_a_price_that_is_no_number_never_becomes_an_order():
    with pytest.raises(DataError, match="is not an amount of money"):
        plan({"BTC": 0.1}, {}, prices={"BTC": float("nan")})


weights = st.dictionaries(st.sampled_from(SYMBOLS), st.floats(-2, 2).map(lambda w: round(w, 6)), max_size=3)
books = st.dictionaries(st.sampled_from(SYMBOLS), st.integers(-30_000, 30_000).map(lambda n: n * STEP), max_size=3)
prices = st.fixed_dictionaries({s: st.floats(0.01, 50_000).map(lambda p: float(f"{p:.6g}")) for s in SYMBOLS})
bands = st.floats(0, 0.5)
verdicts = st.sampled_from(Verdict)


def achieved(held, orders: tuple[PlannedOrder, ...]):
    after = dict(held)
    for order in orders:
        signed = order.quantity if order.side == "buy" else -order.quantity
        after[order.symbol] = after.get(order.symbol, Decimal(0)) + signed
    return after


@given(weights, books, prices, bands, verdicts)
def test_planning_from_the_achieved_book_yields_no_orders(targets, held, prices, band, verdict):
    first = plan(targets, held, prices=prices, band=band, verdict=verdict)
    then = plan(targets, achieved(held, first.orders), prices=prices, band=band, verdict=verdict)
    assert story(then) == []


@given(weights, books, prices, bands, verdicts)
def test_quantities_are_on_the_grid_and_large_enough(targets, held, prices, band, verdict):
    for order in plan(targets, held, prices=prices, band=band, verdict=verdict).orders:
        assert order.quantity > 0
        assert order.quantity % STEP == 0
        assert order.value == order.quantity * Decimal(repr(prices[order.symbol]))
        assert order.value >= 1


@given(weights, books, prices, bands)
def test_nobody_ends_up_with_more_than_was_decided(targets, held, prices, band):
    after = achieved(held, plan(targets, held, prices=prices, band=band).orders)
    for symbol, quantity in after.items():
        decided = abs(targets.get(symbol, 0.0)) * 1000 / prices[symbol]
        assert abs(quantity) <= max(decided * (1 + 1e-12), abs(held.get(symbol, Decimal(0))))


@given(weights, books, prices, bands, verdicts)
def test_an_exit_never_changes_sides_and_an_entry_follows_a_whole_exit_or_dust(targets, held, prices, band, verdict):
    seen = plan(targets, held, prices=prices, band=band, verdict=verdict)
    exits = {o.symbol: o for o in seen.orders if o.leg == "exit"}
    after = achieved(held, tuple(exits.values()))
    for symbol, order in exits.items():
        assert abs(after[symbol]) < abs(held[symbol])
        assert after[symbol] * held[symbol] >= 0
        assert order.side == ("sell" if held[symbol] > 0 else "buy")
    too_small = {reason.split(":")[0] for reason in seen.skipped if ": exit of " in reason}
    for order in seen.orders:
        if order.leg == "entry" and order.symbol not in too_small:
            assert after.get(order.symbol, 0) * (1 if order.side == "buy" else -1) >= 0


@given(weights, books, prices, bands)
def test_a_harsher_verdict_never_plans_to_open_more(targets, held, prices, band):
    entries = [
        [o for o in plan(targets, held, prices=prices, band=band, verdict=v).orders if o.leg == "entry"] for v in Verdict
    ]
    assert entries[1:] == [entries[0], [], []]


@given(weights, books, prices, bands, verdicts)
def test_exits_are_sent_before_entries(targets, held, prices, band, verdict):
    legs = [o.leg for o in plan(targets, held, prices=prices, band=band, verdict=verdict).orders]
    assert legs == sorted(legs, key=("exit", "entry").index)
