"""Where research meets money: floats become exact multiples of the venue's grain, in this file only."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from core.errors import DataError
from core.types import Side


def to_decimal(value: float) -> Decimal:
    """Return the shortest decimal that reads back as this float; NaN and infinity are refused."""
    exact = Decimal(repr(float(value)))
    if not exact.is_finite():
        raise DataError(f"{value} is not an amount of money")
    return exact


def round_quantity(quantity: Decimal, step: Decimal) -> Decimal:
    """Round towards zero to a multiple of the step: never more than was decided."""
    return (quantity / step).to_integral_value(ROUND_DOWN) * step


def round_price(price: Decimal, tick: Decimal) -> Decimal:
    """Round to the nearest tick."""
    return (price / tick).to_integral_value(ROUND_HALF_EVEN) * tick


def stop_price(price: Decimal, tick: Decimal, side: Side, distance: float) -> Decimal:
    """Return where the stop-loss of an entry lies: `distance` (fraction) below a buy's price or above a sell's, on a tick.

    It is rounded towards the price, so that the loss is never more than was allowed, and never below one tick.
    """
    off = price * to_decimal(distance)
    if side == "buy":
        return max(((price - off) / tick).to_integral_value(ROUND_CEILING), Decimal(1)) * tick
    return ((price + off) / tick).to_integral_value(ROUND_FLOOR) * tick
