"""The neighbourhood of a set of parameters: what still has to work when a number is a little off."""

import numpy as np

from core.optimize.search import Params
from core.strategies.strategy import FloatRange, IntRange, Space

JITTER = 0.1
"""Standard deviation of a step, as a share of a parameter's range."""


def neighbours(space: Space, params: Params, count: int, rng: np.random.Generator) -> tuple[Params, ...]:
    """Draw sets around one set: every searched parameter moves by a normal step and stays within its bounds.

    Returns
    -------
    The set itself and `count` neighbours
    """
    around = (
        {name: _moved(bounds, params[name], rng.standard_normal()) for name, bounds in space.items()} for _ in range(count)
    )
    return (params, *({**params, **moved} for moved in around))


def _moved(bounds: IntRange | FloatRange, value: float, step: float) -> int | float:
    if isinstance(bounds, FloatRange):
        return float(np.clip(value + JITTER * step * (bounds.high - bounds.low), bounds.low, bounds.high))
    if bounds.log:
        moved = value * (bounds.high / bounds.low) ** (JITTER * step)
    else:
        moved = value + JITTER * step * (bounds.high - bounds.low)
    return int(np.clip(round(moved), bounds.low, bounds.high))
