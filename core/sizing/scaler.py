"""The portfolio scaler: volatility target x drawdown step-down x fractional Kelly.

The volatility target divides by the larger of two figures: a forecast from the symbols' own volatilities, and what the
model portfolio has lately realised. Step-down and Kelly look at its realised returns too; the backtest kernel keeps that state.
"""

from math import sqrt

from core.compiled import lanes
from core.types import Array


def forecast_vol(raw: Array, vol: Array, correlation: float, mismatch: float) -> float:
    """Forecast a portfolio's volatility from its symbols' own, with one correlation for all pairs.

    With risks x = weight x volatility: sqrt((1 - c) sum x^2 + c (sum x)^2 + m (sum |x|)^2), the constant-correlation model
    (Elton and Gruber 1973) and a term for what a balanced book keeps of the market.

    Parameters
    ----------
    raw : (W,) weights; NaN counts as nothing held
    vol : (W,) annualised fraction; 0 where unknown

    Returns
    -------
    annualised fraction, at the size of `raw`
    """
    squares, net, gross = 0.0, 0.0, 0.0
    for i in range(lanes(raw)):
        risk = raw[i] * vol[i]
        risk = risk if risk == risk else 0.0  # noqa: PLR0124 - NaN alone differs from itself
        squares += risk * risk
        net += risk
        gross += abs(risk)
    return sqrt((1.0 - correlation) * squares + correlation * net * net + mismatch * gross * gross)


def stepdown(drawdown: float, start: float, end: float, floor: float) -> float:
    """Share of the book that a drawdown leaves: 1 up to `start`, falling in a line to `floor` at `end`.

    Parameters
    ----------
    drawdown : fraction of the peak, positive
    """
    depth = min(max((drawdown - start) / (end - start), 0.0), 1.0)
    return 1.0 - (1.0 - floor) * depth


def kelly_factor(mean: float, variance: float, fraction: float, limits: tuple[float, float]) -> float:
    """Size that fractional Kelly allows, within the limits (floor, cap).

    Parameters
    ----------
    mean, variance : of the realised return per bar, at the size it was held
        Growth-optimal leverage on it is mean / variance; no variance yet means no opinion, 1.
    """
    if variance <= 0.0:
        return 1.0
    floor, cap = limits
    return min(max(fraction * mean / variance, floor), cap)
