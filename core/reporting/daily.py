"""The daily report as a record: everything the page says, before anything is drawn."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.backtest.metrics import Metrics
from core.reporting.account_costs import AccountCosts
from core.reporting.account_returns import EquityPoint, Performance
from core.reporting.beside import Beside
from core.reporting.earnings import Earnings
from core.reporting.exposures import Exposures
from core.reporting.health import Health
from core.reporting.market_state import MarketState
from core.reporting.trade_stats import TradeLine, TradeStats


@dataclass(frozen=True, slots=True)
class PositionLine:
    """One open position; quantity is signed, weight is a fraction of equity, target None when it is left alone."""

    symbol: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealised: Decimal
    weight: float
    target: float | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order of the reported day, as its intent stands."""

    decision_time: datetime
    symbol: str
    leg: str
    side: str
    quantity: Decimal
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """What is live, since when and why."""

    fingerprint: str
    stage: str
    since: datetime
    by: str
    reason: str
    sleeves: str
    """One line: strategies and how many parameter sets."""


@dataclass(frozen=True, slots=True)
class NightLine:
    """The last optimisation: its decision and every objection; Sharpe ratios are annual and net."""

    finished: datetime
    decision: str
    objections: tuple[str, ...]
    is_sharpe: float
    oos_sharpe: float
    trials: int


@dataclass(frozen=True, slots=True)
class ModelCurve:
    """Backtest of the live release on all stored bars: daily closes of its equity (starting at 1), and its figures."""

    days: tuple[datetime, ...]
    equity: tuple[float, ...]
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """Stored bars of one symbol."""

    symbol: str
    timeframe: str
    first: datetime
    last: datetime
    bars: int
    gaps: int


@dataclass(frozen=True, slots=True)
class WatchLine:
    """The last watch of the live release; basis points as in `core.reporting.watched.Watched`, None is not known."""

    until: datetime
    days: int
    tracking_bps: float | None
    drift_bps: float | None
    slippage_bps: float | None
    action: str
    did: str
    findings: tuple[str, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DailyReport:
    """One account at the end of a day; money in quote currency, fees and funding positive when paid.

    `realised`, `fees`, `funding` and `trades` are since the account's first fill; `orders` are of the last day. What is None is
    not known, or has not begun.

    Parameters
    ----------
    equity : every look at the account, oldest first; where it is known, what it began with stands before the first
    earned, earned_today : since the beginning, and about a day
    costs : of all trades so far
    beside : since the live release's first decision
    """

    at: datetime
    account: str
    venue: str
    synthetic: bool
    verdict: str
    verdict_reasons: tuple[str, ...]
    equity: tuple[EquityPoint, ...]
    realised: Decimal
    fees: Decimal
    funding: Decimal
    positions: tuple[PositionLine, ...]
    orders: tuple[OrderLine, ...]
    trades: tuple[TradeLine, ...]
    release: ReleaseLine
    night: NightLine | None
    model: ModelCurve
    coverage: tuple[CoverageLine, ...]
    performance: Performance | None
    trade_stats: TradeStats | None
    earned: Earnings | None
    earned_today: Earnings | None
    costs: AccountCosts | None
    exposures: Exposures
    beside: Beside | None
    watch: WatchLine | None
    market: MarketState | None
    health: Health

    @property
    def equity_now(self) -> Decimal:
        """Return the newest equity, 0 before the first look."""
        return self.equity[-1].equity if self.equity else Decimal(0)
