"""Freshness: whether the stored bars go up to now."""

from datetime import timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE

from core.market.timeframe import bar_ms
from tasks import clock
from tasks.desk import FETCHED
from tasks.settings import settings
from tasks.stores import store, stored_venue

ARCHIVE = timedelta(days=7)
"""Bars that end longer ago are an archive that somebody imported: nobody expects them to be brought up to date."""


@task(cache_policy=NO_CACHE)
def symbols_behind(venue: str | None) -> tuple[str, ...]:
    """Return the stored symbols that were listed when last looked, if one of them lacks its newest closed bar; else none."""
    name, timeframe = stored_venue(venue), settings().timeframe
    newest, known = store().bars.newest(name, timeframe), store().instruments.known(name)
    now, step = clock.now(), timedelta(milliseconds=bar_ms(timeframe))
    if name not in FETCHED or not known or not newest or now - max(newest.values()) > ARCHIVE:
        return ()
    looked = max(listing.last_seen for listing in known.values())
    listed = sorted(symbol for symbol in newest if symbol in known and known[symbol].last_seen == looked)
    return tuple(listed) if any(newest[symbol] <= now - 2 * step for symbol in listed) else ()
