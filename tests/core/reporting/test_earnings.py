"""Earnings add up: over symbols, over sides, and to the change of equity to the last digit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.execution.orders import Fill
from core.ledger.fifo import Book, apply_fills
from core.market.panel import Panel
from core.reporting.earnings import Earned, Stand, earnings, references

START = datetime(2024, 1, 1, tzinfo=UTC)
D = Decimal


def fill(number, side, quantity, price, *, fee="0", kind="trade", symbol="AAA", minutes=0):
    at = START + timedelta(minutes=minutes)
    return Fill("paper", symbol, str(number), "", side, D(quantity), D(price), D(fee), kind, at)


amounts = st.integers(min_value=1, max_value=10_000).map(lambda n: D(n) / 1000)
fills_of_all_kinds = st.lists(
    st.tuples(
        st.sampled_from(["AAA", "BBB"]),
        st.sampled_from(["buy", "sell"]),
        amounts,
        amounts,
        st.integers(min_value=-50, max_value=50).map(lambda n: D(n) / 100),
        st.sampled_from(["trade", "trade", "trade", "liquidation", "funding", "transfer"]),
        st.one_of(st.none(), amounts),
    ),
    max_size=30,
)


def stand(equity, held=None, prices=None):
    return Stand(START, D(equity), held or {}, prices or {})


def explained(rows, marks):
    """What the books of these fills say the equity should have changed by, and the same cut up."""
    fills = [
        fill(n, side, q, p, fee=fee, kind=kind, symbol=s, minutes=n) for n, (s, side, q, p, fee, kind, _) in enumerate(rows)
    ]
    reference = {(f.symbol, f.exec_id): row[6] for f, row in zip(fills, rows, strict=True) if row[6] and f.kind == "trade"}
    book = apply_fills(Book(), fills)
    open_profit = sum((lot.quantity * (marks[symbol] - lot.price) for symbol, lots in book.lots.items() for lot in lots), D(0))
    worth = book.realised + open_profit - book.fees - book.funding
    return earnings(stand(1000), stand(1000 + worth, prices=marks), fills, reference)


@given(fills_of_all_kinds, amounts, amounts)
def test_what_is_earned_sums_to_what_the_fifo_books_say(rows, a, b):
    seen = explained(rows, {"AAA": a, "BBB": b})
    assert abs(seen.remainder) < D("1e-18")
    sides = sum((part for _, part in seen.by_side), Earned())
    for name in ("price", "slippage", "fees", "funding"):
        assert abs(getattr(sides, name) - getattr(seen.together, name)) < D("1e-18")


@given(fills_of_all_kinds, amounts, amounts, st.integers(min_value=0, max_value=30))
def test_two_stretches_add_up_to_the_whole(rows, a, b, cut):
    marks = {"AAA": a, "BBB": b}
    fills = [fill(n, side, q, p, fee=fee, kind=kind, symbol=s) for n, (s, side, q, p, fee, kind, _) in enumerate(rows)]
    between = {"AAA": D(3), "BBB": D(5)}
    held = apply_fills(Book(), fills[:cut]).quantities
    first = earnings(stand(0), stand(0, prices=between), fills[:cut], {})
    second = earnings(stand(0, held, between), stand(0, prices=marks), fills[cut:], {})
    whole = earnings(stand(0), stand(0, prices=marks), fills, {})
    assert abs(first.together.total + second.together.total - whole.together.total) < D("1e-18")


def test_an_order_through_zero_belongs_to_both_sides():
    trades = [fill(1, "buy", 1, 100), fill(2, "sell", 3, 110, fee="0.9")]
    seen = earnings(stand(0), stand(0, prices={"AAA": D(100)}), trades, {})
    assert dict(seen.by_side) == {"long": Earned(D(10), fees=D("-0.3")), "short": Earned(D(20), fees=D("-0.6"))}


def test_slippage_is_what_was_paid_beyond_the_reference():
    trades = [fill(1, "buy", 2, 101), fill(2, "sell", 2, 108)]
    reference = {("AAA", "1"): D(100), ("AAA", "2"): D(110)}
    seen = earnings(stand(0), stand(14), trades, reference)
    assert seen.together == Earned(price=D(20), slippage=D(-6))
    assert (seen.remainder, seen.priced, seen.fills) == (D(0), 2, 2)


def test_what_no_fill_explains_is_named():
    assert earnings(stand(1000), stand("1000.25"), [], {}).remainder == D("0.25")


def test_funding_belongs_to_the_side_that_is_held():
    booked = [fill(1, "sell", 1, 100), fill(2, "sell", 1, 0, fee="-0.5", kind="funding")]
    seen = earnings(stand(0), stand(0, prices={"AAA": D(100)}), booked, {})
    assert dict(seen.by_side)["short"] == Earned(funding=D("0.5"))


def test_a_fill_is_held_against_the_open_of_its_bar_while_that_is_fresh():
    opens = np.array([[100.0], [200.0]])
    ms = int(START.timestamp() * 1000)
    panel = Panel(
        venue="v",
        timeframe="1h",
        symbols=("AAA",),
        open_time=np.array([ms, ms + 3_600_000]),
        open=opens,
        high=opens,
        low=opens,
        close=opens,
        volume=opens,
        funding=np.zeros((2, 1)),
    )
    trades = [fill(1, "buy", 1, 1, minutes=4), fill(2, "buy", 1, 1, minutes=30), fill(3, "buy", 1, 1, minutes=60)]
    elsewhere = fill(4, "buy", 1, 1, symbol="ZZZ")
    before = fill(5, "buy", 1, 1, minutes=-1)
    assert references(panel, [*trades, elsewhere, before]) == {("AAA", "1"): D("100.0"), ("AAA", "3"): D("200.0")}
