"""Market data in: asked for at the venue with retries, stored without them."""

from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff

from core.errors import ConfigError, ExchangeUnavailable
from core.market.instrument import Instrument
from core.market.timeframe import bar_ms
from storage.frames import Merge
from tasks.settings import settings
from tasks.stores import store
from tasks.venues.binance import BinanceVenue
from tasks.venues.bybit import BybitVenue
from tasks.venues.port import Venue

SYMBOLS_AT_A_TIME = 8
"""Symbols that one fetch asks for."""

Span = tuple[str, datetime, datetime]
"""(symbol, start, end): bars that open in ``[start, end)``."""


async def _worth_retrying(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    return isinstance(await state.aresult(raise_on_failure=False), ExchangeUnavailable)


_reads: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "retries": 4,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _worth_retrying,
}


def source(venue: str) -> Venue:
    """Return the venue market data comes from; it needs no keys. A name nobody knows is Bybit, or what stands in for it."""
    if venue == "binance":
        return BinanceVenue(venue)
    return BybitVenue(venue, base_url=settings().bybit_url)


@task(**_reads)
def fetch_instruments(venue: str) -> tuple[Instrument, ...]:
    """Ask which perpetuals trade now."""
    return source(venue).instruments()


@task(**_reads)
def fetch_time(venue: str) -> datetime:
    """Ask for the venue's clock."""
    return source(venue).server_time()


@task(task_run_name="bars {spans[0][0]}", **_reads)
def fetch_bars(venue: str, timeframe: str, spans: list[Span]) -> pl.DataFrame:
    """Ask for the closed bars of some symbols."""
    client = source(venue)
    return pl.concat([client.bars(symbol, timeframe, start, end) for symbol, start, end in spans])


@task(task_run_name="funding {spans[0][0]}", **_reads)
def fetch_funding(venue: str, spans: list[Span]) -> pl.DataFrame:
    """Ask for the funding settlements of some symbols."""
    client = source(venue)
    return pl.concat([client.funding(symbol, start, end) for symbol, start, end in spans])


def batches(spans: list[Span]) -> list[list[Span]]:
    """Cut the work into pieces that are fetched side by side, and again on their own when one fails."""
    return [spans[first : first + SYMBOLS_AT_A_TIME] for first in range(0, len(spans), SYMBOLS_AT_A_TIME)]


def symbols_to_fetch(listed: tuple[Instrument, ...], wanted: list[str] | None) -> tuple[str, ...]:
    """Return the symbols asked for, or all that are listed.

    Raises
    ------
    ConfigError
        When a symbol asked for does not trade at the venue.
    """
    known = sorted(instrument.symbol for instrument in listed)
    for symbol in wanted or ():
        if symbol not in known:
            near = get_close_matches(symbol, known, n=1)
            raise ConfigError(f"symbol {symbol!r} does not trade here" + (f": did you mean {near[0]}?" if near else ""))
    return tuple(wanted or known)


@task(cache_policy=NO_CACHE)
def missing_bars(venue: str, timeframe: str, symbols: tuple[str, ...], since: datetime, now: datetime) -> list[Span]:
    """Return, per symbol, what lies between the newest stored bar (or `since`) and now."""
    step = timedelta(milliseconds=bar_ms(timeframe))
    newest = store().bars.newest(venue, timeframe)
    starts = {symbol: newest[symbol] + step if symbol in newest else since for symbol in symbols}
    return [(symbol, start, now) for symbol, start in starts.items() if start + step <= now]


@task(cache_policy=NO_CACHE)
def missing_funding(venue: str, symbols: tuple[str, ...], since: datetime, now: datetime) -> list[Span]:
    """Return, per symbol, the time since its newest stored settlement (or `since`)."""
    newest = store().funding.newest(venue)
    tick = timedelta(milliseconds=1)
    return [(symbol, newest.get(symbol, since) + tick, now + tick) for symbol in symbols]


@task(cache_policy=NO_CACHE)
def record_instruments(listed: tuple[Instrument, ...], seen_at: datetime) -> None:
    """Store the venue's trading rules as they were seen."""
    store().instruments.record(listed, seen_at)


@task(cache_policy=NO_CACHE)
def store_bars(frames: list[pl.DataFrame]) -> Merge:
    """Merge bars into the store."""
    return store().bars.merge(pl.concat(frames)) if frames else Merge(0, 0)


@task(cache_policy=NO_CACHE)
def store_funding(frames: list[pl.DataFrame]) -> Merge:
    """Merge funding settlements into the store."""
    return store().funding.merge(pl.concat(frames)) if frames else Merge(0, 0)
