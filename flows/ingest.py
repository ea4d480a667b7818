"""Ingest: what the venue has and the store has not. Running it twice is running it once."""

from datetime import timedelta
from typing import Annotated

from prefect import flow
from pydantic import Field

from core.reporting.ingested import Ingested
from flows.forms import TimeframeName, with_help
from tasks.backfilling import bring, plan_ingest
from tasks.coverage_told import tell_ingest_coverage
from tasks.market_data import fetch_instruments, fetch_time, record_instruments, symbols_to_fetch
from tasks.telling import tell_ingested


@with_help
@flow(name="ingest", timeout_seconds=10_800)
def ingest(
    venue: str = "bybit",
    timeframe: TimeframeName = "1h",
    symbols: list[str] | None = None,
    history_days: Annotated[int, Field(ge=1, le=3650)] = 365,
) -> Ingested:
    """Bring the store up to date: instruments, then closed bars and funding since the newest stored.

    Parameters
    ----------
    venue
        Name under which the data is stored.
    timeframe
        Bars to fetch.
    symbols
        Symbols to fetch. Leave empty for every USDT perpetual that trades.
    history_days
        Days to fetch of a symbol that is not stored yet.
    """
    now = fetch_time(venue)
    listed = fetch_instruments(venue)
    record_instruments(listed, now)
    since = (now - timedelta(days=history_days)).replace(hour=0, minute=0, second=0, microsecond=0)
    fetch = plan_ingest(venue, timeframe, symbols_to_fetch(listed, symbols), listed, since, now)
    brought = bring(fetch, shown=False)
    tell_ingest_coverage(fetch, brought)
    return tell_ingested(
        Ingested(
            venue=venue,
            symbols=len(fetch.ranges),
            new_bars=brought.new_bars,
            new_funding=brought.new_funding,
            differing=brought.differing,
            failed=(brought.why,) * brought.failed,
        )
    )
