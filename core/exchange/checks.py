"""Why the exchange says no to an order: a list of rules, asked in order, with Bybit's codes.

Assumed rather than documented by Bybit: reduce-only orders are exempt from the minimum notional, so dust can be closed.
"""

import re
from collections.abc import Callable
from decimal import Decimal

from core.exchange.events import Refused
from core.exchange.money import equity, held, leverage_of, margin_used, signed, taker_price
from core.exchange.state import State
from core.execution.orders import OrderRequest

PARAMETER = 10001
INSUFFICIENT = 110007
REDUCE_ONLY = 110017
DUPLICATE_LINK = 110072
NOT_LIVE = 110074
TOO_SMALL = 110094

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
    """Price an order is judged at: its limit, or what a market order would pay now."""
    return request.price if request.price is not None else taker_price(state, request.symbol, request.side)


def _link(state: State, request: OrderRequest) -> Refused | None:
    if not _LINK.fullmatch(request.link):
        return Refused(PARAMETER, "params error: orderLinkId is at most 36 of A-Z a-z 0-9 _ -")
    if request.link in state.links:
        return Refused(DUPLICATE_LINK, "OrderLinkedID is duplicate")
    return None


def _symbol(state: State, request: OrderRequest) -> Refused | None:
    if request.symbol not in state.instruments:
        return Refused(PARAMETER, f"params error: symbol invalid {request.symbol}")
    if not state.instruments[request.symbol].active or request.symbol not in state.prices:
        return Refused(NOT_LIVE, "This contract is not live")
    return None


def _grains(state: State, request: OrderRequest) -> Refused | None:
    rules = state.instruments[request.symbol]
    if request.quantity < rules.min_quantity or request.quantity <= 0:
        return Refused(PARAMETER, "The number of contracts exceeds minimum limit allowed")
    if request.quantity % rules.step:
        return Refused(PARAMETER, f"Qty invalid: not a multiple of {rules.step}")
    if request.price is not None and (request.price <= 0 or request.price % rules.tick):
        return Refused(PARAMETER, f"Price invalid: not a positive multiple of {rules.tick}")
    return None


def _reduces(state: State, request: OrderRequest) -> Refused | None:
    if request.reduce_only and held(state, request.symbol) * signed(request.side, request.quantity) >= 0:
        return Refused(REDUCE_ONLY, "current position is zero, cannot fix reduce-only order qty")
    return None


def _notional(state: State, request: OrderRequest) -> Refused | None:
    least = state.instruments[request.symbol].min_notional
    if not request.reduce_only and request.quantity * entry_price(state, request) < least:
        return Refused(TOO_SMALL, f"Order does not meet minimum order value {least}USDT")
    return None


def _margin(state: State, request: OrderRequest) -> Refused | None:
    if request.reduce_only:
        return None
    before = held(state, request.symbol)
    growth = abs(before + signed(request.side, request.quantity)) - abs(before)
    extra = growth * entry_price(state, request) / leverage_of(state, request.symbol)
    if extra > 0 and margin_used(state) + extra > equity(state):
        return Refused(INSUFFICIENT, "ab not enough for new order")
    return None


CHECKS: tuple[Check, ...] = (_link, _symbol, _grains, _reduces, _notional, _margin)
