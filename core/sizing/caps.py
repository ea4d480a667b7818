"""Caps: the last word on how large a target may be. They only ever shrink.

First each symbol (its own cap and its liquidity), then all together (gross), then the symbols of each coin; what a later cap
takes away is not given to others. Targets are capped, not positions: one that is left alone may drift above.
"""

from core.compiled import lanes
from core.types import Array, Ints


def cap_weights(raw: Array, leverage: float, daily_value: Array, room: float, limits: tuple[float, float], out: Array) -> None:
    """Write raw weights x leverage to `out`, each clipped, then all scaled down together if the sum is still too large.

    No sign is flipped, no weight is raised, every cap holds, and doing it twice is doing it once.

    Parameters
    ----------
    raw, out : (W,) fraction of equity
        NaN (leave alone) stays NaN and does not count.
    daily_value : (W,) quote currency traded a day
    room : largest weight of a symbol per unit of that
    limits : (per symbol, gross), fractions of equity
    """
    symbol, gross = limits
    total = 0.0
    for i in range(lanes(raw)):
        most = daily_value[i] * room
        most = most if most < symbol else symbol
        weight = raw[i] * leverage
        weight = most if weight > most else weight
        weight = -most if weight < -most else weight
        out[i] = weight
        total += abs(weight) if weight == weight else 0.0  # noqa: PLR0124 - NaN alone differs from itself
    if total > gross:
        for i in range(lanes(raw)):
            out[i] *= gross / total


def cap_assets(weights: Array, asset: Ints, most: float) -> None:
    """Scale down in place the symbols of every coin whose absolute weights sum to more than `most`.

    Parameters
    ----------
    weights : (W,) fraction of equity; NaN stays NaN and does not count
    asset : (W,) number of the coin
    """
    for i in range(len(weights)):
        total, first = 0.0, True
        for j in range(len(weights)):
            if asset[j] == asset[i]:
                first = first and j >= i
                total += abs(weights[j]) if weights[j] == weights[j] else 0.0
        if first and total > most:
            for j in range(len(weights)):
                weights[j] *= most / total if asset[j] == asset[i] else 1.0
