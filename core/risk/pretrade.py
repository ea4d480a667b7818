"""The last look before orders are sent: nothing is entered that could break a limit, whatever else fills."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from core.risk.exposure import Order, Yardstick, exposure_if_filled, too_much
from core.risk.limits import RiskConfig

Planned = TypeVar("Planned", bound=Order)


class Gauge(NamedTuple):
    """What entries are weighed by: signed base coin held per symbol, the measures, the limits."""

    held: Mapping[str, Decimal]
    yardstick: Yardstick
    limits: RiskConfig


def admitted(
    planned: Sequence[Planned], in_flight: Iterable[Order], gauge: Gauge
) -> tuple[tuple[Planned, ...], tuple[tuple[Planned, str], ...]]:
    """Keep every exit, and each entry that leaves the worst case within the limits; say of the others why not.

    Returns
    -------
    The orders kept, in the order given, and each that was not with the reason.
    """
    exits = [order for order in planned if order.reduce_only]
    counted: list[Order] = [*in_flight, *exits]
    held, yardstick, limits = gauge
    before = exposure_if_filled(held, counted, yardstick)
    kept: list[Planned] = []
    refused: list[tuple[Planned, str]] = []
    for order in planned:
        if order.reduce_only:
            kept.append(order)
            continue
        after = exposure_if_filled(held, [*counted, order], yardstick)
        if why := too_much(before, after, limits):
            refused.append((order, f"no entry: {why}"))
        else:
            kept.append(order)
            counted, before = [*counted, order], after
    return tuple(kept), tuple(refused)
