"""What a venue lets you trade, and in which grains."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Instrument:
    """Trading rules of one perpetual, as the venue states them.

    Parameters
    ----------
    tick : quote currency, the price grain
    step : base coin, the quantity grain
    min_quantity : base coin
    min_notional : quote currency
    funding_minutes : minutes between settlements **today**; history may differ
    """

    venue: str
    symbol: str
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    funding_minutes: int = 480
    active: bool = True
