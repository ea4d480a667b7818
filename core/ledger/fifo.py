"""The books: fills in, lots and closed trades out. The oldest lot is sold first.

1. Quantity is conserved: lots sum to bought minus sold.
2. Money is explained: realised profit - fees - funding + transfers is all that ever changed the wallet.
3. The books are a fold over the fills; batching changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from core.errors import LedgerError
from core.exchange.money import signed
from core.execution.orders import Fill


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one opening fill; quantity is signed, negative is short."""

    quantity: Decimal
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Trade:
    """A round trip: one lot, or part of one, opened and closed. Profit is before fees and funding."""

    symbol: str
    quantity: Decimal
    opened_at: datetime
    closed_at: datetime
    entry_price: Decimal
    exit_price: Decimal

    @property
    def profit(self) -> Decimal:
        """Quote currency."""
        return self.quantity * (self.exit_price - self.entry_price)


@dataclass(frozen=True, slots=True)
class Book:
    """The state of the books; money in quote currency, fees and funding positive when paid, transfers when moved in."""

    lots: Mapping[str, tuple[Lot, ...]] = field(default_factory=dict)
    trades: tuple[Trade, ...] = ()
    fees: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)
    transferred: Decimal = Decimal(0)

    @property
    def realised(self) -> Decimal:
        """Profit of closed trades, before fees and funding."""
        return sum((trade.profit for trade in self.trades), Decimal(0))

    @property
    def quantities(self) -> dict[str, Decimal]:
        """Signed quantity per symbol, flat ones left out."""
        return {symbol: sum((lot.quantity for lot in lots), Decimal(0)) for symbol, lots in self.lots.items() if lots}


def apply_fills(book: Book, fills: Iterable[Fill]) -> Book:
    """Book fills, oldest first."""
    lots, trades = dict(book.lots), list(book.trades)
    fees, funding, transferred = book.fees, book.funding, book.transferred
    for fill in fills:
        if fill.kind == "funding":
            funding += fill.fee
            continue
        if fill.kind == "transfer":
            transferred += signed(fill.side, fill.quantity)
            continue
        kept, closed = _close_then_open(lots.get(fill.symbol, ()), fill)
        lots[fill.symbol] = kept
        trades += closed
        fees += fill.fee
    return Book(lots, tuple(trades), fees, funding, transferred)


def _close_then_open(lots: tuple[Lot, ...], fill: Fill) -> tuple[tuple[Lot, ...], list[Trade]]:
    """Eat lots of the other side, oldest first; what is left of the fill becomes a lot."""
    if fill.quantity <= 0:
        raise LedgerError(f"{fill.symbol} {fill.exec_id}: a fill of {fill.quantity} is not a fill; check the venue's reply")
    left, closed, queue = signed(fill.side, fill.quantity), [], list(lots)
    while left and queue and queue[0].quantity * left < 0:
        lot = queue[0]
        eaten = min(abs(lot.quantity), abs(left)).copy_sign(lot.quantity)
        closed.append(Trade(fill.symbol, eaten, lot.at, fill.at, lot.price, fill.price))
        left += eaten
        queue[0] = replace(lot, quantity=lot.quantity - eaten)
        if not queue[0].quantity:
            queue.pop(0)
    if left:
        queue.append(Lot(left, fill.price, fill.at))
    return tuple(queue), closed
