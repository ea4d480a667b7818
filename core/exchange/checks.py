"""Why the exchange says no to an order: a list of rules, asked in order, with Bybit's codes.

Assumed rather than documented by Bybit:

1. Reduce-only orders are exempt from the minimum notional, so dust can be closed.
2. A conditional order is judged on margin, and on having something to reduce, only when it wakes.
3. The ten conditional orders of a symbol are the owner's; protective orders of the position are not counted.
"""

import re
from collections.abc import Callable
from decimal import Decimal

from core.exchange.events import Refused
from core.exchange.money import held, is_affordable, signed, taker_price
from core.exchange.state import State
from core.execution.orders import OrderRequest

PARAMETER = 10001
INSUFFICIENT = 110007
TOO_MANY_ASLEEP = 110009
REDUCE_ONLY = 110017
TOO_MANY_OPEN = 110020
SETTLING = 110063
DUPLICATE_LINK = 110072
NOT_LIVE = 110074
ALREADY_RISEN = 110092
ALREADY_FALLEN = 110093
TOO_SMALL = 110094

OPEN_LIMIT, ASLEEP_LIMIT = 500, 10
"""Orders of one symbol that may be in the book, and asleep, at once."""

_LINK = re.compile(r"[A-Za-z0-9_-]{0,36}")

Check = Callable[[State, OrderRequest], Refused | None]


def objection(state: State, request: OrderRequest) -> Refused | None:
    """Return the first rule's refusal, or None when the order may enter the book."""
    for check in CHECKS:
        refusal = check(state, request)
        if refusal:
            return refusal
    return None


def entry_price(state: State, request: OrderRequest) -> Decimal:
    """Price an order is judged at: its limit, its trigger, or what a market order would pay now."""
    if request.price is not None:
        return request.price
    return taker_price(state, request.symbol, request.side) if request.trigger is None else request.trigger


def is_tradable(state: State, symbol: str) -> bool:
    """Whether orders in the symbol can be filled at the moment."""
    rules = state.instruments.get(symbol)
    return rules is not None and rules.active and symbol in state.prices and symbol not in state.barred


def misplaced(state: State, symbol: str, price: Decimal, *, above: Decimal | None, below: Decimal | None) -> Refused | None:
    """Refuse a protective price that is not on tick, or on the wrong side of the price it is measured from."""
    if price <= 0 or price % state.instruments[symbol].tick:
        return Refused(PARAMETER, f"StopLoss/TakeProfit {price} invalid: not a positive multiple of the tick")
    if above is not None and price <= above:
        return Refused(PARAMETER, f"StopLoss/TakeProfit:{price} should be higher than base_price:{above}")
    if below is not None and price >= below:
        return Refused(PARAMETER, f"StopLoss/TakeProfit:{price} should be lower than base_price:{below}")
    return None


def _link(state: State, request: OrderRequest) -> Refused | None:
    if not _LINK.fullmatch(request.link):
        return Refused(PARAMETER, "params error: orderLinkId is at most 36 of A-Z a-z 0-9 _ -")
    if request.link in state.links:
        return Refused(DUPLICATE_LINK, "OrderLinkedID is duplicate")
    return None


def _symbol(state: State, request: OrderRequest) -> Refused | None:
    if request.symbol not in state.instruments:
        return Refused(PARAMETER, f"params error: symbol invalid {request.symbol}")
    if state.barred.get(request.symbol) == "settling":
        return Refused(SETTLING, "The settlement of this contract is in progress")
    if not is_tradable(state, request.symbol):
        return Refused(NOT_LIVE, "This contract is not live")
    return None


def _mode(state: State, _request: OrderRequest) -> Refused | None:
    return Refused(PARAMETER, "position idx not match position mode") if state.hedge else None


def _grains(state: State, request: OrderRequest) -> Refused | None:
    rules = state.instruments[request.symbol]
    if request.quantity < rules.min_quantity or request.quantity <= 0:
        return Refused(PARAMETER, "The number of contracts exceeds minimum limit allowed")
    if request.quantity % rules.step:
        return Refused(PARAMETER, f"Qty invalid: not a multiple of {rules.step}")
    for price in (request.price, request.trigger):
        if price is not None and (price <= 0 or price % rules.tick):
            return Refused(PARAMETER, f"Price invalid: not a positive multiple of {rules.tick}")
    return None


def _largest(state: State, request: OrderRequest) -> Refused | None:
    most = state.instruments[request.symbol].max_quantity
    if most is None or request.price is not None or request.reduce_only or request.quantity <= most:
        return None
    return Refused(PARAMETER, f"The number of contracts exceeds maximum limit allowed: too large, {request.quantity} > {most}")


def _trigger(state: State, request: OrderRequest) -> Refused | None:
    last = state.prices[request.symbol]
    if request.trigger is None:
        return None
    if request.trigger_rises and request.trigger <= last:
        return Refused(ALREADY_RISEN, f"expect Rising, but trigger_price[{request.trigger}] <= current[{last}]")
    if not request.trigger_rises and request.trigger >= last:
        return Refused(ALREADY_FALLEN, f"expect Falling, but trigger_price[{request.trigger}] >= current[{last}]")
    return None


def _protection(state: State, request: OrderRequest) -> Refused | None:
    limits = (price for price in (request.price, request.trigger, state.prices[request.symbol]) if price is not None)
    base, buys = next(limits), request.side == "buy"
    for price, is_above in ((request.stop_loss, not buys), (request.take_profit, buys)):
        sides = {"above": base, "below": None} if is_above else {"above": None, "below": base}
        refusal = misplaced(state, request.symbol, price, **sides) if price is not None else None
        if refusal:
            return refusal
    return None


def _crowd(state: State, request: OrderRequest) -> Refused | None:
    theirs = [o for o in state.orders.open.values() if o.symbol == request.symbol and o.origin == "user"]
    asleep = sum(order.asleep for order in theirs)
    if request.trigger is not None and asleep >= ASLEEP_LIMIT:
        return Refused(TOO_MANY_ASLEEP, f"can't place more than {ASLEEP_LIMIT} conditional orders of a symbol")
    if request.trigger is None and len(theirs) - asleep >= OPEN_LIMIT:
        return Refused(TOO_MANY_OPEN, f"Not allowed to have more than {OPEN_LIMIT} active orders")
    return None


def _reduces(state: State, request: OrderRequest) -> Refused | None:
    if not request.reduce_only or request.trigger is not None:
        return None
    if held(state, request.symbol) * signed(request.side, request.quantity) >= 0:
        return Refused(REDUCE_ONLY, "current position is zero, cannot fix reduce-only order qty")
    return None


def _notional(state: State, request: OrderRequest) -> Refused | None:
    least = state.instruments[request.symbol].min_notional
    if not request.reduce_only and request.quantity * entry_price(state, request) < least:
        return Refused(TOO_SMALL, f"Order does not meet minimum order value {least}USDT")
    return None


def _margin(state: State, request: OrderRequest) -> Refused | None:
    if request.reduce_only or request.trigger is not None:
        return None
    change = signed(request.side, request.quantity)
    if not is_affordable(state, request.symbol, change, entry_price(state, request)):
        return Refused(INSUFFICIENT, "ab not enough for new order")
    return None


CHECKS: tuple[Check, ...] = (
    _link,
    _symbol,
    _mode,
    _grains,
    _largest,
    _trigger,
    _protection,
    _crowd,
    _reduces,
    _notional,
    _margin,
)
