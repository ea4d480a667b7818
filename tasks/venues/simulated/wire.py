"""What travels between the HTTP front and its handlers: parameters in, JSON out, refusals, pages and number texts."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, TypeVar

from core.exchange.checks import PARAMETER

Params = Mapping[str, Any]
Json = dict[str, Any]
T = TypeVar("T")


class Decline(Exception):
    """The venue says no: a retCode and a sentence."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


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


def text(number: Decimal) -> str:
    """Write a decimal as Bybit does: without an exponent."""
    return format(number, "f")


def short(number: Decimal) -> str:
    """Write a decimal that may never end, to ten places."""
    return text(number.quantize(Decimal("1e-10"), rounding=ROUND_HALF_EVEN).normalize())
