"""Recording: what a tick leaves behind, in one commit at its end."""

from decimal import Decimal

from core.execution.orders import Fill
from core.risk.alarms import Alarm, changes
from core.risk.losses import LEAST_UNEXPLAINED
from core.risk.verdict import Judgement
from core.types import Side
from storage.equity import Snapshot
from tasks.desk import Desk
from tasks.looking import Money, Sight
from tasks.reconciling import Books
from tasks.remembering import Memory
from tasks.steps import step

SETTLE_COIN = "USDT"


@step
def record_tick(desk: Desk, sight: Sight, memory: Memory, judged: Judgement, money: Money) -> tuple[Alarm, ...]:
    """Store the snapshot, the alarms that were raised or cleared, and how the requests went; return the alarms to be told.

    Money that nothing explains is booked as moved once two looks agree on it.
    """
    alarms = changes(memory.past.raised, judged, desk.account, desk.now)
    with desk.store.trading.write():
        desk.store.equity.append(_snapshot(desk, sight, memory.books, judged, money))
        desk.store.alarms.append(alarms)
        desk.store.tallies.append(desk.account, desk.venue.tally())
        if money.is_lasting and abs(money.unexplained) >= LEAST_UNEXPLAINED:
            desk.store.fills.book([_moved(desk, money.unexplained)])
    return (*memory.past.untold, *alarms)


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
