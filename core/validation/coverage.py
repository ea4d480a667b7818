"""Coverage: what is stored of the bars a release would read, and where they do not look like a market."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.deploy.release import Release
from core.market.features import day_of
from core.market.panel import Panel
from core.market.timeframe import utc
from core.portfolio import Market
from core.types import Array, Ints, Mask

SILENCE = 30
"""Days without a funding rate other than 0 after which funding counts as not stored; BNB's stayed at 0 for 26."""


@dataclass(frozen=True, slots=True)
class SymbolData:
    """What is stored of one symbol.

    Parameters
    ----------
    missing, longest_gap : bars missing between the first and the last, in all and in a row
    idle, unchanged : bars without volume; bars that close where the one before did
    extreme : bars with a return beyond the limit
    largest_move, largest_at : the largest return over the close before, up or down in ratio, and its bar's close
    funded : share of its days with a settlement other than 0 within `SILENCE` days: a venue may settle at 0 for weeks
    held : share of decisions at which it may be held
    """

    symbol: str
    first: datetime
    last: datetime
    bars: int
    missing: int
    longest_gap: int
    idle: int
    unchanged: int
    extreme: int
    largest_move: float
    largest_at: datetime
    funded: float
    held: float


@dataclass(frozen=True, slots=True)
class UniverseYear:
    """How many symbols could be held at the decisions of a year."""

    year: int
    decisions: int
    smallest: int
    median: float
    empty: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is stored for a release.

    Parameters
    ----------
    warmup, stored : bars needed before the book's start, and bars there are
    empty : the decisions at which nothing may be held
    """

    start: datetime
    end: datetime
    warmup: int
    stored: int
    symbols: tuple[SymbolData, ...]
    years: tuple[UniverseYear, ...]
    empty: tuple[datetime, ...]


def coverage(market: Market, release: Release, *, extreme: float) -> Coverage:
    """Look over the bars a release would read.

    Parameters
    ----------
    extreme : return of one bar, up or down in ratio (1 is doubled or halved), beyond which it is counted
    """
    panel, count = market.panel, market.eligible.sum(axis=1)
    traded = np.flatnonzero(np.isfinite(panel.close).any(axis=0))
    nobody = panel.close_time[market.rows][count == 0]
    return Coverage(
        start=utc(int(panel.open_time[market.first])),
        end=utc(int(panel.close_time[-1])),
        warmup=release.warmup_bars,
        stored=market.first,
        symbols=tuple(_symbol(panel, int(i), market.eligible, extreme=extreme) for i in traded),
        years=tuple(_years(panel.open_time[market.rows], count)),
        empty=tuple(utc(int(moment)) for moment in nobody),
    )


def _symbol(panel: Panel, i: int, eligible: Mask, *, extreme: float) -> SymbolData:
    rows = np.flatnonzero(np.isfinite(panel.close[:, i]))
    close = panel.close[rows, i]
    ratio = np.maximum(close[1:] / close[:-1], close[:-1] / close[1:]) - 1.0  # over the bar before, however long ago
    steps = np.diff(rows)
    worst = int(ratio.argmax()) + 1 if len(ratio) else 0
    return SymbolData(
        symbol=panel.symbols[i],
        first=utc(int(panel.open_time[rows[0]])),
        last=utc(int(panel.open_time[rows[-1]])),
        bars=len(rows),
        missing=int((steps - 1).sum()),
        longest_gap=int((steps - 1).max(initial=0)),
        idle=int((panel.volume[rows, i] == 0.0).sum()),
        unchanged=int((ratio == 0.0).sum()),
        extreme=int((ratio > extreme).sum()),
        largest_move=float(close[worst] / close[worst - 1] - 1.0) if worst else 0.0,
        largest_at=utc(int(panel.close_time[rows[worst]])),
        funded=_funded(day_of(panel.open_time[rows]), panel.funding[rows, i]),
        held=float(eligible[:, i].mean()),
    )


def _funded(day: Ints, rate: Array) -> float:
    """Share of days with a settlement within `SILENCE` days before or after."""
    days, settled = np.unique(day), np.unique(day[rate != 0.0])
    if not len(settled):
        return 0.0
    place = np.searchsorted(settled, days)
    before, after = settled[np.maximum(place - 1, 0)], settled[np.minimum(place, len(settled) - 1)]
    return float((np.minimum(np.abs(days - before), np.abs(after - days)) <= SILENCE).mean())


def _years(open_time: Ints, count: Array) -> Iterator[UniverseYear]:
    year = open_time.astype("datetime64[ms]").astype("datetime64[Y]").astype(int) + 1970
    for one in np.unique(year):
        inside = count[year == one]
        yield UniverseYear(int(one), len(inside), int(inside.min()), float(np.median(inside)), int((inside == 0).sum()))
