"""The worst of a distribution: value at risk and expected shortfall.

Applied to daily losses they are VaR and ES (CVaR); applied to a drawdown series, expected shortfall is CDaR.
"""

import numpy as np

from core.types import Array


def expected_shortfall(losses: Array, *, level: float) -> float:
    """Mean of the worst ``(1 - level) n`` losses, the last of them weighted by its fraction (Rockafellar-Uryasev 2002).

    Parameters
    ----------
    losses : (n,) positive is a loss; never NaN
    level : at least 0 and below 1: 0.95 averages the worst 5 %

    Returns
    -------
    float
        In the unit of the losses, negative when even the worst are gains; 0 without values.
    """
    if not len(losses):
        return 0.0
    size = (1.0 - level) * len(losses)
    worst = np.sort(losses)[::-1]
    weights = np.clip(size - np.arange(len(losses)), 0.0, 1.0)
    return float(weights @ worst / size)


def value_at_risk(losses: Array, *, level: float) -> float:
    """Return the mildest loss that `expected_shortfall` at this level still averages; 0 without values."""
    if not len(losses):
        return 0.0
    size = (1.0 - level) * len(losses)
    return float(np.sort(losses)[::-1][max(int(np.ceil(size)), 1) - 1])
