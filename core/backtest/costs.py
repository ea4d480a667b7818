"""What a trade costs, in research and in the simulated exchange alike.

Cost of trading a value v, as a fraction of it: fee + half spread + impact x daily volatility x sqrt(v / daily traded value).
The square root law and its prefactor of about one: Tóth et al. (2011), "Anomalous price impact and the critical nature of
liquidity". A spread is wider where less is traded, also about as the root: Wyart, Bouchaud et al. (2008).
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from core.config import Bps, Config, Fraction
from core.types import Array

BPS = 1e-4
REFERENCE_VALUE = 100e6
"""Quote currency traded a day by a symbol whose half spread is `half_spread_bps`."""
NARROWEST, WIDEST = 0.25, 10.0
"""Bounds of a symbol's spread, as multiples of the reference's."""


class CostConfig(Config):
    """Costs per side on the value traded. Funding is not here: it comes with the data."""

    taker_bps: Bps = 5.5
    """Fee for taking liquidity; Bybit's base tier."""
    maker_bps: Bps = 2.0
    """Fee for providing it; Bybit's base tier."""
    maker_share: Fraction = 0.0
    """Share of the traded value that is filled as a maker; the live flow sends market orders, so none."""
    half_spread_bps: Bps = 2.0
    """Half the spread of a symbol that trades 100 million a day; others by the root of their own traded value."""
    impact: Annotated[float, Field(ge=0.0, le=10.0)] = 1.0
    """Prefactor of the square root law."""
    capital: Annotated[float, Field(gt=0.0, le=1e12)] = 10_000.0
    """Quote currency that the book starts with: impact and liquidity caps depend on it."""

    @property
    def fee(self) -> float:
        """Fee as a fraction, mixed by maker share."""
        return (self.maker_share * self.maker_bps + (1.0 - self.maker_share) * self.taker_bps) * BPS

    @property
    def half_spread(self) -> float:
        """Half the reference's spread as a fraction."""
        return self.half_spread_bps * BPS

    def scaled(self, factor: float) -> "CostConfig":
        """Return the same costs, each times `factor`."""
        changed = {name: getattr(self, name) * factor for name in ("taker_bps", "maker_bps", "half_spread_bps", "impact")}
        return self.model_copy(update=changed)


def relative_spread(daily_value: Array) -> Array:
    """Each symbol's spread as a multiple of the reference's, in the shape of `daily_value`.

    Parameters
    ----------
    daily_value : quote currency traded a day; NaN (unknown) gets the widest
    """
    with np.errstate(divide="ignore"):
        relative = np.nan_to_num(np.sqrt(REFERENCE_VALUE / daily_value), nan=WIDEST, posinf=WIDEST)
    return np.clip(relative, NARROWEST, WIDEST)


def unit_impact(daily_value: Array, daily_vol: Array) -> Array:
    """Impact of trading one unit of quote currency, as a fraction; that of a value v is this times sqrt(v).

    Parameters
    ----------
    daily_value : quote currency traded a day; NaN and 0 (unknown) give 0: such a symbol has no room for a position either
    daily_vol : fraction; NaN gives 0
    """
    root = np.sqrt(np.nan_to_num(daily_value))
    return np.divide(np.nan_to_num(daily_vol), root, out=np.zeros_like(root), where=root > 0)
