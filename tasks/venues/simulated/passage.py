"""How time passes on the simulated exchange: bar by bar, funding before prices, nothing skipped while anything is open."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from core.exchange.engine import step
from core.exchange.events import (
    Event,
    FundingSettled,
    HistoryForgotten,
    InstrumentsListed,
    PricesMoved,
    SymbolDelisted,
)
from core.exchange.money import on_tick
from core.exchange.state import State
from core.market.instrument import Instrument
from core.market.timeframe import DAY
from tasks.venues.simulated.world import World

KEEP = 30 * DAY
"""How long closed orders and executions can still be asked for."""

Rates = Mapping[int, Mapping[str, Decimal]]


def live(world: World, state: State, now: int) -> Iterator[State]:
    """Live through everything the world does in ``(state.now, now]``, in order, and arrive at its prices of `now` (ms).

    Settlements of earlier moments that the world did not know then are exchanged first. Yields the state at every moment lived,
    the last one at `now`.
    """
    due = _settlements(world, state, now)
    for moment in sorted(moment for moment in due if moment <= state.now):
        state = step(state, FundingSettled(state.now, due[moment], moment)).state
    coming = {moment: rates for moment, rates in due.items() if moment > state.now}
    moments = {*world.opens(state.now, now), *coming} if _in_play(state) else set()
    for moment in sorted(moments | {now}):
        state = _arrive(world, state, moment, coming.get(moment, {}))
        yield state


def _in_play(state: State) -> set[str]:
    held = {symbol for symbol, holding in state.holdings.items() if holding.quantity}
    return held | {order.symbol for order in state.orders.open.values()}


def _settlements(world: World, state: State, now: int) -> Rates:
    due: dict[int, dict[str, Decimal]] = defaultdict(dict)
    listed = {rules.symbol for rules in world.instruments(now)}
    for symbol in sorted(_in_play(state) | (state.holdings.keys() & listed)):  # the world forgets who is long gone
        since = state.funded.get(symbol, _first_held(state, symbol))
        for moment, rate in world.funding(symbol, since + 1, now, now).tolist():
            due[int(moment)][symbol] = Decimal(repr(rate))
    return due


def _first_held(state: State, symbol: str) -> int:
    holding = state.holdings.get(symbol)
    return holding.created if holding else state.now


def _arrive(world: World, state: State, moment: int, rates: Mapping[str, Decimal]) -> State:
    listed = {rules.symbol: rules for rules in world.instruments(moment)}
    prices: dict[str, Decimal] = {}
    for symbol, rules in listed.items():
        price = world.price(symbol, moment)
        if price is not None:
            prices[symbol] = on_tick(Decimal(repr(price)), rules.tick)
    events: list[Event] = [FundingSettled(moment, rates, moment)] if rates else []
    events += [SymbolDelisted(moment, symbol) for symbol in state.instruments if symbol not in listed]
    events += [InstrumentsListed(listed), PricesMoved(moment, prices, _liquidity(world, state, moment, listed))]
    if moment // DAY > state.now // DAY:
        events.append(HistoryForgotten(moment - KEEP))
    for event in events:
        state = step(state, event).state
    return state


def _liquidity(world: World, state: State, moment: int, listed: Mapping[str, Instrument]) -> Mapping[str, Decimal]:
    """Return what can be traded from now on: all that is offered when the prices have moved, else what is left of it."""
    if not world.opens(state.now, moment):
        return state.liquidity
    offers = {symbol: world.liquidity(symbol, moment) for symbol in listed}
    whole = {symbol: Decimal(repr(offer)) for symbol, offer in offers.items() if offer is not None}
    return {symbol: offer // listed[symbol].step * listed[symbol].step for symbol, offer in whole.items()}
