"""The simulated exchange as a fold: `step(state, event)` for everything that can happen to it.

1. Nothing here knows the time, the disk or the network, and nothing is random; the same events give the same state, to the last
   digit.
2. Funding is exchanged on the position held when it settled, at the last price, before the price moves on; a rate that
   becomes known later is exchanged then, on the position held when it settled.
3. A delisted symbol's orders are cancelled and its position settled at the last price without a fee.
4. After every event the account either holds nothing or has more equity than its maintenance margin.
5. Wallet = deposit + realised - fees - funding + transferred, always.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from core.errors import LedgerError
from core.exchange.account import leverage_set, mode_set, money_moved
from core.exchange.archive import Log, Register
from core.exchange.booking import Deal, book
from core.exchange.events import (
    Deleveraged,
    Done,
    Event,
    FundingSettled,
    HistoryForgotten,
    InstrumentsListed,
    LeverageSet,
    LiquidityOffered,
    MoneyMoved,
    OrderCancelled,
    OrderRejected,
    OrderSubmitted,
    Outcome,
    PositionModeSet,
    PricesMoved,
    ProtectionSet,
    Reply,
    SymbolDelisted,
    TradingBarred,
    VenueRestarted,
)
from core.exchange.liquidation import deleveraged, liquidated, settled
from core.exchange.matching import cancel, match, submit
from core.exchange.money import against, held_at
from core.exchange.protection import set_protection
from core.exchange.state import State

V = TypeVar("V")


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
    after = after if after is state else liquidated(after)
    added = after.sequence - state.sequence
    tail = after.executions[-added:] if added else ()
    return Outcome(after, reply, tuple(row for row in tail if row.sequence > state.sequence))


def _listed(state: State, event: InstrumentsListed) -> tuple[State, Reply]:
    if event.instruments == state.instruments:
        return state, Done()
    in_play = {o.symbol for o in state.orders.open.values()} | {s for s, h in state.holdings.items() if h.quantity}
    missing = {s: replace(state.instruments[s], active=False) for s in sorted(in_play - event.instruments.keys())}
    return replace(state, instruments={**event.instruments, **missing}), Done()


def _moved(state: State, event: PricesMoved) -> tuple[State, Reply]:
    state = _at(state, event.now)
    if event.liquidity or state.liquidity:
        stale = {symbol: left for symbol, left in state.liquidity.items() if symbol not in event.prices}
        state = replace(state, liquidity={**stale, **event.liquidity})
    priced = replace(state, opened=state.opened or event.now, prices={**state.prices, **event.prices})
    return match(priced, event.prices.keys()), Done()


def _offered(state: State, event: LiquidityOffered) -> tuple[State, Reply]:
    others = _without(state.liquidity, event.symbol)
    bound = {} if event.quantity is None else {event.symbol: event.quantity}
    return match(replace(state, liquidity={**others, **bound}), (event.symbol,)), Done()


def _funded(state: State, event: FundingSettled) -> tuple[State, Reply]:
    state = _at(state, event.now)
    for symbol, rate in event.rates.items():
        quantity = held_at(state, symbol, event.settled)
        if quantity and symbol in state.prices:
            side = against(-quantity)
            deal = Deal(symbol, side, abs(quantity), state.prices[symbol], rate, "funding", origin="funding")
            state = book(state, deal)
    return replace(state, funded={**state.funded, **dict.fromkeys(event.rates, event.settled)}), Done()


def _submitted(state: State, event: OrderSubmitted) -> tuple[State, Reply]:
    return submit(state, event.request)


def _cancelled(state: State, event: OrderCancelled) -> tuple[State, Reply]:
    return cancel(state, event.order_id)


def _rejected(state: State, event: OrderRejected) -> tuple[State, Reply]:
    return cancel(state, event.order_id, "venue")


def _protected(state: State, event: ProtectionSet) -> tuple[State, Reply]:
    return set_protection(state, event)


def _barred(state: State, event: TradingBarred) -> tuple[State, Reply]:
    others = _without(state.barred, event.symbol)
    return replace(state, barred={**others, event.symbol: event.why} if event.why else others), Done()


def _delisted(state: State, event: SymbolDelisted) -> tuple[State, Reply]:
    state = settled(_at(state, event.now), event.symbol)
    instruments, barred = _without(state.instruments, event.symbol), _without(state.barred, event.symbol)
    return replace(state, instruments=instruments, barred=barred, liquidity=_without(state.liquidity, event.symbol)), Done()


def _deleveraged(state: State, event: Deleveraged) -> tuple[State, Reply]:
    return deleveraged(state, event.symbol, event.quantity), Done()


def _restarted(state: State, _event: VenueRestarted) -> tuple[State, Reply]:
    return replace(state, restarted=state.now), Done()


def _forgotten(state: State, event: HistoryForgotten) -> tuple[State, Reply]:
    orders = {key: order for key, order in state.orders.items() if order.status == "open" or order.updated >= event.before}
    rows = (row for row in state.executions if row.at >= event.before)
    return replace(state, orders=Register(orders), executions=Log(rows)), Done()


def _at(state: State, now: int) -> State:
    if now < state.now:
        raise LedgerError(f"simulated exchange: asked to go back from {state.now} to {now} ms; its time only runs forwards")
    return replace(state, now=now)


def _without(table: Mapping[str, V], key: str) -> Mapping[str, V]:
    return {k: v for k, v in table.items() if k != key}


_HANDLERS: dict[type, Callable[[State, Any], tuple[State, Reply]]] = {
    InstrumentsListed: _listed,
    PricesMoved: _moved,
    LiquidityOffered: _offered,
    FundingSettled: _funded,
    OrderSubmitted: _submitted,
    OrderCancelled: _cancelled,
    OrderRejected: _rejected,
    ProtectionSet: _protected,
    LeverageSet: leverage_set,
    PositionModeSet: mode_set,
    TradingBarred: _barred,
    SymbolDelisted: _delisted,
    Deleveraged: _deleveraged,
    MoneyMoved: money_moved,
    VenueRestarted: _restarted,
    HistoryForgotten: _forgotten,
}
