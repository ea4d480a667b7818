"""Ingest: what the venue has and the store has not. Running it twice is running it once."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import polars as pl
from prefect import flow, unmapped
from prefect.futures import PrefectFutureList
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from core.reporting.ingested import Ingested
from tasks.market_data import (
    Span,
    batches,
    fetch_bars,
    fetch_funding,
    fetch_instruments,
    fetch_time,
    missing_bars,
    missing_funding,
    record_instruments,
    store_bars,
    store_funding,
    symbols_to_fetch,
)
from tasks.telling import tell_ingested

AT_ONCE: Any = ThreadPoolTaskRunner(max_workers=4)


@flow(name="ingest", task_runner=AT_ONCE)
def ingest(
    venue: str = "bybit",
    timeframe: str = "1h",
    symbols: list[str] | None = None,
    history_days: Annotated[int, Field(ge=1, le=3650)] = 365,
) -> Ingested:
    """Bring the store up to date: instruments, then closed bars and funding since the newest stored.

    Parameters
    ----------
    venue
        Name under which the data is stored.
    timeframe
        Bars to fetch, such as 1h.
    symbols
        Symbols to fetch. Leave empty for every USDT perpetual that trades.
    history_days
        Days to fetch of a symbol that is not stored yet.
    """
    now = fetch_time(venue)
    listed = fetch_instruments(venue)
    record_instruments(listed, now)
    wanted = symbols_to_fetch(listed, symbols)
    since = (now - timedelta(days=history_days)).replace(hour=0, minute=0, second=0, microsecond=0)
    bars = missing_bars(venue, timeframe, wanted, since, now)
    return fetch_and_store(venue, timeframe, bars, missing_funding(venue, wanted, since, now))


@flow(name="backfill", task_runner=AT_ONCE)
def backfill(
    start: datetime, end: datetime, venue: str = "bybit", timeframe: str = "1h", symbols: list[str] | None = None
) -> Ingested:
    """Fetch a range again and add what the store lacks; what it holds is compared, never replaced.

    Parameters
    ----------
    start
        First bar's open time.
    end
        Bars that open before this.
    venue
        Name under which the data is stored.
    timeframe
        Bars to fetch, such as 1h.
    symbols
        Symbols to fetch. Leave empty for every USDT perpetual that trades.
    """
    now = fetch_time(venue)
    listed = fetch_instruments(venue)
    record_instruments(listed, now)
    spans = [(symbol, start, min(end, now)) for symbol in symbols_to_fetch(listed, symbols)]
    return fetch_and_store(venue, timeframe, spans, spans)


def fetch_and_store(venue: str, timeframe: str, bars: list[Span], funding: list[Span]) -> Ingested:
    """Fetch side by side, store what came, and name what did not."""
    candles = fetch_bars.map(unmapped(venue), unmapped(timeframe), batches(bars))
    rates = fetch_funding.map(unmapped(venue), batches(funding))
    merged = store_bars(_arrived(candles))
    settled = store_funding(_arrived(rates))
    return tell_ingested(
        Ingested(
            venue=venue,
            symbols=len({symbol for symbol, _, _ in (*bars, *funding)}),
            new_bars=merged.new,
            new_funding=settled.new,
            differing=merged.differing_count + settled.differing_count,
            failed=(*_failed(candles), *_failed(rates)),
        )
    )


def _arrived(fetched: PrefectFutureList[pl.DataFrame]) -> list[pl.DataFrame]:
    fetched.wait()
    return [future.result() for future in fetched if future.state.is_completed()]


def _failed(fetched: PrefectFutureList[pl.DataFrame]) -> tuple[str, ...]:
    return tuple(str(future.state.message) for future in fetched if not future.state.is_completed())
