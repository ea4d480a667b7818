"""What the risk rules look at: one tick's facts, gathered by whoever touches the world."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.risk.breaker import Breaker
from core.risk.exposure import Exposure


@dataclass(frozen=True, slots=True)
class RiskView:
    """Everything the rules look at; money in quote currency, adjusted for what was moved in or out since.

    Parameters
    ----------
    now : the venue's time
    newest_close : when the newest stored bar closed
    peak_equity : the high-water mark over the window of `RiskConfig.drawdown_days`
    emergency_stop : who set it, and where; empty when it is not set
    book_differs : how the venue's positions differ from our books; empty when they agree
    stop_unreadable : why it is not known whether the emergency stop is set; empty when it is known
    bars_expected, bars_missing : symbols that should have the newest bar, and those that do not
    clock_skew_seconds : our clock minus the venue's
    exposure : the worst case of what is held and in flight
    margin_use : initial margin over equity, a fraction
    breaker : before this tick
    hours_since_trade : None when there never was one
    tracking_bps : live less the backtest of the same days, a day; None when it is not known
    liquidated : symbols that the venue closed by force within the last 24 hours
    foreign_orders : open orders at the venue that are not ours
    lost_orders : open orders under links of our kind that our journal does not know
    unexplained : money in the wallet that no booking explains, either way
    raised : names of the rules that had fired at the last tick
    """

    now: datetime
    newest_close: datetime
    equity: Decimal
    day_start_equity: Decimal
    peak_equity: Decimal
    emergency_stop: str
    book_differs: str
    stop_unreadable: str = ""
    bars_expected: int = 0
    bars_missing: tuple[str, ...] = ()
    clock_skew_seconds: float = 0.0
    exposure: Exposure = field(default_factory=Exposure)
    margin_use: float = 0.0
    breaker: Breaker = field(default_factory=Breaker)
    hours_since_trade: float | None = None
    tracking_bps: float | None = None
    liquidated: tuple[str, ...] = ()
    foreign_orders: tuple[str, ...] = ()
    lost_orders: tuple[str, ...] = ()
    unexplained: Decimal = Decimal(0)
    raised: frozenset[str] = frozenset()
