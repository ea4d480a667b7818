"""Recording: what a tick leaves behind, in one commit at its end."""

from collections.abc import Iterator
from decimal import Decimal

from core.execution.intents import IntentState
from core.execution.orders import Fill
from core.execution.sight import Sight
from core.ledger.wallet import Money
from core.notify.notice import Notice
from core.reporting.tick_notices import alarm_notice, decision_notice, fill_notice, has_ended, order_notice, trades_notice
from core.risk.alarms import Alarm, changes
from core.risk.losses import LEAST_UNEXPLAINED
from core.risk.verdict import Judgement
from core.types import Side
from storage.equity import Snapshot
from tasks.desk import Desk, keep_tally
from tasks.reconciling import Books
from tasks.remembering import Memory
from tasks.settings import settings
from tasks.steps import step

SETTLE_COIN = "USDT"


@step
def record_tick(desk: Desk, sight: Sight, memory: Memory, judged: Judgement, money: Money, before: Memory) -> tuple[Alarm, ...]:
    """Store the snapshot, how the requests went, and what is to be told; return the alarms that were raised or cleared.

    Money that nothing explains is booked as moved once two looks agree on it.

    Parameters
    ----------
    before : the memory as this tick found it
    """
    alarms = changes(memory.past.raised, judged, desk.account, desk.now)
    said = (*map(alarm_notice, alarms), *_notices(memory, before, sight.account.equity))
    with desk.store.trading.write():
        desk.store.equity.append(_snapshot(desk, sight, memory.books, judged, money))
        desk.store.alarms.append(alarms)
        keep_tally(desk.store, settings(), desk.venue.tally())
        if money.is_lasting and abs(money.unexplained) >= LEAST_UNEXPLAINED:
            desk.store.fills.book([_moved(desk, money.unexplained)])
        if said:
            desk.store.outbox.add(said)
    return alarms


def _notices(memory: Memory, before: Memory, equity: Decimal) -> Iterator[Notice]:
    """Say what this tick brought: a decision, fills, refused orders, the end of the decision's orders."""
    known, was = set(before.books.fills), before.books.intents
    orders = memory.books.of(memory.due)
    if memory.decision and memory.decision != before.decision:
        yield decision_notice(memory.decision.account, memory.decision.release, memory.due, orders)
    yield from (fill_notice(fill) for fill in memory.books.fills if fill not in known)
    refused = (intent for intent in memory.books.intents.values() if intent.state is IntentState.REJECTED)
    yield from (order_notice(intent) for intent in refused if was.get(intent.link) != intent)
    if has_ended(was.values(), orders):
        yield trades_notice(memory.due, orders, memory.books.fills, equity)


def _snapshot(desk: Desk, sight: Sight, books: Books, judged: Judgement, money: Money) -> Snapshot:
    equity = sight.account.equity
    gross = sum(abs(float(quantity)) * sight.prices.get(symbol, 0.0) for symbol, quantity in sight.held.items())
    return Snapshot(
        at=desk.now,
        account=desk.account,
        equity=equity,
        wallet=sight.account.wallet,
        gross=gross / float(equity) if equity > 0 else 0.0,
        verdict=judged.verdict.name,
        reason="; ".join(judged.reasons),
        transferred=books.totals.transferred,
        base=money.base,
        seen_base=money.seen,
    )


def _moved(desk: Desk, amount: Decimal) -> Fill:
    """Book money that came or went and that nothing explains, seen twice: from now on it is explained by this line."""
    side: Side = "buy" if amount > 0 else "sell"
    name = f"unexplained-{desk.now:%Y%m%dT%H%M%S}"
    return Fill(desk.account, SETTLE_COIN, name, "", side, abs(amount), Decimal(1), Decimal(0), "transfer", desk.now)
