"""The liberties Bybit takes with its replies, decided by a seed: a client that minds any of them is wrong.

1. Rows grow fields nobody has heard of.
2. Fields that its pages call optional, or that it added late, are left out now and then.
3. Where more candles are asked for than fit, nobody documents which end is cut.
"""

import numpy as np

from core.types import Array
from tasks.venues.simulated.wire import Json

CHANCE = 0.2

OPTIONAL = frozenset(
    {
        *("blockTradeId", "createType", "isLeverage", "lastPriceOnCreated", "orderIv", "parentOrderLinkId", "placeType"),
        *("reduceOnly", "slLimitPrice", "smpGroup", "smpOrderId", "smpType", "tpLimitPrice", "ocoTriggerBy"),
        *("closedSize", "feeCurrency", "indexPrice", "isMaker", "markIv", "tradeIv", "underlyingPrice"),
        *("adlRankIndicator", "autoAddMargin", "bustPrice", "isReduceOnly", "leverageSysUpdatedTime", "mmrSysUpdatedTime"),
        *("positionBalance", "riskLimitValue", "accountLTV", "bonusChange", "extraFees", "transSubType"),
        *("basis", "basisRate", "deliveryFeeRate", "predictedDeliveryPrice", "symbolType", "priceScale"),
    }
)
"""Fields that may be missing from a row."""


class Whims:
    """One venue's liberties, the same for the same seed and requests."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def cut(self, rows: Array, limit: int) -> Array:
        """Keep `limit` rows at one end."""
        return rows[-limit:] if self._happens(0.5) else rows[:limit]

    def dress(self, result: Json) -> Json:
        """Return a reply's result with its rows as they might come."""
        rows = result.get("list")
        if not isinstance(rows, list):
            return result
        return {**result, "list": [self._dressed(row) if isinstance(row, dict) else row for row in rows]}

    def _dressed(self, row: Json) -> Json:
        kept = {name: value for name, value in row.items() if name not in OPTIONAL or not self._happens(CHANCE)}
        return {**kept, "newlyAddedField": "?"} if self._happens(CHANCE) else kept

    def _happens(self, chance: float) -> bool:
        return bool(self._rng.random() < chance)
