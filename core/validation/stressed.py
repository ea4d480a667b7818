"""What a Monte Carlo stress says; apart from what computes it, so that who reads a night loads no compiler."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stress:
    """What the paths say; drawdowns are negative, so the *worst* tail is the low one.

    `drawdown_1_in_20` is the drawdown that one path in twenty exceeds.
    """

    paths: int
    horizon_bars: int
    mean_block_bars: int
    drawdown_median: float
    drawdown_1_in_20: float
    drawdown_1_in_100: float
    loss_probability: float
    return_median: float
