"""The rehearsal: the live flow over recorded bars, and what its account did beside the backtest of the same bars."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from core.deploy.release import Release
from core.errors import DataError
from core.portfolio import run
from core.reporting.rehearsal import Rehearsal
from core.reporting.rehearsal_parts import compare
from core.reporting.tick import Tick
from flows.forms import Moment, StrategyName, with_help
from flows.overrides import with_overrides
from flows.trade import trade
from tasks.progress import Counter
from tasks.rehearsing import gather_books, in_flight, rehearsal_home, require_bars, tell_rehearsal, ticks
from tasks.research import load_market, release_to_test

MINUTE = timedelta(minutes=1)
PATIENCE = 59
"""Further ticks, a minute apart, that orders are given to end in: up to the next hour."""


@with_help
@flow(name="rehearse", timeout_seconds=86_400)
def rehearse(
    start: Moment,
    end: Moment,
    release: str | None = None,
    strategy: StrategyName | None = None,
    params: dict[str, Any] | None = None,
    changes: list[str] | None = None,
    balance: Annotated[float, Field(ge=1.0)] | None = None,
    venue: str | None = None,
) -> Rehearsal:
    """Tick through a stretch of recorded bars and explain the difference from the backtest.

    The stretch begins flat. Every tick is the whole trade flow: the same ccxt client over HTTP, the same store. Only Prefect's
    run around it is missing, which would add a second to each; its tasks run under this flow. A week of hourly decisions takes
    two minutes.

    Parameters
    ----------
    start
        Where it begins: the open of a bar.
    end
        Where it ends: the open of a bar.
    release
        Fingerprint of what trades. Leave empty for the live one.
    strategy
        One strategy instead of the release's sleeves.
    params
        The strategy's parameters, such as {"lookback": 168, "top": 8}.
    changes
        Other parts of the release, such as scaler.target_vol=0.3 or rebalance=1.
    balance
        Quote currency to start with. Leave empty for the capital that the release's costs are counted for.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    tested = with_overrides(release_to_test(venue, release, strategy, params or {}, start), changes or [])
    return tell_rehearsal(_rehearsed(tested, end, Decimal(str(balance or tested.costs.capital))))


def _rehearsed(release: Release, end: datetime, money: Decimal) -> Rehearsal:
    require_bars(release, end)
    market = load_market(release, end)
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
