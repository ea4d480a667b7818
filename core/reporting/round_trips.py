"""Round trips: each spell in which a book holds a symbol on one side, from flat (or the other side) to flat.

1. A spell begins in the bar whose close is the first to show the weight; it filled at that bar's open.
2. It ends in the first bar whose close shows another sign; it was closed at that bar's open, or within it by a stop.
   The profit of that bar still belongs to it when the book is flat then, and to the next spell when the side changed.
3. A position opened and closed within one bar shows at no close: its side is "none", its profit is counted.
4. Profits are sums of `Paths.contribution`, so those of all round trips add up to the book's.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.market.timeframe import utc
from core.types import Array, Ints

WITHIN_A_BAR = 2
SIDES = {1: "long", -1: "short", WITHIN_A_BAR: "none"}


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """Every round trip of a book, in the order of symbol and time; the arrays are (K,).

    Parameters
    ----------
    symbol : column
    entry, leave : rows; `leave` is the number of rows where the position is still open
    side : 1 long, -1 short, `WITHIN_A_BAR`
    profit : sum of contributions after costs, fraction of the equity before each bar
    """

    symbol: Ints
    entry: Ints
    leave: Ints
    side: Ints
    profit: Array

    @property
    def held(self) -> Ints:
        """(K,) bars at whose close the position was there."""
        return np.where(self.side == WITHIN_A_BAR, 0, self.leave - self.entry)


@dataclass(frozen=True, slots=True)
class TripStats:
    """Round trips in figures; a trip still open counts with its profit so far.

    Parameters
    ----------
    hit_rate : share that earned more than nothing
    profit_factor : earned by the winners over lost by the losers; NaN without a loser
    mean_held_hours : mean time held
    mean_profit, best, worst : fraction of equity per trip
    long_profit, short_profit : fraction of equity, summed over the trips of one side
    """

    count: int
    open: int
    hit_rate: float
    profit_factor: float
    mean_held_hours: float
    mean_profit: float
    best: float
    worst: float
    long_count: int
    short_count: int
    long_profit: float
    short_profit: float


@dataclass(frozen=True, slots=True)
class Trip:
    """One round trip as it is told; `leave` is None while it is open."""

    symbol: str
    side: str
    entry: datetime
    leave: datetime | None
    bars: int
    profit: float


def round_trips(weights: Array, contribution: Array) -> RoundTrips:
    """Cut a book's weights into spells of one sign.

    Parameters
    ----------
    weights : (T, N) held at each close, never NaN; nothing is held before the first row
    contribution : (T, N) each symbol's profit per bar after its costs, never NaN; 0 where nothing is or was held
    """
    count, width = weights.shape
    sign = np.zeros((width, count + 2), dtype=np.int64)  # a flat row on either side
    sign[:, 1:-1] = np.sign(weights).T
    within = (sign[:, 1:-1] == 0) & (sign[:, :-2] == 0) & (contribution.T != 0.0)
    sign[:, 1:-1][within] = WITHIN_A_BAR
    before, after = sign[:, :-1], sign[:, 1:]
    symbol, entry = np.nonzero((after != 0) & ((after != before) | (after == WITHIN_A_BAR)))
    _, leave = np.nonzero((before != 0) & ((after != before) | (before == WITHIN_A_BAR)))
    starts = symbol * count + entry
    # Between one trip's start and the next start nothing is earned outside the trip, so the whole stretch is its own.
    earned = np.add.reduceat(contribution.T.ravel(), starts) if len(starts) else np.zeros(0)
    return RoundTrips(symbol, entry, leave, sign[symbol, entry + 1], earned)


def trip_stats(trips: RoundTrips, rows: int, bar_hours: float) -> TripStats:
    """Sum up the round trips of a book of so many rows; ratios of nothing are NaN."""
    profit, count = trips.profit, len(trips.profit)
    won, lost = float(profit[profit > 0].sum()), float(-profit[profit < 0].sum())
    return TripStats(
        count=count,
        open=int((trips.leave == rows).sum()),
        hit_rate=float((profit > 0).mean()) if count else float("nan"),
        profit_factor=won / lost if lost > 0 else float("nan"),
        mean_held_hours=float(trips.held.mean()) * bar_hours if count else float("nan"),
        mean_profit=float(profit.mean()) if count else float("nan"),
        best=float(profit.max()) if count else float("nan"),
        worst=float(profit.min()) if count else float("nan"),
        long_count=int((trips.side == 1).sum()),
        short_count=int((trips.side == -1).sum()),
        long_profit=float(profit[trips.side == 1].sum()),
        short_profit=float(profit[trips.side == -1].sum()),
    )


def told(trips: RoundTrips, chosen: Ints, symbols: tuple[str, ...], open_time: Ints) -> tuple[Trip, ...]:
    """Tell the chosen round trips; times are the opens of the bars they were filled in."""
    return tuple(
        Trip(
            symbol=symbols[trips.symbol[k]],
            side=SIDES[int(trips.side[k])],
            entry=utc(int(open_time[trips.entry[k]])),
            leave=utc(int(open_time[trips.leave[k]])) if trips.leave[k] < len(open_time) else None,
            bars=int(trips.held[k]),
            profit=float(trips.profit[k]),
        )
        for k in chosen
    )


def extremes(trips: RoundTrips, most: int) -> tuple[Ints, Ints]:
    """Return the most profitable trips that earned, best first, and the costliest that lost, worst first."""
    order = np.argsort(-trips.profit, kind="stable")
    best = order[trips.profit[order] > 0][:most]
    worst = order[::-1][trips.profit[order[::-1]] < 0][:most]
    return best, worst
