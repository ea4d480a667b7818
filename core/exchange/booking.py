"""Booking: an execution changes a position and the wallet, here and nowhere else.

A trade, settlement or liquidation moves the position and realises the profit of what it closes; funding and transfers move only
the wallet.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from core.exchange.money import rounded, signed
from core.exchange.state import ZERO, Execution, Holding, Order, Origin, State
from core.execution.orders import FillKind
from core.types import Side

CASH = "USDT"
"""The coin money is counted in: the symbol of a transfer."""


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
    origin: Origin = "user"


def book(state: State, deal: Deal, order: Order | None = None) -> State:
    """Add one execution to the account; `order` is the order it filled, as it stands after the fill but for the fee."""
    before = state.holdings.get(deal.symbol) or Holding(deal.symbol, created=state.now)
    is_funding = deal.kind == "funding"
    closed = ZERO if is_funding else _closed(before.quantity, signed(deal.side, deal.quantity))
    execution = _execution(state, deal, order, abs(closed))
    after = _moved(before, execution, closed)
    gain, fee = after.realised - before.realised, execution.fee
    return replace(
        state,
        sequence=execution.sequence,
        wallet=state.wallet + gain - fee,
        realised=state.realised + gain,
        fees=state.fees + (ZERO if is_funding else fee),
        funding=state.funding + (fee if is_funding else ZERO),
        holdings={**state.holdings, deal.symbol: after},
        orders=state.orders.put(replace(order, fees=order.fees + fee)) if order else state.orders,
        executions=state.executions.add(execution),
    )


def transfer(state: State, amount: Decimal) -> State:
    """Let money come in (positive) or go out (negative), and keep a record of it."""
    deal = Deal(CASH, "buy" if amount > 0 else "sell", abs(amount), Decimal(1), ZERO, "transfer", origin="transfer")
    execution = _execution(state, deal, None, ZERO)
    return replace(
        state,
        sequence=execution.sequence,
        wallet=state.wallet + amount,
        transferred=state.transferred + amount,
        executions=state.executions.add(execution),
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
        leaves=order.leaves if order else ZERO,
        at=state.now,
        origin=order.origin if order else deal.origin,
    )


def _closed(held: Decimal, change: Decimal) -> Decimal:
    if held * change >= 0:
        return ZERO
    return held if abs(change) >= abs(held) else -change


def _moved(holding: Holding, row: Execution, closed: Decimal) -> Holding:
    if row.kind == "funding":
        return replace(holding, sequence=row.sequence, updated=row.at)
    change = signed(row.side, row.quantity)
    released = holding.cost if closed == holding.quantity else rounded(holding.cost * closed / holding.quantity)
    return replace(
        holding,
        quantity=holding.quantity + change,
        cost=holding.cost - released + (change + closed) * row.price,
        realised=holding.realised + closed * row.price - released,
        sequence=row.sequence,
        updated=row.at,
    )
