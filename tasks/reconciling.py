"""Reconciliation: what the venue did since we last looked, booked before anything is decided. There is no other recovery.

The books are read once, at the start of a tick; from then on what is booked is added to what was read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from core.execution.intents import IN_FLIGHT_STATES, OPEN_STATES, Intent, completed, orphaned, resolved
from core.execution.orders import Fill
from core.ledger.totals import MONEY_ONLY, Totals, add_fills
from core.reporting.reconciled import Reconciled
from tasks.desk import Desk
from tasks.steps import step

OVERLAP = timedelta(hours=1)
"""Fills are asked for again this far back: booking one twice is harmless, missing one is not."""


@dataclass(frozen=True, slots=True)
class Books:
    """What our books say of the account.

    Parameters
    ----------
    fills : everything booked since a day ago, or since longer if it takes longer to be sure that nothing is missing
    filled : base coin per link of the intents
    intents : by link, those that are not final and those of the decision that is due
    """

    totals: Totals
    fills: tuple[Fill, ...]
    filled: Mapping[str, Decimal]
    intents: Mapping[str, Intent]

    @property
    def open(self) -> tuple[Intent, ...]:
        """Return the intents that are not final."""
        return tuple(intent for intent in self.intents.values() if intent.state in OPEN_STATES)

    @property
    def in_flight(self) -> tuple[Intent, ...]:
        """Return the intents that may be at the venue."""
        return tuple(intent for intent in self.intents.values() if intent.state in IN_FLIGHT_STATES)

    def of(self, decision_time: datetime) -> tuple[Intent, ...]:
        """Return the intents of one decision, by symbol, exits first."""
        mine = (intent for intent in self.intents.values() if intent.decision_time == decision_time)
        return tuple(sorted(mine, key=lambda i: (i.leg != "exit", i.symbol, i.slice, i.attempt)))

    def with_intents(self, intents: Iterable[Intent]) -> "Books":
        """Return the books with these intents as they stand now."""
        return replace(self, intents={**self.intents, **{intent.link: intent for intent in intents}})


def read_books(desk: Desk, due: datetime) -> Books:
    """Read the books; another account's orders are not ours to ask for or send."""
    store, account = desk.store, desk.account
    pending = tuple(intent for intent in store.intents.open() if intent.account == account)
    intents = (*store.intents.of_decision(account, due), *pending)
    totals = store.fills.totals(account)
    since = min(_complete_until(desk, totals, pending) - OVERLAP, desk.now - timedelta(days=1))
    recent = tuple(fill for fill in store.fills.since(since) if fill.venue == account)
    filled = store.fills.filled(account, [intent.link for intent in intents])
    return Books(totals, recent, filled, {intent.link: intent for intent in intents})


@step
def settle(desk: Desk, books: Books) -> Books:
    """Book every fill and resolve every order in flight; both are kept before the books come back."""
    asked = desk.venue.fills_since(_complete_until(desk, books.totals, books.open) - OVERLAP)
    new = _unknown(asked, books.fills)
    seen = _with_fills(books, new)
    resolved_now = [_resolved(desk, intent, seen.filled.get(intent.link, Decimal(0))) for intent in books.open]
    changed = [intent for intent in resolved_now if intent != books.intents[intent.link]]
    if new or changed:
        with desk.store.trading.write():
            desk.store.fills.book(new)
            desk.store.intents.update(*changed)
    return seen.with_intents(changed)


@task(cache_policy=NO_CACHE)
def tell_reconciled(found: Reconciled) -> Reconciled:
    """Publish whether the books agree with the venue, and what is held."""
    rows = [{"symbol": p.symbol, "quantity": str(p.quantity), "entry price": str(p.entry_price)} for p in found.sight.positions]
    agree = found.differs or "the books agree with the venue"
    says = f"Equity {found.sight.account.equity:,.2f}; {agree}; orders in flight: {found.in_flight}"
    create_table_artifact(key="positions", table=rows, description=says)
    return found


def _complete_until(desk: Desk, totals: Totals, pending: tuple[Intent, ...]) -> datetime:
    """Return the moment up to which no fill can be missing: an order in flight may have filled as soon as it was sent."""
    newest = totals.newest or desk.now - timedelta(days=1)
    return min((newest, *(intent.sent_at for intent in pending if intent.sent_at)))


def _unknown(fills: tuple[Fill, ...], known: tuple[Fill, ...]) -> tuple[Fill, ...]:
    keys = {(fill.symbol, fill.exec_id) for fill in known}
    return tuple(fill for fill in fills if (fill.symbol, fill.exec_id) not in keys)


def _with_fills(books: Books, new: tuple[Fill, ...]) -> Books:
    filled = dict(books.filled)
    for fill in new:
        if fill.kind not in MONEY_ONLY:
            filled[fill.link] = filled.get(fill.link, Decimal(0)) + fill.quantity
    return replace(books, totals=add_fills(books.totals, new), fills=(*books.fills, *new), filled=filled)


def _resolved(desk: Desk, intent: Intent, booked: Decimal) -> Intent:
    """Say what became of one order, from our books if they are enough, else by asking the venue."""
    seen = completed(orphaned(intent, epoch=desk.epoch, now=desk.now), booked=booked, now=desk.now)
    if seen.state not in IN_FLIGHT_STATES:
        return seen
    return resolved(seen, desk.venue.lookup(intent.link, intent.symbol), booked=booked, now=desk.now)
