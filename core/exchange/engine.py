"""The simulated exchange as a fold: `step(state, event)` for everything that can happen to it.

1. Nothing here knows the time, the disk or the network; the same events give the same state, to the last digit.
2. Funding is exchanged on the position held when it settled, at the last price, before the price moves on; a rate that
   becomes known later is exchanged then, on the position held when it settled.
3. A delisted symbol's orders are cancelled and its position settled at the last price without a fee.

There is no liquidation yet: equity may fall below zero.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.errors import LedgerError
from core.exchange.booking import Deal, book
from core.exchange.checks import PARAMETER
from core.exchange.events import (
    Done,
    Event,
    FundingSettled,
    HistoryForgotten,
    InstrumentsListed,
    LeverageSet,
    OrderCancelled,
    OrderSubmitted,
    Outcome,
    PricesMoved,
    Refused,
    SymbolDelisted,
)
from core.exchange.matching import cancel, match_resting, open_orders, submit
from core.exchange.money import held, held_at, leverage_of
from core.exchange.state import ZERO, State
from core.types import Side

LEVERAGE_TOO_HIGH = 110013
LEVERAGE_SAME = 110043

Reply = Done | Refused


def step(state: State, event: Event) -> Outcome:
    """Apply one event.

    Returns
    -------
    The state after it, the answer to whoever caused it, and the executions it caused, oldest first.

    Raises
    ------
    LedgerError
        When the event lies before the exchange's own time.
    """
    after, reply = _HANDLERS[type(event)](state, event)
    added = after.sequence - state.sequence
    tail = after.executions[-added:] if added else ()
    return Outcome(after, reply, tuple(row for row in tail if row.sequence > state.sequence))


def _listed(state: State, event: InstrumentsListed) -> tuple[State, Reply]:
    if event.instruments == state.instruments:
        return state, Done()
    return replace(state, instruments=dict(event.instruments)), Done()


def _moved(state: State, event: PricesMoved) -> tuple[State, Reply]:
    at = _at(state, event.now)
    priced = replace(at, opened=at.opened or event.now, prices={**state.prices, **event.prices})
    return match_resting(priced), Done()


def _funded(state: State, event: FundingSettled) -> tuple[State, Reply]:
    state = _at(state, event.now)
    for symbol, rate in event.rates.items():
        quantity = held_at(state, symbol, event.settled)
        if quantity and symbol in state.prices:
            side: Side = "buy" if quantity > 0 else "sell"
            state = book(state, Deal(symbol, side, abs(quantity), state.prices[symbol], rate, "funding"))
        state = replace(state, funded={**state.funded, symbol: event.settled})
    return state, Done()


def _submitted(state: State, event: OrderSubmitted) -> tuple[State, Reply]:
    return submit(state, event.request)


def _cancelled(state: State, event: OrderCancelled) -> tuple[State, Reply]:
    return cancel(state, event.order_id)


def _leveraged(state: State, event: LeverageSet) -> tuple[State, Reply]:
    if event.symbol not in state.instruments:
        return state, Refused(PARAMETER, f"params error: symbol invalid {event.symbol}")
    if not 1 <= event.leverage <= state.terms.max_leverage:
        return state, Refused(LEVERAGE_TOO_HIGH, f"leverage is between 1 and {state.terms.max_leverage}")
    if leverage_of(state, event.symbol) == event.leverage:
        return state, Refused(LEVERAGE_SAME, "Set leverage not modified")
    return replace(state, leverage={**state.leverage, event.symbol: event.leverage}), Done()


def _delisted(state: State, event: SymbolDelisted) -> tuple[State, Reply]:
    state = _at(state, event.now)
    for order in open_orders(state):
        if order.symbol == event.symbol:
            state, _ = cancel(state, order.order_id)
    quantity = held(state, event.symbol)
    if quantity:
        side: Side = "sell" if quantity > 0 else "buy"
        state = book(state, Deal(event.symbol, side, abs(quantity), state.prices[event.symbol], ZERO, "settlement"))
    return replace(state, instruments=_without(state.instruments, event.symbol)), Done()


def _forgotten(state: State, event: HistoryForgotten) -> tuple[State, Reply]:
    orders = {k: o for k, o in state.orders.items() if o.status == "open" or o.updated >= event.before}
    executions = tuple(row for row in state.executions if row.at >= event.before)
    return replace(state, orders=orders, executions=executions), Done()


def _at(state: State, now: int) -> State:
    if now < state.now:
        raise LedgerError(f"simulated exchange: asked to go back from {state.now} to {now} ms; its time only runs forwards")
    return replace(state, now=now)


def _without(table: Any, key: str) -> Any:
    return {k: v for k, v in table.items() if k != key}


_HANDLERS: dict[type, Callable[[State, Any], tuple[State, Reply]]] = {
    InstrumentsListed: _listed,
    PricesMoved: _moved,
    FundingSettled: _funded,
    OrderSubmitted: _submitted,
    OrderCancelled: _cancelled,
    LeverageSet: _leveraged,
    SymbolDelisted: _delisted,
    HistoryForgotten: _forgotten,
}
