"""Adopting: the books take over what the venue holds and no execution explains. Only a person asks for it."""

from decimal import Decimal

from core.execution.orders import Fill, Position
from core.execution.rounding import to_decimal
from core.types import Side
from tasks.desk import Desk, open_desk
from tasks.reconciling import settle
from tasks.remembering import recall
from tasks.settings import settings


def adopt_positions(venue: str | None, *, really: bool) -> tuple[Fill, ...]:
    """Return the bookings that make the books equal to the venue's positions, and book them if that is what is wanted.

    A position is taken over at what the venue says it cost, one that is gone is given up at the last price.
    """
    with open_desk(venue, settings().timeframe, None) as desk:
        booked = settle.fn(desk, recall.fn(desk).books).totals.quantities
        there = {position.symbol: position for position in desk.venue.positions()}
        prices = desk.venue.prices()
        missing = {s: _held(there, s) - booked.get(s, Decimal(0)) for s in sorted({*there, *booked})}
        fills = tuple(_adjustment(desk, s, gap, _price(there, prices, s)) for s, gap in missing.items() if gap)
        if really:
            desk.store.fills.book(fills)
        return fills


def _held(there: dict[str, Position], symbol: str) -> Decimal:
    return there[symbol].quantity if symbol in there else Decimal(0)


def _price(there: dict[str, Position], prices: dict[str, float], symbol: str) -> Decimal:
    return there[symbol].entry_price if symbol in there else to_decimal(prices[symbol])


def _adjustment(desk: Desk, symbol: str, gap: Decimal, price: Decimal) -> Fill:
    side: Side = "buy" if gap > 0 else "sell"
    name = f"adopted-{desk.now:%Y%m%dT%H%M%S}"
    return Fill(desk.account, symbol, name, "", side, abs(gap), price, Decimal(0), "adjustment", desk.now)
