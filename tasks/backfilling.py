"""Bringing what is missing: planned from the store, fetched side by side, kept every few seconds: a crash costs no more."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import chain

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from core.errors import ExchangeUnavailable
from core.market.instrument import Instrument
from core.market.spans import NOWHERE, both, minus, spans, total
from core.market.timeframe import DAY, HOUR, bar_ms, milliseconds, utc
from core.reporting.backfilled import Backfilled, Brought
from core.types import Ints
from storage.absences import FUNDING, Absence
from storage.frames import Merge
from tasks.fetch_plan import Fetch, Order, bar_pages, funding_pages, missing_bars, on_grid
from tasks.fetch_progress import FetchProgress
from tasks.fetching import Arrived, Fetcher, Lost
from tasks.market_data import fetcher, page_of, symbols_to_fetch
from tasks.stores import store

STILL_LATE = {"bars": HOUR, "funding": DAY}
"""Milliseconds for which what a venue does not have may still come: until then it is not remembered as absent."""

WORTH_A_LOOK = 2
"""Pages: where a symbol lacks more, its daily bars are asked for first, since they tell at once when it was listed."""

OVERLAP = timedelta(days=1)
"""How far behind the newest bar an ingest looks for holes."""


@task(cache_policy=NO_CACHE)
def plan_ingest(
    venue: str, timeframe: str, symbols: tuple[str, ...], listed: tuple[Instrument, ...], since: datetime, now: datetime
) -> Fetch:
    """Plan to fetch what is new: of a stored symbol the last day's holes and what followed, of another all since `since`."""
    newest = store().bars.newest(venue, timeframe)
    starts = {symbol: newest[symbol] - OVERLAP if symbol in newest else since for symbol in symbols}
    ranges = tuple((symbol, milliseconds(start), milliseconds(now)) for symbol, start in starts.items())
    return Fetch(venue, venue, timeframe, "missing", ranges, milliseconds(now), _settling(listed))


@task(cache_policy=NO_CACHE)
def plan_backfill(order: Order, wanted: list[str] | None, listed: tuple[Instrument, ...], now: datetime) -> Fetch:
    """Plan to fetch a range; what has not happened by now is left out.

    Parameters
    ----------
    wanted : symbols, which may have been delisted if the store knows them; None is all that trade
    listed : what trades at the venue that is asked
    now : by that venue's clock
    """
    gone = tuple(known.instrument for known in store().instruments.known(order.venue).values()) if wanted else ()
    begins, ends = milliseconds(order.start), milliseconds(min(order.end, now))
    ranges = tuple((symbol, begins, ends) for symbol in symbols_to_fetch((*listed, *gone), wanted) if begins < ends)
    settles = _settling(listed) if order.venue == order.origin else {}
    return Fetch(order.venue, order.origin, order.timeframe, order.what, ranges, milliseconds(now), settles)


