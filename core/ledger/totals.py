"""What fills add up to, without lots: enough to know what is held and what the wallet should be.

1. Booking in one go or in pieces gives the same totals.
2. Quantities equal those of the FIFO books over the same fills.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from core.exchange.money import signed
from core.execution.orders import Fill

MONEY_ONLY = frozenset({"funding", "transfer"})
"""Kinds of fills in which nothing was traded."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What all fills of an account add up to.

    Parameters
    ----------
    quantities : signed base coin held per symbol, flat ones left out
    cash : quote currency that came in by selling and transfers, less what went out by buying, fees and funding;
        a float, to be compared with a tolerance
    transferred : quote currency moved in, less out
    newest, traded_at : when the last of them was, and the last that traded; None before the first
    """

    quantities: dict[str, Decimal] = field(default_factory=dict)
    cash: float = 0.0
    transferred: Decimal = Decimal(0)
    newest: datetime | None = None
    traded_at: datetime | None = None


def add_fills(totals: Totals, fills: Iterable[Fill]) -> Totals:
    """Add fills, each once, in any order."""
    for fill in fills:
        totals = _add(totals, fill)
    return totals


def _add(totals: Totals, fill: Fill) -> Totals:
    change = signed(fill.side, fill.quantity)
    seen = replace(totals, newest=max(fill.at, totals.newest or fill.at))
    if fill.kind == "transfer":
        return replace(seen, transferred=seen.transferred + change, cash=seen.cash + float(change))
    if fill.kind == "funding":
        return replace(seen, cash=seen.cash - float(fill.fee))
    held = seen.quantities.get(fill.symbol, Decimal(0)) + change
    others = {symbol: quantity for symbol, quantity in seen.quantities.items() if symbol != fill.symbol}
    return replace(
        seen,
        quantities={**others, fill.symbol: held} if held else others,
        cash=seen.cash - float(change) * float(fill.price) - float(fill.fee),
        traded_at=max(fill.at, seen.traded_at or fill.at),
    )
