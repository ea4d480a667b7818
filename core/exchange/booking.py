"""Booking: an execution changes a position and the wallet, here and nowhere else.

A trade or settlement moves the position and realises the profit of what it closes; funding moves only the wallet.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from core.exchange.money import rounded, signed
from core.exchange.state import ZERO, Execution, Holding, Order, State
from core.execution.orders import FillKind
from core.types import Side


@dataclass(frozen=True, slots=True)
class Deal:
    """What was executed, before it has a number: units as in `Execution`."""

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    rate: Decimal
    kind: FillKind
    maker: bool = False


def book(state: State, deal: Deal, order: Order | None = None) -> State:
    """Add one execution to the account; `order` is the order it filled, as it stands after the fill."""
    before = state.holdings.get(deal.symbol, Holding(deal.symbol, created=state.now))
    sequence = state.sequence + 1
    closed = _closed(before.quantity, signed(deal.side, deal.quantity)) if deal.kind != "funding" else ZERO
    execution = _execution(state, deal, order, abs(closed))
    after = before if deal.kind == "funding" else _moved(before, signed(deal.side, deal.quantity), deal.price)
    after = replace(after, sequence=sequence, updated=state.now)
    gain = after.realised - before.realised
    is_funding = deal.kind == "funding"
    return replace(
        state,
        sequence=sequence,
        wallet=state.wallet + gain - execution.fee,
        realised=state.realised + gain,
        fees=state.fees + (ZERO if is_funding else execution.fee),
        funding=state.funding + (execution.fee if is_funding else ZERO),
        holdings={**state.holdings, deal.symbol: after},
        executions=(*state.executions, execution),
    )


def _execution(state: State, deal: Deal, order: Order | None, closed: Decimal) -> Execution:
    direction = signed(deal.side, Decimal(1)) if deal.kind == "funding" else Decimal(1)
    return Execution(
        exec_id=state.name(state.sequence + 1),
        sequence=state.sequence + 1,
        order_id=order.order_id if order else "",
        link=order.link if order else "",
        symbol=deal.symbol,
        side=deal.side,
        quantity=deal.quantity,
        price=deal.price,
        fee=rounded(direction * deal.quantity * deal.price * deal.rate),
        rate=deal.rate,
        kind=deal.kind,
        maker=deal.maker,
        closed=closed,
        leaves=order.quantity - order.filled if order else ZERO,
        at=state.now,
    )


def _closed(held: Decimal, change: Decimal) -> Decimal:
    if held * change >= 0:
        return ZERO
    return held if abs(change) >= abs(held) else -change


def _moved(holding: Holding, change: Decimal, price: Decimal) -> Holding:
    closed = _closed(holding.quantity, change)
    released = holding.cost if closed == holding.quantity else rounded(holding.cost * closed / holding.quantity)
    return replace(
        holding,
        quantity=holding.quantity + change,
        cost=holding.cost - released + (change + closed) * price,
        realised=holding.realised + closed * price - released,
    )
