"""The money of the daily report: what the account was worth at every look, what moved it, and what the model says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from core.backtest.kernel import Paths
from core.execution.orders import Fill
from core.execution.sight import Sight
from core.ledger.fifo import Book, apply_fills
from core.ledger.wallet import money_base
from core.market.panel import Panel
from core.market.timeframe import milliseconds, utc
from core.portfolio import Market
from core.reporting.account_costs import account_costs
from core.reporting.account_returns import EquityPoint, moments, performance
from core.reporting.beside import Beside, beside
from core.reporting.earnings import Earnings, Stand, earnings, references
from core.reporting.exposures import exposures
from core.reporting.reconciled import Reconciled
from core.reporting.trade_stats import TradeLine, trade_stats
from tasks.desk import DAY
from tasks.live_releases import Live
from tasks.stores import store

NEAR = timedelta(minutes=5)
"""How long after a bar's open a look at the account still has its prices."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The account: every look at it, this one last; when it ticked; all its fills, and the books they make."""

    points: tuple[EquityPoint, ...]
    ticks: tuple[datetime, ...]
    fills: tuple[Fill, ...]
    book: Book
    sight: Sight

    @property
    def marks(self) -> dict[str, Decimal]:
        """Newest price of everything ever traded, from the venue where it has one."""
        traded = {fill.symbol: fill.price for fill in self.fills if fill.price}
        shown = {symbol: Decimal(repr(price)) for symbol, price in self.sight.prices.items()}
        return traded | shown | {position.symbol: position.mark_price for position in self.sight.positions}


def see_account(books: Reconciled) -> Seen:
    """Read everything the account did; what it began with becomes its first point."""
    sight = books.sight
    with store().trading.read():
        snapshots = store().equity.thinned(books.account, books.at - 2 * DAY)
        fills = tuple(fill for fill in store().fills.all() if fill.venue == books.account)
        totals = store().fills.totals(books.account)
    points = [EquityPoint(s.at, s.equity, s.transferred) for s in snapshots]
    if not points or points[-1].at < books.at:
        points.append(EquityPoint(books.at, sight.account.equity, totals.transferred))
    known = snapshots[-1].base if snapshots else None
    base = known if known is not None else money_base(sight.account.wallet, sight.positions, totals)
    if fills and base > 0:
        points.insert(0, EquityPoint(min(fills[0].at, points[0].at), base))
    ticks = tuple(snapshot.at for snapshot in snapshots)
    return Seen(tuple(points), ticks, fills, apply_fills(Book(), fills), sight)


def money_parts(books: Reconciled, seen: Seen, live: Live, market: Market, paths: Paths) -> dict[str, Any]:
    """Return the report's parts about money, by the names they have there."""
    reference = references(market.panel, seen.fills)
    earned = _earned(seen, reference) if seen.fills else None
    worth = np.array([float(point.equity) for point in seen.points])
    trades = tuple(
        TradeLine(t.symbol, t.quantity, t.opened_at, t.closed_at, t.entry_price, t.exit_price, t.profit)
        for t in seen.book.trades
    )
    return {
        "equity": seen.points,
        "realised": seen.book.realised,
        "fees": seen.book.fees,
        "funding": seen.book.funding,
        "trades": trades,
        "performance": performance(seen.points),
        "trade_stats": trade_stats(trades),
        "earned": earned,
        "earned_today": _earned_today(books, seen, market.panel, reference),
        "costs": account_costs(market, live.release.costs, seen.fills, reference, earned.together) if earned else None,
        "exposures": exposures(market.panel, seen.fills, moments(seen.points), worth),
        "beside": _beside(books, seen, live, market, paths),
    }


def _earned(seen: Seen, reference: dict[tuple[str, str], Decimal]) -> Earnings:
    first, last = seen.points[0], seen.points[-1]
    begin = Stand(first.at, first.equity - first.transferred, {}, {})
    return earnings(begin, _end(last, seen), seen.fills, reference)


def _end(last: EquityPoint, seen: Seen) -> Stand:
    return Stand(last.at, last.equity - last.transferred, {}, seen.marks)


def _earned_today(books: Reconciled, seen: Seen, panel: Panel, reference: dict[tuple[str, str], Decimal]) -> Earnings | None:
    """Explain about a day: from the look nearest after the open of a bar, so that what was held then has a price."""
    row = int(np.searchsorted(panel.open_time, milliseconds(books.at - DAY), side="right")) - 1
    if row < 0 or seen.points[0].at >= books.at - DAY:
        return None
    opened = utc(int(panel.open_time[row]))
    start = next((p for p in seen.points if opened <= p.at <= opened + NEAR), None) or _before(seen.points, opened)
    earlier = apply_fills(Book(), (fill for fill in seen.fills if fill.at <= start.at)).quantities
    prices = seen.marks | _opens(panel, row)
    begin = Stand(start.at, start.equity - start.transferred, earlier, prices)
    later = [fill for fill in seen.fills if fill.at > start.at]
    known = {key: reference[key] for fill in later if (key := (fill.symbol, fill.exec_id)) in reference}
    return earnings(begin, _end(seen.points[-1], seen), later, known)


def _before(points: Sequence[EquityPoint], moment: datetime) -> EquityPoint:
    return next((point for point in reversed(points) if point.at <= moment), points[0])


def _opens(panel: Panel, row: int) -> dict[str, Decimal]:
    found = zip(panel.symbols, panel.open[row].tolist(), strict=True)
    return {symbol: Decimal(repr(price)) for symbol, price in found if np.isfinite(price)}


def _beside(books: Reconciled, seen: Seen, live: Live, market: Market, paths: Paths) -> Beside | None:
    """Compare from the first decision of what is live, at the stage it is at."""
    since = live.since if live.since <= books.at else utc(0)  # on recorded bars it may have gone live after them
    began: datetime | None = None
    for decision in reversed(store().decisions.all(books.account)):
        if decision.release != live.release.fingerprint or decision.decided_at < since:
            break
        began = decision.decision_time
    if began is None:
        return None
    return beside(market, live.release, paths, seen.points, milliseconds(began), live.capital)
