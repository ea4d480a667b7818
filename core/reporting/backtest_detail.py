"""Parts of a backtest's page: daily curves, turnover by month, what each symbol brought."""

import numpy as np

from core.backtest.metrics import drawdowns
from core.market.features import day_of
from core.market.timeframe import utc
from core.reporting.backtested import Curve, SymbolLine
from core.reporting.round_trips import RoundTrips
from core.types import Array, Ints


def curve(name: str, net: Array, open_time: Ints) -> Curve:
    """Reduce returns per bar, (T,), to one point a day; the deepest drawdown of a day is that of its bars."""
    starts, stops = _stretches(day_of(open_time))
    equity, water = np.cumprod(1.0 + net)[stops - 1], np.minimum.reduceat(drawdowns(net), starts)
    return Curve(name, tuple(equity.tolist()), tuple(water.tolist()))


def monthly_sums(values: Array, open_time: Ints) -> tuple[tuple[int, int, float], ...]:
    """Add up a series, (T,), by calendar month: (year, month, sum), oldest first."""
    month = open_time.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    starts, _ = _stretches(month)
    first = [utc(int(open_time[row])) for row in starts]
    return tuple((at.year, at.month, total) for at, total in zip(first, np.add.reduceat(values, starts).tolist(), strict=True))


def symbol_lines(trips: RoundTrips, symbols: tuple[str, ...]) -> tuple[SymbolLine, ...]:
    """Sum up the round trips of each symbol that was held, most profitable first."""
    count = len(symbols)

    def summed(values: Array) -> Array:
        return np.bincount(trips.symbol, weights=values, minlength=count).astype(np.float64)

    profit, number, won = summed(trips.profit), summed(np.ones(len(trips.profit))), summed((trips.profit > 0).astype(float))
    long, short = (summed(np.where(trips.side == side, trips.profit, 0.0)) for side in (1, -1))
    return tuple(
        SymbolLine(symbols[i], float(profit[i]), float(long[i]), float(short[i]), int(number[i]), float(won[i] / number[i]))
        for i in np.argsort(-profit, kind="stable")
        if number[i]
    )


def _stretches(label: Ints) -> tuple[Ints, Ints]:
    """First rows, and rows after the last, of the runs of equal labels."""
    starts = np.flatnonzero(np.diff(label, prepend=label[0] - 1))
    return starts, np.append(starts[1:], len(label))
