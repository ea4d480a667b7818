"""Market data, asked for: where it comes from, what trades there, and what time it is."""

from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff

from core.errors import ConfigError, ExchangeUnavailable
from core.market.instrument import Instrument
from tasks.bans import banned_for
from tasks.fetching import Fetcher
from tasks.settings import settings
from tasks.stores import store
from tasks.venues.binance import BinanceVenue
from tasks.venues.bybit import BybitVenue
from tasks.venues.doors import BinanceDoor, BybitDoor, Door
from tasks.venues.gate import Gate
from tasks.venues.meter import Banned
from tasks.venues.port import Venue

BINANCE_PER_SECOND = 2.0
"""Pages weigh 10 of the 2400 that Binance allows one address in a minute: half of them."""


async def _worth_retrying(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, ExchangeUnavailable) and not isinstance(error, Banned)


_reads: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "retries": 4,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _worth_retrying,
}


def address(venue: str) -> Literal["bybit", "binance"]:
    """Return whose address a venue's data is asked for at: a name nobody knows is Bybit, or what stands in for it."""
    return "binance" if venue == "binance" else "bybit"


def gate(venue: str) -> Gate:
    """Return the gate that all requests for a venue's data go through."""
    config = settings()
    config.home.mkdir(parents=True, exist_ok=True)
    per_second = config.requests_per_second if address(venue) == "bybit" else BINANCE_PER_SECOND
    return Gate(address(venue), config.home, per_second)


def source(venue: str) -> Venue:
    """Return the venue market data comes from; it needs no keys."""
    if address(venue) == "binance":
        return BinanceVenue(venue, base_url=settings().binance_url)
    return BybitVenue(venue, base_url=settings().bybit_url)


def open_door(origin: str, venue: str) -> Door:
    """Open a connection for bulk work; what comes in is stored under the name of `venue`, wherever it is from."""
    if address(origin) == "binance":
        return BinanceDoor(venue, settings().binance_url or "live", gate(origin))
    return BybitDoor(venue, settings().bybit_url or "live", gate(origin))


def page_of(origin: str) -> int:
    """Return how many bars one page of a venue has."""
    return (BinanceDoor if address(origin) == "binance" else BybitDoor).page


def fetcher(origin: str, venue: str, timeframe: str) -> Fetcher:
    """Return what asks a venue for many pages."""
    return Fetcher(lambda: open_door(origin, venue), timeframe, lambda: banned_for(settings().home, address(origin)))


@task(**_reads)
def fetch_instruments(venue: str) -> tuple[Instrument, ...]:
    """Ask which perpetuals trade now."""
    client = source(venue)
    return gate(venue).ask(client.instruments, client.tally)


@task(**_reads)
def fetch_time(venue: str) -> datetime:
    """Ask for the venue's clock."""
    client = source(venue)
    return gate(venue).ask(client.server_time, client.tally)


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
    return tuple(dict.fromkeys(wanted or known))


@task(cache_policy=NO_CACHE)
def record_instruments(listed: tuple[Instrument, ...], seen_at: datetime) -> None:
    """Store the venue's trading rules as they were seen."""
    store().instruments.record(listed, seen_at)
