"""The trading desk: a venue connected, the lock held, the clock read. Everything one tick works with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import ConfigError, DataError, ExchangeUnavailable
from core.market.instrument import Instrument
from core.market.timeframe import bar_ms, milliseconds, utc
from core.risk.breaker import Tally, breaker
from core.risk.limits import RiskConfig
from storage.store import Store
from tasks import clock
from tasks.bans import refuse_banned, remember_ban
from tasks.connecting import PaperBars, connected
from tasks.lock import PATIENCE_SECONDS, writer_lock
from tasks.settings import Settings, settings
from tasks.stores import store, stored_venue
from tasks.venues.port import Venue

FETCHED = ("bybit", "binance")
"""Venues whose bars Tradewind fetches itself; every other venue in the store is an archive that ends somewhere."""

REMEMBERED = timedelta(hours=2)
"""How far back the requests of past ticks are looked at: longer than any window of the breaker, or a ban it believes."""


DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bars:
    """What the store holds of the market now.

    Parameters
    ----------
    newest_close : when the newest bar closed; on recorded bars, the newest that had closed by then
    expected : how many symbols should have a bar that closed then
    missing : those that have not
    turnover : quote currency traded in the day before, per symbol
    """

    newest_close: datetime
    expected: int
    missing: tuple[str, ...]
    turnover: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Desk:
    """One account at one venue, for one tick.

    Parameters
    ----------
    market : venue whose bars are read
    epoch : number of the writer's lock
    now : the venue's clock when the desk was opened
    skew_seconds : our clock less the venue's; 0 on recorded bars
    tallies : how the requests of recent ticks went, oldest first
    """

    venue: Venue
    store: Store
    account: str
    market: str
    timeframe: str
    epoch: int
    now: datetime
    instruments: Mapping[str, Instrument]
    bars: Bars
    skew_seconds: float = 0.0
    tallies: tuple[Tally, ...] = ()


@contextmanager
def open_desk(wanted: str | None, timeframe: str, at: datetime | None, patience: float = PATIENCE_SECONDS) -> Iterator[Desk]:
    """Take the account's lock and connect. When anything fails, how the requests went is kept all the same.

    Parameters
    ----------
    wanted : venue whose bars to read; None while the store holds one venue
    at : the moment to trade at, on recorded bars; None is the present
    patience : seconds to wait for another process that holds the lock

    Raises
    ------
    StoreError
        When another process holds the lock.
    ExchangeUnavailable
        When the venue has banned us for a while; it is not asked again before that.
    """
    config, books = settings(), store()
    now = at or clock.now()
    if config.mode != "paper":
        refuse_banned(config.home, config.exchange)
    with writer_lock(config.home, config.account, patience) as epoch:
        last, tallies = _recent(books, config.account, now)
        market, rules, bars = _market(books, wanted, timeframe, now)
        with connected(config, books, PaperBars(market, timeframe, last, tuple(rules.values())), at) as venue:
            try:
                server = venue.server_time()
                skew = 0.0 if at else (clock.now() - server).total_seconds()
                traded = _traded_rules(config, market, rules, venue)
                yield Desk(venue, books, config.account, market, timeframe, epoch, server, traded, bars, skew, tallies)
            except Exception:
                keep_tally(books, config, venue.tally())
                raise


def keep_tally(books: Store, config: Settings, tally: Tally) -> None:
    """Store how a tick's requests went; a ban is told to every process of this home, for it counts for the address."""
    books.tallies.append(config.account, tally)
    if config.mode != "paper" and tally.banned_until:
        remember_ban(config.home, config.exchange, tally.banned_until)


def _market(books: Store, venue: str | None, timeframe: str, now: datetime) -> tuple[str, dict[str, Instrument], Bars]:
    """Read whose bars they are, the trading rules, and how fresh and complete the bars are, at one moment."""
    length = bar_ms(timeframe)
    with books.market.read():
        market = stored_venue(venue)
        rules = {symbol: listing.instrument for symbol, listing in books.instruments.known(market).items()}
        opened = books.bars.newest(market, timeframe)
        if not opened:
            raise DataError(f"no {timeframe} bars of {market}: run `tradewind import FILE` or `tradewind ingest` first")
        newest = milliseconds(max(opened.values())) + length
        close = utc(min(newest, milliseconds(now) // length * length))
        turnover = books.bars.turnover(market, timeframe, close - DAY, close)
    last_open = close - timedelta(milliseconds=length)
    alive = {symbol: at for symbol, at in opened.items() if at >= close - DAY}
    missing = tuple(sorted(symbol for symbol, at in alive.items() if at < last_open))
    return market, rules, Bars(close, len(alive), missing, turnover)


def _traded_rules(config: Settings, market: str, stored: dict[str, Instrument], venue: Venue) -> dict[str, Instrument]:
    """Return the rules of where the orders go: stored, unless the bars come from somewhere else."""
    if config.mode == "paper" or config.exchange == market:
        return stored
    return {rules.symbol: rules for rules in venue.instruments()}


def _recent(books: Store, account: str, now: datetime) -> tuple[datetime, tuple[Tally, ...]]:
    """Return when the account last ticked (or now) and how recent requests went; refuse to go back, or to break a ban."""
    with books.trading.read():
        last, tallies = books.equity.last(account), books.tallies.since(account, now - REMEMBERED)
    if last is not None and now < last.at:
        traded, wanted = f"{last.at:%Y-%m-%d %H:%M}", f"{now:%Y-%m-%d %H:%M}"
        raise ConfigError(f"account {account} has traded up to {traded} UTC: it cannot trade at {wanted}")
    seen = breaker(tallies, now, RiskConfig())  # what the release says of failures plays no part in a ban
    if not seen.may_ask:
        raise ExchangeUnavailable(f"{account}: the venue lets us ask again at {seen.until:%H:%M:%S} UTC, not before")
    return (last.at if last else now), tallies


def moment_to_trade(at: datetime | None, market: str | None) -> datetime | None:
    """Return the moment asked for; for a venue that is only an archive, the end of it; else None, the present.

    Bars of a venue that Tradewind fetches must be fresh, so there the present is meant and old bars are stale.
    """
    name = stored_venue(market)
    if at is not None or name in FETCHED:
        return at
    timeframe = settings().timeframe
    newest = store().bars.newest(name, timeframe)
    if not newest:
        raise DataError(f"no {timeframe} bars of {name}: import some, or choose others with TRADEWIND_TIMEFRAME")
    return max(newest.values()) + timedelta(milliseconds=bar_ms(timeframe))
