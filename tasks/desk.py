"""The trading desk: a venue connected, the lock held, the clock read. Everything one tick works with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.backtest.costs import CostConfig
from core.errors import ConfigError, DataError
from core.exchange.state import Terms
from core.market.instrument import Instrument
from core.market.timeframe import bar_ms, milliseconds
from storage.store import Store
from tasks import clock
from tasks.lock import writer_lock
from tasks.settings import settings
from tasks.stores import store, stored_venue
from tasks.venues.paper import paper_venue
from tasks.venues.port import Venue
from tasks.venues.simulated.world import PanelWorld

FETCHED = ("bybit",)
"""Venues whose bars Tradewind fetches itself; every other venue in the store is an archive that ends somewhere."""

LOOK_BACK = timedelta(days=2)
"""Bars the paper exchange is given before the account's last tick."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One account at one venue, for one tick.

    Parameters
    ----------
    market : venue whose bars are read
    epoch : number of the writer's lock
    now : the venue's clock when the desk was opened
    """

    venue: Venue
    store: Store
    account: str
    market: str
    timeframe: str
    epoch: int
    now: datetime
    instruments: Mapping[str, Instrument]


@contextmanager
def open_desk(market: str, timeframe: str, at: datetime | None) -> Iterator[Desk]:
    """Take the account's lock and connect; paper trading runs over the stored bars.

    The exchange is given the bar that opens now, if it is stored: an exchange knows its open, the flow does not.

    Parameters
    ----------
    at : the moment to trade at, on recorded bars; None is the present
    """
    config, books = settings(), store()
    now = at or clock.now()
    last = _last_tick(books, config.account, now)
    rules = {symbol: listing.instrument for symbol, listing in books.instruments.known(market).items()}
    panel = books.bars.panel(market, timeframe, last - LOOK_BACK, now + timedelta(milliseconds=1))
    with (
        writer_lock(config.home, config.account) as epoch,
        paper_venue(
            PanelWorld(panel, tuple(rules.values())),
            books.paper,
            account=config.account,
            balance=config.paper_balance,
            terms=_terms(CostConfig()),
            clock=None if at else clock.milliseconds,
        ) as paper,
    ):
        if at:
            paper.exchange.advance_to(milliseconds(at))
        yield Desk(paper.venue, books, config.account, market, timeframe, epoch, paper.venue.server_time(), rules)


def _last_tick(books: Store, account: str, now: datetime) -> datetime:
    """Return when the account last ticked, or now; refuse to go back."""
    last = books.equity.last(account)
    if last is not None and now < last.at:
        traded, wanted = f"{last.at:%Y-%m-%d %H:%M}", f"{now:%Y-%m-%d %H:%M}"
        raise ConfigError(f"account {account} has traded up to {traded} UTC: it cannot trade at {wanted}")
    return last.at if last else now


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


def _terms(costs: CostConfig) -> Terms:
    return Terms(taker_bps=Decimal(str(costs.taker_bps)), slippage_bps=Decimal(str(costs.half_spread_bps)))
