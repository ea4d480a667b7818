"""Reconciliation: what the venue did since we last looked, booked before anything is decided. There is no other recovery."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from prefect import task
from prefect.cache_policies import NO_CACHE

from core.execution.intents import IN_FLIGHT_STATES, OPEN_STATES, Intent, orphaned, resolved
from core.execution.orders import Account, Fill
from core.execution.plan import Standing
from core.ledger.fifo import Book, apply_fills
from core.market.timeframe import bar_ms, milliseconds, utc
from core.risk.verdict import RiskView
from tasks.desk import Desk
from tasks.settings import settings

EMERGENCY_STOP = "EMERGENCY_STOP"
"""File in the home that flattens the account while it exists."""

OVERLAP = timedelta(hours=1)
"""Fills are asked for again this far back: booking one twice is harmless, missing one is not."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What reconciliation ends with: our books, and the intents that are still open."""

    book: Book
    open: tuple[Intent, ...]

    @property
    def in_flight(self) -> tuple[Intent, ...]:
        """Return the intents that may be at the venue."""
        return tuple(intent for intent in self.open if intent.state in IN_FLIGHT_STATES)


@task(cache_policy=NO_CACHE)
def settle(desk: Desk) -> Settled:
    """Book every fill and resolve every order in flight."""
    known, pending = booked_fills(desk), open_intents(desk)
    fills = _unknown(desk.venue.fills_since(_complete_until(desk, known, pending) - OVERLAP), known)
    mine = (*known, *(desk.store.fills.book(fills) if fills else ()))
    resolved_now = [_resolve(desk, intent, mine) for intent in pending]
    return Settled(apply_fills(Book(), mine), tuple(intent for intent in resolved_now if intent.state in OPEN_STATES))


def booked_fills(desk: Desk) -> tuple[Fill, ...]:
    """Return this account's fills, oldest first."""
    return tuple(fill for fill in desk.store.fills.all() if fill.venue == desk.account)


def open_intents(desk: Desk) -> tuple[Intent, ...]:
    """Return this account's intents that are not final; another account's orders are not ours to ask for or send."""
    return tuple(intent for intent in desk.store.intents.open() if intent.account == desk.account)


def _complete_until(desk: Desk, known: tuple[Fill, ...], pending: tuple[Intent, ...]) -> datetime:
    """Return the moment up to which no fill can be missing: an order in flight may have filled as soon as it was sent."""
    newest = known[-1].at if known else desk.now - timedelta(days=1)
    return min((newest, *(intent.sent_at for intent in pending if intent.sent_at)))


def _unknown(fills: tuple[Fill, ...], known: tuple[Fill, ...]) -> tuple[Fill, ...]:
    keys = {(fill.symbol, fill.exec_id) for fill in known}
    return tuple(fill for fill in fills if (fill.symbol, fill.exec_id) not in keys)


def _resolve(desk: Desk, intent: Intent, fills: tuple[Fill, ...]) -> Intent:
    """Ask the venue about one order and store what became of it."""
    seen = orphaned(intent, epoch=desk.epoch, now=desk.now)
    if seen.state in IN_FLIGHT_STATES:
        booked = sum((fill.quantity for fill in fills if fill.link == intent.link), Decimal(0))
        seen = resolved(seen, desk.venue.lookup(intent.link, intent.symbol), booked=booked, now=desk.now)
    if seen != intent:
        desk.store.intents.update(seen)
    return seen


@task(cache_policy=NO_CACHE)
def look(desk: Desk, book: Book) -> tuple[Account, Standing, RiskView]:
    """Read the account, its positions and the prices, and what the risk rules need to know."""
    account = desk.venue.account()
    held = {position.symbol: position.quantity for position in desk.venue.positions()}
    standing = Standing(held, desk.venue.prices(), account.equity, desk.instruments)
    return account, standing, _risk_view(desk, account, _difference(held, book.quantities))


def _risk_view(desk: Desk, account: Account, difference: str) -> RiskView:
    midnight = desk.now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = desk.store.equity.first_since(desk.account, midnight)
    peak = desk.store.equity.peak(desk.account, utc(0))
    return RiskView(
        now=desk.now,
        newest_close=_newest_close(desk),
        equity=account.equity,
        day_start_equity=today.equity if today else account.equity,
        peak_equity=max(peak or account.equity, account.equity),
        emergency_stop=(settings().home / EMERGENCY_STOP).exists(),
        book_differs=difference,
    )


def _newest_close(desk: Desk) -> datetime:
    """Return when the newest stored bar closed; on recorded bars, the newest one that had closed by now."""
    length = bar_ms(desk.timeframe)
    newest = max(desk.store.bars.newest(desk.market, desk.timeframe).values())
    return utc(min(milliseconds(newest) + length, milliseconds(desk.now) // length * length))


def _difference(held: dict[str, Decimal], booked: dict[str, Decimal]) -> str:
    off = sorted(symbol for symbol in held.keys() | booked.keys() if held.get(symbol, 0) != booked.get(symbol, 0))
    if not off:
        return ""
    first = off[0]
    return f"{first}: the venue holds {held.get(first, 0)}, our books say {booked.get(first, 0)} ({len(off)} differ)"
