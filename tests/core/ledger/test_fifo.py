"""The books, told as stories: "buy 2 BTC @ 100 fee 1"."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LedgerError
from core.execution.orders import Fill
from core.ledger.fifo import Book, apply_fills

START = datetime(2024, 1, 1, tzinfo=UTC)


def fill(text, number=0):
    """Read "buy 2 BTC @ 100 fee 1", "liquidation sell 2 BTC @ 50" or "funding 0.5 BTC"."""
    words = text.split()
    kind = words.pop(0) if words[0] in ("funding", "liquidation", "settlement") else "trade"
    if kind == "funding":
        words = ["buy", "1", words[1], "@", "100", "fee", words[0]]
    side, quantity, symbol, _, price, *fee = words
    numbers = (Decimal(quantity), Decimal(price), Decimal(fee[1] if fee else 0))
    return Fill("test", symbol, f"x{number}", "", side, *numbers, kind, START + timedelta(minutes=number))


def fills(*lines):
    return [fill(line, number) for number, line in enumerate(lines)]


def told(*lines):
    return apply_fills(Book(), fills(*lines))


def lots(book):
    return [f"{lot.quantity:+} {symbol} @ {lot.price}" for symbol in sorted(book.lots) for lot in book.lots[symbol]]


def trades(book):
    return [f"{t.quantity:+} {t.symbol} {t.entry_price} -> {t.exit_price}: {t.profit:+}" for t in book.trades]


def test_a_purchase_is_a_lot():
    book = told("buy 2 BTC @ 100 fee 1")
    assert lots(book) == ["+2 BTC @ 100"]
    assert (trades(book), book.fees, book.realised) == ([], 1, 0)


def test_a_sale_eats_the_oldest_lot_first():
    book = told("buy 2 BTC @ 100", "buy 3 BTC @ 110", "sell 4 BTC @ 120")
    assert lots(book) == ["+1 BTC @ 110"]
    assert trades(book) == ["+2 BTC 100 -> 120: +40", "+2 BTC 110 -> 120: +20"]


def test_a_sale_of_part_of_a_lot_leaves_the_rest_at_its_price():
    book = told("buy 2 BTC @ 100", "sell 0.5 BTC @ 90")
    assert lots(book) == ["+1.5 BTC @ 100"]
    assert trades(book) == ["+0.5 BTC 100 -> 90: -5.0"]


def test_a_short_earns_when_the_price_falls():
    book = told("sell 2 BTC @ 100", "buy 2 BTC @ 80")
    assert trades(book) == ["-2 BTC 100 -> 80: +40"]
    assert (lots(book), book.quantities) == ([], {})


def test_a_sale_of_more_than_is_held_turns_into_a_short():
    book = told("buy 2 BTC @ 100", "sell 5 BTC @ 110")
    assert trades(book) == ["+2 BTC 100 -> 110: +20"]
    assert lots(book) == ["-3 BTC @ 110"]
    assert book.quantities == {"BTC": -3}


def test_symbols_do_not_mix():
    book = told("buy 2 BTC @ 100", "sell 2 ETH @ 10")
    assert lots(book) == ["+2 BTC @ 100", "-2 ETH @ 10"]
    assert trades(book) == []


def test_funding_is_money_and_not_a_trade():
    book = told("buy 2 BTC @ 100", "funding 0.5 BTC", "funding -0.2 BTC")
    assert lots(book) == ["+2 BTC @ 100"]
    assert (book.funding, book.fees) == (Decimal("0.3"), 0)


@pytest.mark.parametrize("kind", ["liquidation", "settlement"])
def test_what_the_venue_closes_is_closed_in_the_books(kind):
    book = told("buy 2 BTC @ 100", f"{kind} sell 2 BTC @ 50 fee 1")
    assert trades(book) == ["+2 BTC 100 -> 50: -100"]
    assert (book.fees, book.quantities) == (1, {})


def test_a_rebate_lowers_the_fees():
    assert told("buy 1 BTC @ 100 fee 0.3", "sell 1 BTC @ 100 fee -0.1").fees == Decimal("0.2")


def test_a_trade_knows_when_it_was_opened_and_closed():
    (trade,) = told("buy 1 BTC @ 100", "buy 1 ETH @ 5", "sell 1 BTC @ 100").trades
    assert (trade.opened_at, trade.closed_at) == (START, START + timedelta(minutes=2))


@pytest.mark.parametrize("quantity", ["0", "-1"])
def test_a_fill_of_nothing_is_refused(quantity):
    with pytest.raises(LedgerError, match=f"BTC x0: a fill of {quantity} is not a fill"):
        told(f"buy {quantity} BTC @ 100")


def test_booking_does_not_change_the_book_it_started_from():
    before = told("buy 2 BTC @ 100")
    apply_fills(before, fills("sell 2 BTC @ 110", "buy 1 ETH @ 5"))
    assert lots(before) == ["+2 BTC @ 100"]


def line(draw_from):
    side, quantity, symbol, price, fee = draw_from
    return f"{side} {quantity} {symbol} @ {price} fee {fee}"


amount = st.integers(1, 5000).map(lambda n: Decimal(n) / 1000)
stories = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        amount,
        st.sampled_from(["BTC", "ETH"]),
        amount.map(lambda a: a * 100),
        st.integers(-10, 100).map(lambda n: Decimal(n) / 100),
    ).map(line)
    | amount.map(lambda a: f"funding {a - 2} BTC"),
    max_size=25,
)


def signed(f):
    return f.quantity if f.side == "buy" else -f.quantity


@given(stories)
def test_quantity_is_conserved(lines):
    book = told(*lines)
    for symbol in ("BTC", "ETH"):
        traded = [f for f in fills(*lines) if f.symbol == symbol and f.kind != "funding"]
        assert book.quantities.get(symbol, 0) == sum(map(signed, traded))
        lot_sides = {lot.quantity > 0 for lot in book.lots.get(symbol, ())}
        assert len(lot_sides) <= 1  # never long and short at once
        assert all(lot.quantity for lot in book.lots.get(symbol, ()))


@given(stories)
def test_every_coin_of_cash_is_explained(lines):
    """What flowed through the wallet is realised profit, less what the open lots cost, less fees and funding."""
    book = told(*lines)
    cash = sum(
        (-f.fee if f.kind == "funding" else -signed(f) * f.price - f.fee for f in fills(*lines)),
        Decimal(0),
    )
    cost = sum((lot.quantity * lot.price for held in book.lots.values() for lot in held), Decimal(0))
    assert cash == book.realised - cost - book.fees - book.funding


@given(stories, st.integers(0, 25))
def test_batching_changes_nothing(lines, cut):
    whole = told(*lines)
    assert apply_fills(apply_fills(Book(), fills(*lines)[:cut]), fills(*lines)[cut:]) == whole
    assert reduce(lambda book, one: apply_fills(book, [one]), fills(*lines), Book()) == whole


@given(stories)
def test_lots_are_sold_in_the_order_they_were_bought(lines):
    book = told(*lines)
    for symbol in ("BTC", "ETH"):
        opened = [t.opened_at for t in book.trades if t.symbol == symbol]
        held = [lot.at for lot in book.lots.get(symbol, ())]
        assert opened == sorted(opened)
        assert held == sorted(held)
        assert not (opened and held) or opened[-1] <= held[0]
