"""What a venue shows of an account at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.execution.orders import Account, Position, VenueOrder


@dataclass(frozen=True, slots=True)
class Sight:
    """What the venue shows: account, positions and every open order, whoever placed it."""

    account: Account
    positions: tuple[Position, ...]
    prices: Mapping[str, float]
    orders: tuple[VenueOrder, ...]

    @property
    def held(self) -> dict[str, Decimal]:
        """Signed base coin per symbol that is not flat."""
        return {position.symbol: position.quantity for position in self.positions}
