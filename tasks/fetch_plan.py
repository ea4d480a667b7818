"""The plan of a fetch: which pages to ask for, by what is stored and what the venue is known not to have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np

from core.market.paging import pages
from core.market.spans import NOWHERE, minus, spans, union
from core.market.timeframe import HOUR, MINUTE, bar_ms, utc
from core.types import Ints
from storage.absences import FUNDING
from storage.stretches import Period
from tasks.stores import store

What = Literal["missing", "everything"]

Source = Literal["same", "bybit", "binance"]

ASK_AGAIN = timedelta(days=30)
"""After so long a venue is asked again for what it did not have."""

SETTLES_WITHIN = 8 * HOUR
"""Milliseconds between two settlements, at most; where they are further apart, one may be missing."""

Range = tuple[str, int, int]
"""(symbol, start, end): bars that open in ``[start, end)``, milliseconds."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked to have backfilled: bars that open in ``[start, end)``.

    Parameters
    ----------
    venue : name under which it is stored
    source : venue that is asked; "same" is that of the name
    """

    venue: str
    timeframe: str
    start: datetime
    end: datetime
    what: What
    source: Source

    @property
    def origin(self) -> str:
        """The venue that is asked."""
        return self.venue if self.source == "same" else self.source


@dataclass(frozen=True, slots=True)
class Fetch:
    """What to bring.

    Parameters
    ----------
    venue : name under which it is stored
    origin : venue that is asked
    ranges : of closed bars and past settlements
    now : milliseconds, by the origin's clock
    settles : minutes between settlements now, per symbol; funding is not asked for when there are none
    """

    venue: str
    origin: str
    timeframe: str
    what: What
    ranges: tuple[Range, ...]
    now: int
    settles: Mapping[str, int]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols in question."""
        return tuple(symbol for symbol, _, _ in self.ranges)


class Page(NamedTuple):
    """One thing to ask for: bars that open, or funding that settles, in ``[first, stop)``, milliseconds."""

    kind: Literal["bars", "funding"]
    symbol: str
    first: int
    stop: int


def missing_bars(fetch: Fetch) -> dict[str, Ints]:
    """Return where each symbol lacks bars that the venue may have."""
    if not fetch.ranges:
        return {}
    length, begins, ends = bar_ms(fetch.timeframe), min(r[1] for r in fetch.ranges), max(r[2] for r in fetch.ranges)
    with store().market.read():
        held = store().stretches.bars(fetch.venue, fetch.timeframe, Period(utc(begins), utc(ends)), fetch.symbols)
        absent = store().absences.known(fetch.origin, fetch.timeframe, utc(fetch.now) - ASK_AGAIN)
    asked = {symbol: spans([on_grid(start, end, length)]) for symbol, start, end in fetch.ranges}
    if fetch.what == "everything":
        return asked
    known = {symbol: union(held.get(symbol, NOWHERE), absent.get(symbol, NOWHERE)) for symbol in asked}
    return {symbol: minus(where, known[symbol]) for symbol, where in asked.items()}


def bar_pages(missing: Mapping[str, Ints], timeframe: str, most: int) -> Iterator[Page]:
    """List the pages that bring the missing bars, symbol by symbol, oldest first."""
    for symbol, where in missing.items():
        for first, stop in pages(where, length=bar_ms(timeframe), most=most):
            yield Page("bars", symbol, first, stop)


def funding_pages(fetch: Fetch) -> Iterator[Page]:
    """List the spans of time in which settlements may be missing."""
    if not fetch.settles:
        return
    with store().market.read():
        held = {} if fetch.what == "everything" else store().stretches.settlements(fetch.venue)
        absent = store().absences.known(fetch.origin, FUNDING, utc(fetch.now) - ASK_AGAIN)
    for symbol, start, end in fetch.ranges:
        settled = _settled(held.get(symbol), fetch.settles.get(symbol, SETTLES_WITHIN // MINUTE))
        known = NOWHERE if fetch.what == "everything" else union(settled, absent.get(symbol, NOWHERE))
        for first, stop in minus(spans([(start, end + 1)]), known).tolist():
            yield Page("funding", symbol, first, stop)


def on_grid(start: int, end: int, length: int) -> tuple[int, int]:
    """Return the grid's moments around the bars that open in ``[start, end)``, all of them whole by the end."""
    return -(-start // length) * length, end // length * length


def _settled(at: Ints | None, minutes: int) -> Ints:
    """Return the time that stored settlements account for: what led up to each, and until the next one is due."""
    if at is None:
        return NOWHERE
    return union(np.column_stack([at - SETTLES_WITHIN + 1, at + minutes * MINUTE]))
