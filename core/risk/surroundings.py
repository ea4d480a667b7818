"""The rules about everything around the positions: operator, books, venue, market data, clocks.

Each takes the view and the limits and returns one sentence, or nothing when it does not fire.
"""

from datetime import timedelta

from core.risk.limits import RiskConfig
from core.risk.stakes import listed
from core.risk.view import RiskView


def emergency_stop(view: RiskView, _limits: RiskConfig) -> str:
    """Fire while the operator's emergency stop is set."""
    return f"the emergency stop is set: {view.emergency_stop}" if view.emergency_stop else ""


def stop_unreadable(view: RiskView, _limits: RiskConfig) -> str:
    """Fire when nobody can say whether the emergency stop is set."""
    return f"the emergency stop could not be read: {view.stop_unreadable}" if view.stop_unreadable else ""


def book_differs(view: RiskView, _limits: RiskConfig) -> str:
    """Fire when the venue's positions and our books disagree: a person must look."""
    return f"positions differ: {view.book_differs}" if view.book_differs else ""


def lost_orders(view: RiskView, _limits: RiskConfig) -> str:
    """Fire on open orders of our kind that we know nothing of: another writer, or a lost database."""
    return f"open orders that our journal does not know: {listed(view.lost_orders)}" if view.lost_orders else ""


def foreign_orders(view: RiskView, _limits: RiskConfig) -> str:
    """Tell of open orders that somebody else placed."""
    return f"open orders that are not ours: {listed(view.foreign_orders)}" if view.foreign_orders else ""


def breaker_open(view: RiskView, _limits: RiskConfig) -> str:
    """Fire while requests fail too often."""
    if view.breaker.state != "open":
        return ""
    return f"the circuit breaker is open until {view.breaker.until:%H:%M:%S} UTC: {view.breaker.reason}"


def breaker_half_open(view: RiskView, _limits: RiskConfig) -> str:
    """Fire while it is tried whether requests succeed again."""
    return f"the circuit breaker is half-open: {view.breaker.reason}" if view.breaker.state == "half-open" else ""


def stale_data(view: RiskView, limits: RiskConfig) -> str:
    """Fire when the newest closed bar is too old."""
    age = view.now - view.newest_close
    if age < timedelta(minutes=limits.stale_after_minutes):
        return ""
    return f"the newest bar closed at {view.newest_close:%Y-%m-%d %H:%M} UTC, {age} ago"


def missing_bars(view: RiskView, limits: RiskConfig) -> str:
    """Fire when too many symbols lack the newest bar."""
    missing = len(view.bars_missing)
    if not missing or missing / max(view.bars_expected, missing) < limits.missing_bars:
        return ""
    return f"{missing} of {view.bars_expected} symbols lack the newest bar: {listed(view.bars_missing)}"


def clock_behind(view: RiskView, limits: RiskConfig) -> str:
    """Fire when the newest bar closes in the future: a clock is wrong."""
    if view.newest_close - view.now < timedelta(seconds=limits.max_clock_skew_seconds):
        return ""
    return f"the newest bar closes at {view.newest_close:%Y-%m-%d %H:%M} UTC, after the venue's own clock"


def clock_skew(view: RiskView, limits: RiskConfig) -> str:
    """Fire when our clock and the venue's disagree: requests will be refused as too old or too early."""
    if abs(view.clock_skew_seconds) < limits.max_clock_skew_seconds:
        return ""
    return f"our clock is {view.clock_skew_seconds:+.1f} s from the venue's, limit {limits.max_clock_skew_seconds:g}"


def quiet(view: RiskView, limits: RiskConfig) -> str:
    """Tell of a long time without any trade."""
    if limits.quiet_hours is None or view.hours_since_trade is None or view.hours_since_trade < limits.quiet_hours:
        return ""
    return f"no trade for {view.hours_since_trade:.0f} hours"
