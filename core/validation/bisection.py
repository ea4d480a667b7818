"""Where a rising function crosses a level: bisection, which needs nothing of the function but that it rises."""

from collections.abc import Callable

STEPS = 200
"""Halvings at most; any bracket of doubles has closed to two neighbours long before."""


def crossing(rising: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Return x in [low, high] where `rising` reaches `level`, to the last bit; the nearer end where it never does.

    Parameters
    ----------
    rising : never falls between `low` and `high`
    """
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return high
