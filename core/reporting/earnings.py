"""Where an account's money came from: by symbol, by long and short, and by price, slippage, fees and funding.

1. Every execution is cut at zero: what closes a position belongs to that position's side, what opens one to its own.
2. Price is counted at reference prices, slippage is what was paid beyond them; a fill without one has all of it in price.
3. The cells sum to the change of equity less transfers; what is left over is named, never spread.

Money is exact: quote currency, negative where it was lost or paid. Tested in tests/core/reporting/test_earnings.py.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import numpy as np

from core.exchange.money import signed
from core.execution.orders import Fill
from core.ledger.totals import MONEY_ONLY
from core.market.panel import Panel
from core.market.timeframe import MINUTE, milliseconds

ZERO = Decimal(0)
FRESH_MS = 5 * MINUTE
"""Age of a bar's open beyond which it is no reference for a fill."""

Sided = Literal["long", "short"]


@dataclass(frozen=True, slots=True)
class Earned:
    """What something did to the account, quote currency; costs are negative where they were paid."""

    price: Decimal = ZERO
    slippage: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All four together."""
        return self.price + self.slippage + self.fees + self.funding

    def __add__(self, other: "Earned") -> "Earned":
        return Earned(
            self.price + other.price,
            self.slippage + other.slippage,
            self.fees + other.fees,
            self.funding + other.funding,
        )


@dataclass(frozen=True, slots=True)
class Stand:
    """What is held at one moment: signed base coin per symbol, its prices, and the equity less what was transferred."""

    at: datetime
    equity: Decimal
    held: Mapping[str, Decimal]
    prices: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Earnings:
    """The change of an account's equity since a moment, cut by symbol and by side.

    Parameters
    ----------
    change : of equity less transfers, quote currency
    by_symbol : most profitable first
    by_side : long, short
    priced, fills : executions with a reference price, and all
    """

    since: datetime
    change: Decimal
    by_symbol: tuple[tuple[str, Earned], ...]
    by_side: tuple[tuple[str, Earned], ...]
    priced: int
    fills: int

    @property
    def together(self) -> Earned:
        """The sum of all symbols."""
        return sum((earned for _, earned in self.by_symbol), Earned())

    @property
    def remainder(self) -> Decimal:
        """What the equity has and no fill explains, quote currency."""
        return self.change - self.together.total


def earnings(begin: Stand, end: Stand, fills: Iterable[Fill], reference: Mapping[tuple[str, str], Decimal]) -> Earnings:
    """Explain the change from one moment to another by the fills between them, oldest first.

    Parameters
    ----------
    reference : price each fill is held against, by symbol and exec id; quote currency
    """
    cells: dict[tuple[str, Sided], Earned] = {}
    held, traded = dict(begin.held), 0
    for symbol, quantity in begin.held.items():
        _book(cells, symbol, quantity, Earned(price=-quantity * begin.prices[symbol]))
    for fill in fills:
        if fill.kind == "transfer":
            continue
        traded += fill.kind not in MONEY_ONLY
        for quantity, earned in _cut(fill, held, reference.get((fill.symbol, fill.exec_id))):
            _book(cells, fill.symbol, quantity, earned)
    for symbol, quantity in held.items():
        if quantity:
            _book(cells, symbol, quantity, Earned(price=quantity * end.prices[symbol]))
    return Earnings(begin.at, end.equity - begin.equity, _by_symbol(cells), _by_side(cells), len(reference), traded)


def references(panel: Panel, fills: Iterable[Fill]) -> dict[tuple[str, str], Decimal]:
    """Return the open of the bar that each trade fell into, for those within five minutes of it: where the model fills."""
    column = {symbol: i for i, symbol in enumerate(panel.symbols)}
    trades = [fill for fill in fills if fill.kind == "trade" and fill.symbol in column]
    at = np.array([milliseconds(fill.at) for fill in trades], dtype=np.int64)
    rows = np.searchsorted(panel.open_time, at, side="right") - 1
    out = {}
    for fill, row, moment in zip(trades, rows.tolist(), at.tolist(), strict=True):
        opened = float(panel.open[row, column[fill.symbol]]) if row >= 0 else float("nan")
        if np.isfinite(opened) and moment - panel.open_time[row] <= FRESH_MS:
            out[fill.symbol, fill.exec_id] = Decimal(repr(opened))
    return out


def _cut(fill: Fill, held: dict[str, Decimal], reference: Decimal | None) -> Iterator[tuple[Decimal, Earned]]:
    """Cut a fill into what closes and what opens, each with the position's sign; `held` is moved on."""
    before, change = held.get(fill.symbol, ZERO), signed(fill.side, fill.quantity)
    if fill.kind == "funding":
        yield before or change, Earned(funding=-fill.fee)
        return
    closing = min(abs(before), fill.quantity) if before * change < 0 else ZERO
    first_fee = fill.fee * closing / fill.quantity
    held[fill.symbol] = before + change
    pieces = ((before, closing, first_fee), (change, fill.quantity - closing, fill.fee - first_fee))
    for side, quantity, fee in pieces:
        if quantity:
            yield side, _paid(signed(fill.side, quantity), fill.price, fill.price if reference is None else reference, fee)


def _paid(quantity: Decimal, price: Decimal, reference: Decimal, fee: Decimal) -> Earned:
    return Earned(price=-quantity * reference, slippage=-quantity * (price - reference), fees=-fee)


def _book(cells: dict[tuple[str, Sided], Earned], symbol: str, quantity: Decimal, earned: Earned) -> None:
    side: Sided = "long" if quantity > 0 else "short"
    cells[symbol, side] = cells.get((symbol, side), Earned()) + earned


def _by_symbol(cells: Mapping[tuple[str, Sided], Earned]) -> tuple[tuple[str, Earned], ...]:
    symbols = sorted({symbol for symbol, _ in cells})
    summed = {symbol: sum((e for (name, _), e in cells.items() if name == symbol), Earned()) for symbol in symbols}
    return tuple(sorted(summed.items(), key=lambda line: -line[1].total))


def _by_side(cells: Mapping[tuple[str, Sided], Earned]) -> tuple[tuple[str, Earned], ...]:
    def summed(wanted: Sided) -> Earned:
        return sum((earned for (_, side), earned in cells.items() if side == wanted), Earned())

    return ("long", summed("long")), ("short", summed("short"))
