"""What Monte Carlo and shocks say; apart from what computes it, so that who reads a night loads no compiler."""

from dataclasses import dataclass

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles a cone is drawn from."""


@dataclass(frozen=True, slots=True)
class Stress:
    """What the paths say; drawdowns are negative, so the *worst* tail is the low one.

    `drawdown_1_in_20` is the drawdown that one path in twenty exceeds. The two tails are means of losses, and so positive:
    `es_975` of the worst 2.5 % of returns over the horizon, `cdar_95` of the deepest 5 % of drawdowns.
    """

    paths: int
    horizon_bars: int
    mean_block_bars: int
    drawdown_median: float
    drawdown_1_in_20: float
    drawdown_1_in_100: float
    loss_probability: float
    return_median: float
    es_975: float
    cdar_95: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values between edges, one edge more than counts; the outer counts hold everything beyond as well."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cone:
    """Where the paths are on their way: one row per share of `SHARES`, one column per entry of `bars`.

    `equity` starts at 1; `drawdown` is the deepest so far, negative, and so the 0.05 row is the deep one.
    """

    bars: tuple[int, ...]
    equity: tuple[tuple[float, ...], ...]
    drawdown: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a page draws of the paths: deepest drawdowns, returns over the horizon, and the way there."""

    drawdowns: Histogram
    returns: Histogram
    cone: Cone


@dataclass(frozen=True, slots=True)
class TailExcess:
    """Whether one book's tail is heavier than another's, both resampled with the same days.

    `challenger` and `incumbent` are expected shortfalls (97.5 %) of daily returns, positive; `excess` is the first less
    `margin` times the second. `p_value` is one-sided: a small one says that the excess is above zero.
    """

    challenger: float
    incumbent: float
    margin: float
    excess: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Shock:
    """The book under one shock: annual net Sharpe ratio, mean daily return times 365, deepest drawdown (negative)."""

    name: str
    says: str
    sharpe: float
    annual_return: float
    max_drawdown: float
