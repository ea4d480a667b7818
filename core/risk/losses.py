"""The rules about money: what is gone, what nobody can explain, what the backtest did not foresee.

Each takes the view and the limits and returns one sentence, or nothing when it does not fire. Money that is not a number
fires `unknown_equity` and leaves the others as they were: nothing is closed, and nothing resumed, over a garbled figure.
"""

from decimal import Decimal

from core.risk.limits import RiskConfig
from core.risk.view import RiskView

LEAST_UNEXPLAINED = Decimal(1)
"""Quote currency: roundings of the venue stay below."""

UNEXPLAINED_SHARE = Decimal("0.001")
"""Of the equity, as a fraction; the larger of the two counts."""


def unknown_equity(view: RiskView, _limits: RiskConfig) -> str:
    """Fire when the worth of the account, now or at either reference, is not a number."""
    named = {"equity": view.equity, "the equity at 00:00 UTC": view.day_start_equity, "the peak equity": view.peak_equity}
    unknown = [f"{name} is {money}" for name, money in named.items() if not money.is_finite()]
    return "; ".join(unknown)


def daily_loss(view: RiskView, limits: RiskConfig) -> str:
    """Fire on a bad day; the next begins at 00:00 UTC."""
    limit = _threshold("daily_loss", limits.daily_loss, view, limits)
    if not _is_lost(view, view.day_start_equity, limit, "daily_loss"):
        return ""
    return f"down {_lost(view, view.day_start_equity)} since 00:00 UTC, limit {limits.daily_loss:.2%}"


def drawdown_reduce(view: RiskView, limits: RiskConfig) -> str:
    """Fire when much is lost from the high-water mark."""
    limit = _threshold("drawdown_reduce", limits.drawdown_reduce, view, limits)
    if not _is_lost(view, view.peak_equity, limit, "drawdown_reduce"):
        return ""
    return f"down {_lost(view, view.peak_equity)} from the peak, entries stop at {limits.drawdown_reduce:.2%}"


def drawdown_flatten(view: RiskView, limits: RiskConfig) -> str:
    """Fire when too much is lost from the high-water mark."""
    limit = _threshold("drawdown_flatten", limits.drawdown_flatten, view, limits)
    if not _is_lost(view, view.peak_equity, limit, "drawdown_flatten"):
        return ""
    return f"down {_lost(view, view.peak_equity)} from the peak, limit {limits.drawdown_flatten:.2%}"


def unexplained_money(view: RiskView, _limits: RiskConfig) -> str:
    """Fire when the wallet holds more or less than the bookings say."""
    gap, worth = abs(view.unexplained), view.equity if view.equity.is_finite() else Decimal(0)
    if gap.is_finite() and gap < max(LEAST_UNEXPLAINED, UNEXPLAINED_SHARE * worth):
        return ""
    return f"{view.unexplained:+.2f} in the wallet that no booking explains: a deposit? look"


def tracking(view: RiskView, limits: RiskConfig) -> str:
    """Fire when the account strays from what the backtest of the same days did."""
    if view.tracking_bps is None or abs(view.tracking_bps) < limits.max_tracking_bps:
        return ""
    return f"{view.tracking_bps:+.1f} bp a day against the backtest, limit {limits.max_tracking_bps:g}"


def _threshold(rule: str, limit: float, view: RiskView, limits: RiskConfig) -> Decimal:
    """Return the loss at which a rule fires: lower while it has fired already."""
    exact = Decimal(str(limit))
    return exact * Decimal(str(limits.recovery)) if rule in view.raised else exact


def _is_lost(view: RiskView, reference: Decimal, share: Decimal, rule: str) -> bool:
    """Whether this fraction of the reference, or more, is gone; all of it when there never was any equity."""
    if not (view.equity.is_finite() and reference.is_finite()):
        return rule in view.raised
    return reference <= 0 or reference - view.equity >= share * reference


def _lost(view: RiskView, reference: Decimal) -> str:
    loss = 1 - view.equity / reference if reference > 0 else Decimal(1)
    return f"{loss:.2%}"
