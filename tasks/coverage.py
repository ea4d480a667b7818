"""Coverage of the store: what is there of every symbol, what is missing, and whose fault it is. Knows nothing of Prefect."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from core.market.coverage import SymbolCoverage, coverage, lives
from core.market.gaps import FOREVER, Known
from core.market.spans import NOWHERE, spans
from core.market.timeframe import bar_ms, milliseconds
from core.types import Ints
from storage.instruments import Listing
from storage.stretches import ALWAYS, Period
from tasks.fetch_plan import on_grid
from tasks.stores import store

UNSEEN = timedelta(days=2)
"""A symbol that was not among the venue's instruments for so long is gone."""


def known_bars(venue: str, timeframe: str, period: Period = ALWAYS) -> dict[str, Known]:
    """Return what is known of the bars of every symbol of a venue."""
    with store().market.read():
        held = store().stretches.bars(venue, timeframe, period)
        absent = store().absences.known(venue, timeframe)
        gone = _gone(store().instruments.known(venue))
    symbols = sorted({*held, *absent})
    return {s: Known(held.get(s, NOWHERE), absent.get(s, NOWHERE), gone.get(s, FOREVER)) for s in symbols}


def measured(
    venue: str, timeframe: str, asked: tuple[datetime, datetime] | None = None, symbols: Iterable[str] | None = None
) -> tuple[SymbolCoverage, ...]:
    """Measure the coverage of symbols, all by default, in a range; by default from the first to the last bar of each."""
    known, length = known_bars(venue, timeframe), bar_ms(timeframe)
    where = lives(known) if asked is None else dict.fromkeys(known, _grid(asked, length))
    chosen: Mapping[str, Ints] = where if symbols is None else {s: where.get(s, _range(asked, length)) for s in symbols}
    period = ALWAYS if asked is None else Period(*asked)
    sources = store().stretches.sources(venue, timeframe, period)
    return tuple(replace(one, sources=sources.get(one.symbol, ())) for one in coverage(known, chosen, length))


def _gone(listings: Mapping[str, Listing]) -> Mapping[str, int]:
    """Return from when on symbols are not listed: since they were last seen, or the venue's own delisting."""
    newest = max((one.last_seen for one in listings.values()), default=None)
    found: dict[str, int] = {}
    for symbol, one in listings.items():
        if newest is not None and one.last_seen < newest - UNSEEN:
            found[symbol] = milliseconds(one.last_seen)
        if one.instrument.delists_at:
            found[symbol] = min(one.instrument.delists_at, found.get(symbol, FOREVER))
    return found


def _grid(asked: tuple[datetime, datetime], length: int) -> Ints:
    start, end = map(milliseconds, asked)
    return spans([on_grid(start, end, length)])


def _range(asked: tuple[datetime, datetime] | None, length: int) -> Ints:
    return NOWHERE if asked is None else _grid(asked, length)
