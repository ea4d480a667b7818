"""The no-trade band: one rule for the backtest and for live orders."""

from numba import njit


@njit(cache=True)
def worth_trading(target: float, held: float, band: float) -> bool:
    """Say whether to move from what is held to the target.

    Opening, closing and changing sides always are; otherwise the gap must exceed `band` times the target.

    Parameters
    ----------
    target, held : in the same unit, signed; never NaN
    band : fraction of the target
    """
    if target * held <= 0.0:
        return target != held
    return abs(target - held) > band * abs(target)
