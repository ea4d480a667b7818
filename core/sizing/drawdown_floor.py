"""Never below a share of the peak: the growth-optimal exposure under that rule, which the scaler's step-down approximates."""


def grossman_zhou(mean: float, volatility: float, equity: float, *, floor: float) -> float:
    """Return the fraction of equity to hold: (μ/σ^2) (1 - floor / equity), log utility (Grossman and Zhou 1993).

    0 at the floor and below it.

    Parameters
    ----------
    mean, volatility : of the risky asset's excess return, annual
    equity : share of its own peak, at most 1
    floor : share of the peak below which equity must not fall
    """
    return mean / volatility**2 * max(1.0 - floor / equity, 0.0)
