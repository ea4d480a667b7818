"""A backtest's result: figures for scripts and for `tradewind results`, and the detail that only its page draws.

1. Nothing here knows what time it is or how long anything took: the same book over the same bars is the same record.
2. `flat` holds numbers, words and moments only, so that it survives JSON.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.backtest.metrics import Metrics
from core.backtest.tearsheet import TearSheet
from core.regimes import RegimeLine, Spell
from core.reporting.cost_report import CostReport
from core.reporting.round_trips import Trip, TripStats

LABELS = (
    *("release", "strategy", "venue", "timeframe", "start", "end", "bars", "symbols", "data_hash", "regime_hash", "synthetic"),
    *("total", "forced_exits", "stopped"),
)
HEADLINE = ("sharpe", "sortino", "calmar", "cagr", "volatility", "max_drawdown")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a yardstick did over the same bars, before costs; `total` compounds."""

    name: str
    metrics: Metrics
    total: float
    regimes: tuple[RegimeLine, ...]

    @property
    def flat(self) -> dict[str, Any]:
        """Its headline figures in one level."""
        return {"name": self.name, "total": self.total, **{name: getattr(self.metrics, name) for name in HEADLINE}}


@dataclass(frozen=True, slots=True)
class Stretch:
    """The same release over one period, its book flat at the start: what a backtest with that start says.

    Parameters
    ----------
    costs : sums over the period by kind, fractions of equity; funding is positive when paid
    total : compounded net return
    """

    name: str
    start: datetime
    end: datetime
    shortened: bool
    bars: int
    metrics: Metrics
    total: float
    costs: dict[str, float]

    @property
    def flat(self) -> dict[str, Any]:
        """Everything in one level."""
        labels = {name: getattr(self, name) for name in ("name", "start", "end", "shortened", "bars", "total", "costs")}
        return {**labels, **asdict(self.metrics)}


@dataclass(frozen=True, slots=True)
class Curve:
    """One equity, by day: the day's last close, starting from 1, and the day's deepest drawdown, 0 or negative."""

    name: str
    equity: tuple[float, ...]
    drawdown: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SymbolLine:
    """What one symbol brought, fractions of equity after its costs, and in how many round trips."""

    symbol: str
    profit: float
    long_profit: float
    short_profit: float
    trips: int
    hit_rate: float


@dataclass(frozen=True, slots=True)
class Detail:
    """What only the page shows.

    Parameters
    ----------
    days : UTC midnights, one per day of the curves
    curves : the book first, then the benchmarks
    months : (year, month, turnover in it as a fraction of equity)
    symbols : all that were held, most profitable first
    """

    days: tuple[datetime, ...]
    curves: tuple[Curve, ...]
    spells: tuple[Spell, ...]
    months: tuple[tuple[int, int, float], ...]
    symbols: tuple[SymbolLine, ...]
    best: tuple[Trip, ...]
    worst: tuple[Trip, ...]


@dataclass(frozen=True, slots=True)
class Backtested:
    """One release over one range of bars.

    Parameters
    ----------
    release : fingerprint
    strategy : names of the sleeves' strategies
    symbols : how many had a bar in the range
    data_hash, regime_hash : `Panel.data_hash` of the bars it ran on, and of those that told the regimes
    total : compounded net return
    notes : what a reader must know before believing any of it, one sentence each
    """

    release: str
    strategy: str
    venue: str
    timeframe: str
    start: datetime
    end: datetime
    bars: int
    symbols: int
    data_hash: str
    regime_hash: str
    synthetic: bool
    sheet: TearSheet
    total: float
    costs: CostReport
    forced_exits: int
    stopped: int
    regimes: tuple[RegimeLine, ...]
    benchmarks: tuple[Benchmark, ...]
    trades: TripStats
    notes: tuple[str, ...]
    detail: Detail
    periods: tuple[Stretch, ...] = ()

    @property
    def metrics(self) -> Metrics:
        """Figures of the whole range."""
        return self.sheet.metrics

    @property
    def flat(self) -> dict[str, Any]:
        """Headline figures in one level and the rest in lists, as scripts read it."""
        labels = (
            "release strategy venue timeframe start end bars symbols data_hash regime_hash synthetic total forced_exits stopped"
        )
        return {
            **{name: getattr(self, name) for name in labels.split()},
            **asdict(self.metrics),
            "costs": self.costs.totals,
            "cost_lines": [asdict(line) for line in (*self.costs.lines, self.costs.together)],
            "after_costs": [asdict(left) for left in self.costs.left],
            "exposure": asdict(self.sheet.exposure),
            "drawdowns": [asdict(spell) for spell in self.sheet.worst],
            "years": [asdict(year) for year in self.sheet.years],
            "regimes": [regime_row(line) for line in self.regimes],
            "benchmarks": [benchmark.flat for benchmark in self.benchmarks],
            "trades": asdict(self.trades),
            "contributions": {line.symbol: line.profit for line in self.detail.symbols},
            "periods": [stretch.flat for stretch in self.periods],
            "notes": list(self.notes),
        }


def regime_row(line: RegimeLine) -> dict[str, Any]:
    """Return a regime's line with the regime's name in words."""
    return {**asdict(line), "regime": line.regime.title}
