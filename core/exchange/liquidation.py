"""What the venue does to positions by itself: liquidation, deleveraging, settlement.

One account is one cross margin: when equity no longer exceeds the maintenance margin, every order is cancelled and every
position closed at the last price worsened by the liquidation's slippage, at the taker's fee. As long as the maintenance rate is
above that slippage and fee together, equity ends below zero only when prices jump over the margin between two moves: there is
no insurance fund here.
"""

from decimal import Decimal

from core.exchange.booking import Deal, book
from core.exchange.lifecycle import ended
from core.exchange.money import against, equity, fee_rate, held, maintenance, worsened
from core.exchange.protection import drop_stale
from core.exchange.state import ZERO, State


def liquidated(state: State) -> State:
    """Liquidate the account if its equity does not exceed its maintenance margin; else return it as it is."""
    needed = maintenance(state)
    if not needed or equity(state) > needed:
        return state
    for order in state.orders.open.values():
        state = ended(state, order, "liquidation")
    for symbol, holding in state.holdings.items():
        if holding.quantity:
            state = _closed_out(state, symbol)
    return state


def deleveraged(state: State, symbol: str, quantity: Decimal) -> State:
    """Take up to this much of a position (base coin) at the last price, without a fee; nothing when there is none."""
    present = held(state, symbol)
    taken = min(abs(present), quantity)
    if taken <= 0:
        return state
    deal = Deal(symbol, against(present), taken, state.prices[symbol], ZERO, "liquidation", origin="adl")
    return drop_stale(book(state, deal), symbol)


def settled(state: State, symbol: str) -> State:
    """Cancel a symbol's orders and close its position at the last price, without a fee."""
    for order in state.orders.open.values():
        if order.symbol == symbol:
            state = ended(state, order, "delisted")
    present = held(state, symbol)
    if not present:
        return state
    deal = Deal(symbol, against(present), abs(present), state.prices[symbol], ZERO, "settlement", origin="settlement")
    return book(state, deal)


def _closed_out(state: State, symbol: str) -> State:
    present = held(state, symbol)
    price = worsened(state, symbol, against(present), state.terms.liquidation_bps)
    rate = fee_rate(state, maker=False)
    return book(state, Deal(symbol, against(present), abs(present), price, rate, "liquidation", origin="liquidation"))
