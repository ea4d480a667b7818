"""Rows of a venue as our records: what is missing or unreadable raises, and is never guessed at."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from core.errors import ExchangeUnavailable
from core.market.timeframe import utc

Row = Mapping[str, Any]
T = TypeVar("T")


def read(name: str, what: str, rows: Sequence[Row], parse: Callable[[str, Row], T]) -> tuple[T, ...]:
    """Parse every row or raise.

    Raises
    ------
    ExchangeUnavailable
        Naming the venue, what was read and the field that is missing or wrong.
    """
    try:
        return tuple(parse(name, row) for row in rows)
    except KeyError as error:
        raise ExchangeUnavailable(f"{name}: {what} with an unexpected or missing {error}; update the adapter") from error
    except (InvalidOperation, ValueError, TypeError, AttributeError) as error:
        raise ExchangeUnavailable(f"{name}: {what} with an unreadable value ({error!r}); read again") from error


def money(text: str | int) -> Decimal:
    """Return a venue's number as a decimal; ValueError when it is not finite."""
    number = Decimal(str(text))
    if not number.is_finite():
        raise ValueError(f"{text!r} is not finite")
    return number


def moment(text: str | int) -> datetime:
    """Return a venue's milliseconds as an aware UTC datetime."""
    return utc(int(text))
