"""The rehearsal: the live flow over recorded bars, and what its account did beside the backtest of the same bars."""

from datetime import datetime, timedelta
from decimal import Decimal

from prefect import flow

from core.deploy.release import Release
from core.errors import DataError
from core.portfolio import run
from core.reporting.rehearsal import Rehearsal
from core.reporting.rehearsal_parts import compare
from core.reporting.tick import Tick
from flows.trade import trade
from tasks.progress import Counter
from tasks.rehearsing import gather_books, in_flight, rehearsal_home, require_bars, ticks
from tasks.research import load_market

MINUTE = timedelta(minutes=1)
PATIENCE = 59
"""Further ticks, a minute apart, that orders are given to end in: up to the next hour."""


@flow(name="rehearse")
def rehearse(release: Release, end: datetime, balance: Decimal | None = None) -> Rehearsal:
    """Tick through a stretch of recorded bars and explain the difference from the backtest.

    The stretch begins with the release's book, flat. Every tick is the whole trade flow: the same ccxt client over HTTP, the
    same store. Only Prefect's run around it is missing, which would add a second to each; its tasks run under this flow.

    Parameters
    ----------
    release
        What trades; its `book_start` is where the rehearsal begins.
    end
        Where it ends.
    balance
        Quote currency to start with. Leave empty for the capital that the release's costs are counted for.
    """
    require_bars(release, end)
    market = load_market(release, end)
    money = balance or Decimal(str(release.costs.capital))
    moments = ticks(market)
    counter = Counter("ticks", len(moments))
    with rehearsal_home(release, end, money):
        for moment in moments:
            _tick(moment, release.venue)
            counter.step()
        books = gather_books(release, end, money)
    return compare(market, release, run(market, release), books)


def _tick(at: datetime, venue: str) -> None:
    """Tick at a moment, and every minute after it while an order is in flight."""
    for minute in range(PATIENCE + 1):
        now = at + minute * MINUTE
        if not isinstance(trade.fn(at=now, venue=venue), Tick):
            raise DataError(f"rehearsal: the tick of {now:%Y-%m-%d %H:%M} was skipped, so nothing after it can be compared")
        if not in_flight():
            return
