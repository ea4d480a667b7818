"""Looking: what the venue shows now, and everything the risk rules need to know about it."""

from datetime import datetime, timedelta
from math import inf

from core.execution.intents import FENCE_MARGIN, OURS
from core.execution.orders import Account, VenueOrder
from core.execution.plan import Standing
from core.execution.sight import Sight
from core.ledger.wallet import Money, believed, differs, money_base
from core.market.timeframe import utc
from core.risk.breaker import breaker
from core.risk.exposure import Exposure, Yardstick, exposure_if_filled
from core.risk.pretrade import Gauge
from core.risk.view import RiskView
from tasks.desk import Desk
from tasks.reconciling import Books
from tasks.remembering import Memory, Past
from tasks.steps import step
from tasks.stopping import Stop

DAY = timedelta(days=1)


@step
def look(desk: Desk) -> Sight:
    """Read account, positions, prices and open orders from the venue; complete, or an error."""
    return Sight(desk.venue.account(), desk.venue.positions(), desk.venue.prices(), desk.venue.open_orders())


def standing_of(desk: Desk, sight: Sight) -> Standing:
    """Return where the account stands, as the planner takes it."""
    hourly = {symbol: value / 24 for symbol, value in desk.bars.turnover.items()}
    return Standing(sight.held, sight.prices, sight.account.equity, desk.instruments, desk.now, hourly)


def yardstick_of(desk: Desk, sight: Sight) -> Yardstick:
    """Return what exposures are measured by; where no turnover is known, the missing bars say so, not the exposure."""
    known = dict.fromkeys(sight.prices, inf) | {symbol: value for symbol, value in desk.bars.turnover.items() if value > 0}
    return Yardstick(sight.prices, sight.account.equity, known)


def gauge_of(desk: Desk, sight: Sight, memory: Memory) -> Gauge:
    """Return what entries are weighed by before they are sent."""
    return Gauge(sight.held, yardstick_of(desk, sight), memory.live.release.risk)


def worst_exposure(desk: Desk, sight: Sight, books: Books) -> Exposure:
    """Return the exposure if every order that may be at the venue filled."""
    return exposure_if_filled(sight.held, books.in_flight, yardstick_of(desk, sight))


def lost_orders(sight: Sight, books: Books) -> tuple[VenueOrder, ...]:
    """Return the open orders that carry our kind of link and that the journal does not hold to be open."""
    known = {intent.link for intent in books.open}
    return tuple(order for order in sight.orders if order.link.startswith(OURS) and order.link not in known)


def view_of(desk: Desk, sight: Sight, memory: Memory, stop: Stop) -> RiskView:
    """Gather everything the rules look at."""
    books, past, bars = memory.books, memory.past, desk.bars
    equity, moved = sight.account.equity, books.totals.transferred
    today = past.first_today
    return RiskView(
        now=desk.now,
        newest_close=bars.newest_close,
        equity=equity,
        day_start_equity=today.equity + (moved - today.transferred) if today else equity,
        peak_equity=max(equity, past.peak + moved) if past.peak is not None else equity,
        emergency_stop=stop.set_by,
        stop_unreadable=stop.unreadable,
        book_differs=differs(sight.held, books.totals.quantities),
        bars_expected=bars.expected,
        bars_missing=bars.missing,
        clock_skew_seconds=desk.skew_seconds,
        exposure=worst_exposure(desk, sight, books),
        margin_use=_margin_use(sight.account),
        breaker=breaker(desk.tallies, desk.now, memory.live.release.risk),
        hours_since_trade=_hours_since(desk.now, books.totals.traded_at),
        tracking_bps=memory.tracking_bps,
        liquidated=_liquidated(desk, books),
        foreign_orders=_foreign(sight),
        lost_orders=tuple(order.link for order in lost_orders(sight, books)),
        unexplained=explain_money(desk, sight, books, past).unexplained,
        raised=past.raised,
    )


def explain_money(desk: Desk, sight: Sight, books: Books, past: Past) -> Money:
    """Lay the wallet beside our books.

    While an order is in flight, positions and books differ, or something was booked a moment ago, the venue's lists may not
    agree with each other yet, and at the full hour funding is on its way: such a look counts for nothing.
    """
    last = past.last
    before = Money(last.base, last.seen_base, is_lasting=False) if last else Money(None, None, is_lasting=False)
    moments = (books.totals.newest or utc(0), desk.now.replace(minute=0, second=0, microsecond=0))
    if desk.now - max(moments) < FENCE_MARGIN or books.in_flight or differs(sight.held, books.totals.quantities):
        return before
    seen = money_base(sight.account.wallet, sight.positions, books.totals)
    return believed(seen, before, is_apart=last is not None and desk.now - last.at >= FENCE_MARGIN)


def _margin_use(account: Account) -> float:
    if account.equity <= 0:
        return inf if account.initial_margin else 0.0
    return float(account.initial_margin / account.equity)


def _hours_since(now: datetime, moment: datetime | None) -> float | None:
    return (now - moment) / timedelta(hours=1) if moment else None


def _liquidated(desk: Desk, books: Books) -> tuple[str, ...]:
    return tuple(sorted({fill.symbol for fill in books.fills if fill.kind == "liquidation" and fill.at > desk.now - DAY}))


def _foreign(sight: Sight) -> tuple[str, ...]:
    """Name the open orders of somebody else that could open a position; one that only reduces is a stop, or harmless."""
    strange = (order for order in sight.orders if not order.link.startswith(OURS) and not order.reduce_only)
    return tuple(f"{order.side} {order.quantity} {order.symbol}" for order in strange)
