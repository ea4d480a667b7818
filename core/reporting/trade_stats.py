"""Closed trades in figures. Profits are before fees and funding, which the books keep by symbol, not by lot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TradeLine:
    """One closed round trip, the oldest lot first; profit in quote currency before fees and funding."""

    symbol: str
    quantity: Decimal
    opened_at: datetime
    closed_at: datetime
    entry_price: Decimal
    exit_price: Decimal
    profit: Decimal

    @property
    def held_hours(self) -> float:
        """How long it was open."""
        return (self.closed_at - self.opened_at) / timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TradeStats:
    """Trades summed up; money in quote currency.

    Parameters
    ----------
    win_rate : share that earned more than nothing
    profit_factor : earned by the winners over lost by the losers; NaN without a loser
    expectancy : mean profit of a trade
    held_hours : mean time a trade was open
    """

    count: int
    win_rate: float
    profit_factor: float
    expectancy: Decimal
    held_hours: float
    best: TradeLine
    worst: TradeLine


def trade_stats(trades: Sequence[TradeLine]) -> TradeStats | None:
    """Sum up trades; None without one."""
    if not trades:
        return None
    won = sum((trade.profit for trade in trades if trade.profit > 0), Decimal(0))
    lost = -sum((trade.profit for trade in trades if trade.profit < 0), Decimal(0))
    return TradeStats(
        count=len(trades),
        win_rate=sum(trade.profit > 0 for trade in trades) / len(trades),
        profit_factor=float(won / lost) if lost else float("nan"),
        expectancy=(won - lost) / len(trades),
        held_hours=sum(trade.held_hours for trade in trades) / len(trades),
        best=max(trades, key=lambda trade: trade.profit),
        worst=min(trades, key=lambda trade: trade.profit),
    )
