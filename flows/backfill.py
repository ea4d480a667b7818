"""Backfill: a range of history, what is missing of it or all of it again. Cut short, it goes on where it stopped."""

from prefect import flow

from core.reporting.backfilled import Backfilled
from flows.arguments import ordered
from flows.forms import Moment, TimeframeName, with_help
from tasks.backfilling import bring, finished, plan_backfill
from tasks.coverage_told import measure_backfill, tell_backfilled, tell_coverage
from tasks.fetch_plan import Order, Source, What
from tasks.market_data import fetch_instruments, fetch_time, record_instruments


@with_help
@flow(name="backfill", timeout_seconds=86_400)
def backfill(
    start: Moment,
    end: Moment,
    venue: str = "bybit",
    timeframe: TimeframeName = "1h",
    symbols: list[str] | None = None,
    what: What = "missing",
    source: Source = "same",
) -> Backfilled:
    """Fetch a range of bars and funding. What the store holds is compared, never replaced.

    Parameters
    ----------
    start
        First bar's open time, UTC.
    end
        Bars that open before this, UTC.
    venue
        Name under which the data is stored.
    timeframe
        Bars to fetch.
    symbols
        Symbols to fetch. Leave empty for every USDT perpetual that trades.
    what
        missing asks only for what the store lacks: the repair. everything asks for all of it again, and compares.
    source
        Venue to ask. Another one than the venue's own brings bars only, which keep a mark of where they came from.
    """
    order = Order(venue, timeframe, start, end, what, source)
    ordered(order.start, order.end)
    now = fetch_time(order.origin)
    listed = fetch_instruments(order.origin)
    if order.origin == venue:
        record_instruments(listed, now)
    fetch = plan_backfill(order, symbols, listed, now)
    brought = bring(fetch, shown=True)
    done = measure_backfill(fetch, order, brought)
    tell_coverage(venue, timeframe, done.covered)
    return finished(tell_backfilled(done))
