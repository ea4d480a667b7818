from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.risk.exposure import Exposure, Yardstick, exposure_if_filled, measures, too_much
from core.risk.limits import RiskConfig
from core.types import Side

LIMITS = RiskConfig()
PRICES = {"BTCUSDT": 100.0, "BTCUSDC": 101.0, "ETHUSDT": 7.0, "OLDUSDT": 3.0}
TURNOVER = {"BTCUSDT": 1e6, "BTCUSDC": 1e5, "ETHUSDT": 1e4}
STICK = Yardstick(PRICES, Decimal(1000), TURNOVER)


def exposure(held, stick):
    """What is held, with nothing in flight."""
    return exposure_if_filled(held, (), stick)


@dataclass(frozen=True)
class Sent:
    symbol: str
    side: Side
    quantity: Decimal
    reduce_only: bool = False


def order(text):
    """Read ``sell 3 BTCUSDT`` or ``sell 3 BTCUSDT reduce``."""
    side, quantity, symbol, *rest = text.split()
    return Sent(symbol, side, Decimal(quantity), bool(rest))


def after(held, sent, share=Decimal(1)):
    """What is held once this part of an order has filled; the venue cuts a reduce-only order at zero."""
    sign = 1 if sent.side == "buy" else -1
    now = held.get(sent.symbol, Decimal(0))
    traded = sent.quantity * share
    if sent.reduce_only:
        traded = min(traded, max(-sign * now, Decimal(0)))
    return {**held, sent.symbol: now + sign * traded}


def numbers(seen):
    """Every number of an exposure by its name, absolute."""
    return {(m.limited_by, m.subject): m.value for m in measures(seen, LIMITS)}


def test_what_is_held_is_measured_in_multiples_of_equity():
    held = {"BTCUSDT": Decimal(2), "BTCUSDC": Decimal(-1), "ETHUSDT": Decimal(10), "OLDUSDT": Decimal(0)}
    seen = exposure(held, STICK)
    assert seen.gross == pytest.approx(0.2 + 0.101 + 0.07)
    assert seen.net == pytest.approx(0.2 - 0.101 + 0.07)
    assert seen.by_symbol == pytest.approx({"BTCUSDC": 0.101, "BTCUSDT": 0.2, "ETHUSDT": 0.07})
    assert seen.by_asset == pytest.approx({"BTC": 0.301, "ETH": 0.07})
    assert seen.volume_share == pytest.approx({"BTCUSDC": 101 / 1e5, "BTCUSDT": 200 / 1e6, "ETHUSDT": 70 / 1e4})
    assert seen.unpriced == ()


def test_nothing_held_is_nothing_at_stake():
    assert exposure({}, STICK) == Exposure()


@pytest.mark.parametrize(
    ("held", "orders", "worst"),
    [
        (1, ["buy 2"], 3),
        (1, ["sell 2"], 1),  # whether it fills or not, one long or one short
        (1, ["sell 4"], 3),
        (1, ["sell 3 reduce"], 1),
        (1, ["sell 1 reduce", "sell 3"], 3),  # the exit first, and the entry takes the other side in full
        (2, ["sell 1 reduce", "sell 3"], 2),
        (-1, ["buy 5 reduce", "buy 3", "sell 1"], 3),
        (0, ["buy 2", "sell 3", "buy 2", "sell 9 reduce"], 4),
    ],
)
def test_the_worst_that_orders_can_make_of_a_position(held, orders, worst):
    sent = [order(f"{side} {quantity} BTCUSDT {' '.join(rest)}") for side, quantity, *rest in map(str.split, orders)]
    seen = exposure_if_filled({"BTCUSDT": Decimal(held)}, sent, STICK)
    assert seen.by_symbol["BTCUSDT"] == pytest.approx(worst * 0.1)


def test_the_worst_net_is_of_the_side_further_from_zero():
    orders = [order("buy 2 BTCUSDT"), order("sell 9 BTCUSDC")]
    seen = exposure_if_filled({}, orders, STICK)
    assert seen.net == pytest.approx(-0.909)
    assert seen.gross == pytest.approx(1.109)


sides = st.sampled_from(["buy", "sell"])
amounts = st.integers(1, 9).map(Decimal)
orders = st.builds(Sent, st.sampled_from(sorted(PRICES)), sides, amounts, st.booleans())
holdings = st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(-9, 9).map(Decimal))


@given(holdings, st.lists(st.tuples(orders, st.sampled_from([0, 1, 2])), max_size=6))
def test_whatever_fills_in_any_order_and_any_part_the_exposure_is_within_the_worst_case(held, sent):
    worst = exposure_if_filled(held, sorted((one for one, _ in sent), key=str), STICK)
    for one, halves in sent:
        held = after(held, one, Decimal(halves) / 2)
        now = exposure(held, STICK)
        assert set(now.unpriced) <= set(worst.unpriced)
        assert all(value <= numbers(worst)[name] for name, value in numbers(now).items())


one_symbol = st.builds(Sent, st.just("BTCUSDT"), sides, amounts, st.booleans())


@given(st.integers(-9, 9).map(Decimal), st.lists(one_symbol, max_size=4))
def test_the_worst_case_of_a_symbol_is_reached_by_some_sequence_of_fills(held, sent):
    reached = [abs(held)]
    for sequence in permutations(sent):
        now = {"BTCUSDT": held}
        for one in sequence:  # every prefix: the orders after it never fill
            now = after(now, one)
            reached.append(abs(now["BTCUSDT"]))
    worst = exposure_if_filled({"BTCUSDT": held}, sent, Yardstick({"BTCUSDT": 1.0}, Decimal(1), {"BTCUSDT": 1.0}))
    assert worst.gross == max(reached)


