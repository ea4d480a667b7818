"""The last look before orders are stored: nothing is entered that could break a limit, whatever else fills."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from core.risk.exposure import Order, Yardstick, exposure_if_filled, too_much
from core.risk.limits import RiskConfig

Planned = TypeVar("Planned", bound=Order)


def admitted(
    planned: Sequence[Planned],
    held: Mapping[str, Decimal],
    in_flight: Iterable[Order],
    yardstick: Yardstick,
    limits: RiskConfig,
) -> tuple[tuple[Planned, ...], tuple[str, ...]]:
    """Keep every exit, and each entry that leaves the worst case within the limits; say of the others why not.

    Returns
    -------
    The orders kept, in the order given, and one sentence for each that was not.
    """
    exits = [order for order in planned if order.reduce_only]
    counted: list[Order] = [*in_flight, *exits]
    before = exposure_if_filled(held, counted, yardstick)
    refused: dict[int, str] = {}
    for number, order in enumerate(planned):
        if order.reduce_only:
            continue
        after = exposure_if_filled(held, [*counted, order], yardstick)
        if why := too_much(before, after, limits):
            refused[number] = f"{order.symbol}: no entry, {why}"
        else:
            counted, before = [*counted, order], after
    return tuple(order for number, order in enumerate(planned) if number not in refused), tuple(refused.values())
