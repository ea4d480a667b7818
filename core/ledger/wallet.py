"""The wallet beside our books: what was there before them, and what nothing explains."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from core.execution.orders import Position
from core.ledger.totals import Totals

CENT = Decimal("0.01")


class Money(NamedTuple):
    """What the wallet says beside our books, quote currency.

    Parameters
    ----------
    base : the part of the wallet that was there before our books began; None before two looks agreed on it
    seen : the same, as the last look saw it at which nothing was under way
    is_lasting : whether this look saw what an earlier one had seen
    """

    base: Decimal | None
    seen: Decimal | None
    is_lasting: bool

    @property
    def unexplained(self) -> Decimal:
        """What has come since and no booking explains; negative is missing."""
        return Decimal(0) if self.base is None or self.seen is None else self.seen - self.base


def money_base(wallet: Decimal, positions: Iterable[Position], totals: Totals) -> Decimal:
    """Return the part of the wallet that our books do not explain: what was there before them, and nothing else.

    The wallet holds realised profit at the positions' average cost, so what they cost is taken out of the cash that went.
    """
    cost = sum((position.quantity * position.entry_price for position in positions), Decimal(0))
    return (wallet - Decimal(repr(totals.cash)) - cost).quantize(Decimal("1e-8"))


def believed(seen: Decimal, before: Money, *, is_apart: bool) -> Money:
    """Believe what two looks agree on that are no moment apart; the first they agree on is the base."""
    is_lasting = is_apart and before.seen is not None and abs(seen - before.seen) < CENT
    return Money(seen if before.base is None and is_lasting else before.base, seen, is_lasting)


def differs(held: Mapping[str, Decimal], booked: Mapping[str, Decimal]) -> str:
    """Say how the venue's positions differ from our books; empty when they agree."""
    off = sorted(symbol for symbol in held.keys() | booked.keys() if held.get(symbol, 0) != booked.get(symbol, 0))
    if not off:
        return ""
    first = off[0]
    return f"{first}: the venue holds {held.get(first, 0)}, our books say {booked.get(first, 0)} ({len(off)} differ)"
