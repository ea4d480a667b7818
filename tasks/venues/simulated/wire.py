"""What travels between the HTTP front and its handlers: parameters in, JSON out, refusals, pages and number texts."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from core.exchange.checks import PARAMETER
from core.exchange.events import Done, Refused, Reply
from core.exchange.state import Execution, Order
from core.market.timeframe import DAY

BPS = Decimal(10_000)
WINDOW = 7 * DAY
"""Longest span a list answers for."""

Params = Mapping[str, Any]
Json = dict[str, Any]
T = TypeVar("T")


class Decline(Exception):
    """The venue says no: a retCode and a sentence."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def query_of(raw: str) -> Params:
    """Read a raw query string."""
    return dict(parse_qsl(raw, keep_blank_values=True))


def body_of(raw: str) -> Params:
    """Read a raw JSON object, or decline."""
    try:
        params = json.loads(raw)
    except ValueError as error:
        raise Decline(PARAMETER, "params error: the body is not JSON") from error
    if not isinstance(params, dict):
        raise Decline(PARAMETER, "params error: the body is not an object")
    return params


def page(rows: Sequence[T], params: Params, number: Callable[[T], int], *, limits: tuple[int, int]) -> tuple[list[T], str]:
    """Cut one page from rows that are newest first; the cursor is the number of its last row, so a page never slides.

    Parameters
    ----------
    limits : (rows when the caller does not say, most rows on a page)
    """
    usual, most = limits
    before = integer(params, "cursor")
    rest = [row for row in rows if before is None or number(row) < before]
    taken = rest[: max(1, min(integer(params, "limit") or usual, most))]
    return taken, str(number(taken[-1])) if len(rest) > len(taken) else ""


def countdown(rows: Sequence[T]) -> list[tuple[int, T]]:
    """Return rows that have no number of their own with one, the last row 1, so that `page` can cut them in their order."""
    return list(zip(range(len(rows), 0, -1), rows, strict=True))


def integer(params: Params, name: str) -> int | None:
    """Read an optional whole number, or decline."""
    value = params.get(name)
    if value in (None, ""):
        return None
    try:
        return int(str(value))
    except ValueError as error:
        raise Decline(PARAMETER, f"params error: {name} invalid {value!r}") from error


def decimal(params: Params, name: str) -> Decimal:
    """Read a required decimal that Bybit wants as a string, or decline."""
    value = params.get(name)
    try:
        number = Decimal(value) if isinstance(value, str) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise Decline(PARAMETER, f"params error: {name} invalid {value!r}")
    return number


def one_of(params: Params, name: str, choices: Mapping[str, T]) -> T:
    """Read one of a few words, or decline."""
    value = str(params.get(name, ""))
    if value not in choices:
        raise Decline(PARAMETER, f"params error: {name} invalid {value!r}")
    return choices[value]


def linear(params: Params) -> None:
    """Decline anything but the category of USDT perpetuals."""
    one_of(params, "category", {"linear": None})


def needs_one(params: Params, names: tuple[str, ...]) -> None:
    """Decline when none of these parameters is there."""
    if not any(params.get(name) for name in names):
        raise Decline(PARAMETER, f"params error: one of {', '.join(names)} is required")


def by_id(params: Params) -> bool:
    """Whether one order is asked for."""
    return bool(params.get("orderId") or params.get("orderLinkId"))


def named(params: Params, row: Order | Execution) -> bool:
    """Whether the row is of the symbol and order asked for; given both ids, orderId wins as it does at Bybit."""
    if params.get("symbol") not in (None, "", row.symbol):
        return False
    if params.get("orderId"):
        return bool(params["orderId"] == row.order_id)
    return params.get("orderLinkId") in (None, "", row.link)


def window(params: Params, now: int) -> tuple[int, int]:
    """Read startTime and endTime, at most seven days apart; the last seven days without them."""
    start, end = integer(params, "startTime"), integer(params, "endTime")
    if start is None:
        end = now if end is None else end
        return end - WINDOW, end
    end = start + WINDOW if end is None else end
    if not 0 <= end - start <= WINDOW:
        raise Decline(PARAMETER, "params error: startTime and endTime are at most 7 days apart")
    return start, end


def done(reply: Reply) -> Done:
    """Return what was done, or decline with the exchange's words."""
    if isinstance(reply, Refused):
        raise Decline(reply.code, reply.reason)
    return reply


def text(number: Decimal) -> str:
    """Write a decimal as Bybit does: without an exponent."""
    return format(number, "f")


def short(number: Decimal) -> str:
    """Write a decimal that may never end, to ten places."""
    return text(number.quantize(Decimal("1e-10"), rounding=ROUND_HALF_EVEN).normalize())
