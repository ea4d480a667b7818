"""What the owner does to the account itself: leverage, position mode, money in and out; with Bybit's codes."""

from dataclasses import replace

from core.exchange.booking import transfer
from core.exchange.checks import PARAMETER
from core.exchange.events import Done, LeverageSet, MoneyMoved, PositionModeSet, Refused, Reply
from core.exchange.money import equity, leverage_of, margin_used
from core.exchange.state import State

LEVERAGE_TOO_HIGH = 110013
LEVERAGE_SAME = 110043
MODE_HAS_POSITION = 110024
MODE_SAME = 110025
MODE_HAS_ORDERS = 110028
NOT_ENOUGH = 131212


def leverage_set(state: State, event: LeverageSet) -> tuple[State, Reply]:
    """Set the leverage of a symbol; it counts for margins from now on."""
    if event.symbol not in state.instruments:
        return state, Refused(PARAMETER, f"params error: symbol invalid {event.symbol}")
    if not 1 <= event.leverage <= state.terms.max_leverage:
        return state, Refused(LEVERAGE_TOO_HIGH, f"leverage is between 1 and {state.terms.max_leverage}")
    if leverage_of(state, event.symbol) == event.leverage:
        return state, Refused(LEVERAGE_SAME, "Set leverage not modified")
    return replace(state, leverage={**state.leverage, event.symbol: event.leverage}), Done()


def mode_set(state: State, event: PositionModeSet) -> tuple[State, Reply]:
    """Switch the position mode of the whole account, which must be flat and without orders."""
    if state.hedge == event.hedge:
        return state, Refused(MODE_SAME, "Position mode is not modified")
    if any(holding.quantity for holding in state.holdings.values()):
        return state, Refused(MODE_HAS_POSITION, "You have an existing position, so position mode cannot be switched")
    if state.orders.open:
        return state, Refused(MODE_HAS_ORDERS, "You have existing orders, so position mode cannot be switched")
    return replace(state, hedge=event.hedge), Done()


def money_moved(state: State, event: MoneyMoved) -> tuple[State, Reply]:
    """Book a transfer; what margins tie up cannot leave."""
    if not event.amount:
        return state, Refused(PARAMETER, "params error: amount invalid 0")
    if event.amount < 0 and -event.amount > equity(state) - margin_used(state):
        return state, Refused(NOT_ENOUGH, "Insufficient balance")
    return transfer(state, event.amount), Done()
