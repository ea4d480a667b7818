"""What kind of market it is now, since when, and by which rule."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from core.backtest.benchmarks import bitcoin_column
from core.market.panel import Panel
from core.regimes import Regime, regime_spells
from core.reporting.regime_labels import CONFIG, regime_labels

SPELLS_TOLD = 8


@dataclass(frozen=True, slots=True)
class SpellLine:
    """Consecutive days of one regime: the first of them, and how many."""

    regime: str
    since: datetime
    days: int


@dataclass(frozen=True, slots=True)
class MarketState:
    """The regime of the newest complete day.

    Parameters
    ----------
    price : whose price tells it
    rule : why it is called so, in words
    spells : the newest stretches of one regime, oldest first
    """

    regime: str
    price: str
    rule: str
    spells: tuple[SpellLine, ...]


def market_state(history: Panel) -> MarketState | None:
    """Tell the regime from bars of the benchmark that reach back far enough; None without a bar."""
    if not len(history):
        return None
    spells = regime_spells(regime_labels(history, history.close_time), history.open_time)
    bitcoin = bitcoin_column(history.symbols)
    price = "an equal-weight basket of all symbols" if bitcoin is None else history.symbols[bitcoin]
    lines = tuple(SpellLine(spell.regime.title, _midnight(spell.first), spell.days) for spell in spells[-SPELLS_TOLD:])
    return MarketState(lines[-1].regime, price, rule_of(spells[-1].regime), lines)


def rule_of(regime: Regime) -> str:
    """Say by which rule a market is called so."""
    return _RULES[regime].format(**CONFIG.model_dump())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


_RULES = {
    Regime.UNKNOWN: "there are fewer than {trend_days} days of history to tell a trend from",
    Regime.BULL: "up {trend_return:.0%} or more in {trend_days} days, and above the {average_days}-day average",
    Regime.BEAR: "down {trend_return:.0%} or more in {trend_days} days, and below the {average_days}-day average",
    Regime.SIDEWAYS: "within {trend_return:.0%} in {trend_days} days, or on the other side of the {average_days}-day average",
    Regime.HIGH_VOLATILITY: "{volatility_days}-day volatility is above that of {volatility_rank:.0%} of the days of a year",
    Regime.CRISIS: "volatility is high, and the close {crisis_drawdown:.0%} or more below its {high_days}-day high",
}