@given(holdings, st.lists(orders, max_size=5), orders)
def test_one_order_more_never_makes_the_worst_case_milder(held, sent, another):
    fewer, more = (numbers(exposure_if_filled(held, those, STICK)) for those in (sent, [*sent, another]))
    assert all(value <= more[name] for name, value in fewer.items())


@given(holdings, orders)
def test_a_reduce_only_order_alone_adds_to_no_position(held, one):
    exit_ = Sent(one.symbol, one.side, one.quantity, reduce_only=True)
    assert exposure_if_filled(held, [exit_], STICK).by_symbol == exposure(held, STICK).by_symbol


@pytest.mark.parametrize("price", [None, 0.0, -1.0, float("nan"), inf])
def test_what_has_no_price_is_named_and_not_summed(price):
    prices = {**PRICES} if price is None else {**PRICES, "XUSDT": price}
    seen = exposure({"XUSDT": Decimal(1), "BTCUSDT": Decimal(1)}, Yardstick(prices, Decimal(1000), TURNOVER))
    assert seen.unpriced == ("XUSDT",)
    assert seen.gross == pytest.approx(0.1)


@pytest.mark.parametrize("equity", ["0", "-5", "NaN"])
def test_without_equity_anything_held_is_infinitely_much(equity):
    stick = Yardstick(PRICES, Decimal(equity), TURNOVER)
    seen = exposure({"BTCUSDT": Decimal(-1)}, stick)
    assert (seen.gross, seen.net, seen.by_symbol) == (inf, -inf, {"BTCUSDT": inf})
    assert exposure({}, stick) == Exposure()


def test_a_market_without_turnover_is_too_small_for_any_position():
    assert exposure({"OLDUSDT": Decimal(1)}, STICK).volume_share == {"OLDUSDT": inf}


def refused(held, entry, *in_flight, stick=STICK):
    sent = [order(text) for text in in_flight]
    before = exposure_if_filled(held, sent, stick)
    return too_much(before, exposure_if_filled(held, [*sent, order(entry)], stick), LIMITS)


BTC = Yardstick({"BTCUSDT": 100.0, "ETHUSDT": 100.0}, Decimal(1000), {"BTCUSDT": 1e9, "ETHUSDT": 1e9})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("buy 4.99999999 BTCUSDT", ""),
        ("buy 5 BTCUSDT", "BTCUSDT is 0.5, max_symbol is 0.5"),
        ("sell 5.00000001 BTCUSDT", "BTCUSDT is 0.5, max_symbol is 0.5"),
    ],
)
def test_an_entry_may_go_up_to_the_limit_and_not_to_it(entry, says):
    assert refused({}, entry, stick=BTC) == says


def test_an_entry_is_refused_if_it_would_be_too_much_together_with_an_unknown_order():
    assert refused({}, "buy 3 BTCUSDT", stick=BTC) == ""
    assert refused({}, "buy 3 BTCUSDT", "buy 3 BTCUSDT", stick=BTC) == "BTCUSDT is 0.6, max_symbol is 0.5"


def test_an_entry_after_an_exit_that_may_have_filled_counts_from_zero():
    held = {"BTCUSDT": Decimal(4)}
    assert refused(held, "sell 8 BTCUSDT", stick=BTC) == ""
    assert refused(held, "sell 8 BTCUSDT", "sell 4 BTCUSDT reduce", stick=BTC) == "BTCUSDT is 0.8, max_symbol is 0.5"


def test_an_entry_elsewhere_is_not_stopped_by_a_position_that_has_grown_too_large():
    assert refused({"BTCUSDT": Decimal(6)}, "buy 1 ETHUSDT", stick=BTC) == ""
    assert refused({"BTCUSDT": Decimal(6)}, "buy 0.001 BTCUSDT", stick=BTC) == "BTCUSDT is 0.6001, max_symbol is 0.5"


def test_an_entry_into_what_has_no_price_or_no_turnover_is_refused():
    assert refused({}, "buy 1 NEWUSDT") == "NEWUSDT has no price"
    assert refused({}, "buy 1 OLDUSDT") == "OLDUSDT against its daily turnover is inf, max_volume_share is 0.05"
    assert refused({"OLDUSDT": Decimal(1)}, "buy 1 OLDUSDT").startswith("OLDUSDT against its daily turnover is inf")


@given(holdings, st.lists(orders, max_size=4), orders)
def test_an_entry_that_is_let_through_breaks_no_limit_that_held(held, sent, entry):
    before, now = (exposure_if_filled(held, those, STICK) for those in (sent, [*sent, entry]))
    was_broken, is_broken = (
        {(m.limited_by, m.subject) for m in measures(seen, LIMITS) if m.is_breached} for seen in (before, now)
    )
    assert is_broken <= was_broken or too_much(before, now, LIMITS)


@given(holdings, orders)
def test_a_reduce_only_fill_makes_no_position_larger(held, one):
    before = exposure(held, STICK)
    smaller = exposure(after(held, Sent(one.symbol, one.side, one.quantity, reduce_only=True)), STICK)
    assert smaller.gross <= before.gross
    assert all(value <= before.by_symbol[symbol] for symbol, value in smaller.by_symbol.items())