@task(cache_policy=NO_CACHE)
def bring(fetch: Fetch, *, shown: bool) -> Brought:
    """Fetch what is missing and keep it; what cannot be fetched is counted, and comes with the next run.

    Parameters
    ----------
    shown : whether to show on the run's page how far it is
    """
    began = time.monotonic()
    missing = missing_bars(fetch)
    days, rest = (fetcher(fetch.origin, fetch.venue, timeframe) for timeframe in ("1d", fetch.timeframe))
    unlisted = _unlisted(fetch, missing, days)
    wanted = {symbol: minus(where, unlisted.get(symbol, NOWHERE)) for symbol, where in missing.items()}
    rest.over = days.over
    pages = [*bar_pages(wanted, fetch.timeframe, page_of(fetch.origin)), *funding_pages(fetch)]
    with FetchProgress(pages, shown=shown) as progress:
        kept = (progress.told(_keep(fetch, lot), lot) for lot in rest.fetched(pages))
        brought = reduce(_together, kept, Brought(absent=sum(map(total, unlisted.values())) // bar_ms(fetch.timeframe)))
    unasked = len(pages) - brought.pages - brought.failed
    why = brought.why or (rest.over if unasked else "")
    return replace(brought, failed=brought.failed + unasked, why=why, seconds=time.monotonic() - began)


def finished(done: Backfilled) -> Backfilled:
    """Fail loudly, after everything else was stored and told, when a page did not come.

    Raises
    ------
    ExchangeUnavailable
        With the number of pages and the first reason.
    """
    if done.brought.failed:
        raise ExchangeUnavailable(
            f"{done.brought.failed:,} pages failed, the rest is stored: run it again to go on; first: {done.brought.why}"
        )
    return done


def _settling(listed: tuple[Instrument, ...]) -> Mapping[str, int]:
    return {instrument.symbol: instrument.funding_minutes for instrument in listed}


def _unlisted(fetch: Fetch, missing: Mapping[str, Ints], days: Fetcher) -> dict[str, Ints]:
    """Return, and remember, the days before the first on which a symbol traded, of symbols that lack many pages."""
    page = page_of(fetch.origin)
    many = {s: where for s, where in missing.items() if total(where) > WORTH_A_LOOK * page * bar_ms(fetch.timeframe)}
    if bar_ms(fetch.timeframe) >= DAY or not many:
        return {}
    asked = {symbol: spans([on_grid(int(where[0, 0]), int(where[-1, 1]), DAY)]) for symbol, where in many.items()}
    answers = list(chain.from_iterable(days.fetched(bar_pages(asked, "1d", page))))
    lost = {answer.page.symbol for answer in answers if isinstance(answer, Lost)}
    found = {symbol: _before(answers, symbol, asked[symbol]) for symbol in asked if symbol not in lost}
    unlisted = {symbol: both(found[symbol], missing[symbol]) for symbol in found}
    store().absences.record(_absences(fetch, fetch.timeframe, unlisted, HOUR))
    return unlisted


def _before(answers: Iterable[Arrived | Lost], symbol: str, asked: Ints) -> Ints:
    mine = [answer.rows["open_time"] for answer in answers if isinstance(answer, Arrived) and answer.page.symbol == symbol]
    opens = [milliseconds(moment) for moment in pl.concat(mine)] if mine else []
    return both(asked, spans([(0, min(opens))])) if opens else asked


def _keep(fetch: Fetch, lot: list[Arrived | Lost]) -> Brought:
    """Keep a lot of pages in one commit."""
    arrived = [one for one in lot if isinstance(one, Arrived)]
    bars, funding = (_rows(arrived, kind) for kind in ("bars", "funding"))
    absent = [_absent(fetch, one) for one in arrived]
    with store().market.write():
        merged = store().bars.merge(bars) if bars is not None else Merge(0, 0)
        settled = store().funding.merge(funding) if funding is not None else Merge(0, 0)
        store().absences.record(chain.from_iterable(absent))
    lost = [one for one in lot if isinstance(one, Lost)]
    return Brought(
        new_bars=merged.new,
        new_funding=settled.new,
        differing=merged.differing_count + settled.differing_count,
        pages=len(arrived),
        absent=sum(total(one.absent) for one in arrived if one.page.kind == "bars") // bar_ms(fetch.timeframe),
        failed=len(lost),
        why=lost[0].why if lost else "",
    )


def _rows(arrived: list[Arrived], kind: str) -> pl.DataFrame | None:
    frames = [one.rows for one in arrived if one.page.kind == kind and one.rows.height]
    return pl.concat(frames) if frames else None


def _absent(fetch: Fetch, one: Arrived) -> Iterator[Absence]:
    timeframe = fetch.timeframe if one.page.kind == "bars" else FUNDING
    return _absences(fetch, timeframe, {one.page.symbol: one.absent}, STILL_LATE[one.page.kind])


def _absences(fetch: Fetch, timeframe: str, absent: Mapping[str, Ints], late: int) -> Iterator[Absence]:
    settled, asked_at = spans([(0, fetch.now - late)]), utc(fetch.now)
    for symbol, where in absent.items():
        for starts, ends in both(where, settled).tolist():
            yield Absence(fetch.origin, symbol, timeframe, utc(starts), utc(ends), asked_at)


def _together(one: Brought, other: Brought) -> Brought:
    return Brought(
        new_bars=one.new_bars + other.new_bars,
        new_funding=one.new_funding + other.new_funding,
        differing=one.differing + other.differing,
        pages=one.pages + other.pages,
        absent=one.absent + other.absent,
        failed=one.failed + other.failed,
        why=one.why or other.why,
    )
