"""What a tick has to say: alarms, trades, refused orders, the decision. Its notices are stored in the commit of its record."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from core.execution.intents import OPEN_STATES, Intent, IntentState
from core.execution.orders import Fill
from core.ledger.totals import MONEY_ONLY
from core.notify.notice import Notice, Severity
from core.risk.alarms import Alarm
from core.risk.verdict import Verdict

SHOWN = 15
"""Orders named in a summary; a phone shows no more."""

_LOUDNESS = {
    Verdict.ALLOW: Severity.WARNING,
    Verdict.REDUCE_ONLY: Severity.WARNING,
    Verdict.HALT: Severity.CRITICAL,
    Verdict.FLATTEN: Severity.CRITICAL,
}


def alarm_notice(alarm: Alarm) -> Notice:
    """Say that a rule began to fire, as loud as what it asks for, or that it stopped."""
    change = "raised" if alarm.raised else "cleared"
    return Notice(
        id=f"alarm.{alarm.account}.{alarm.rule}.{alarm.at:%Y%m%dT%H%M%S}.{change}",
        event=f"alarm.{change}",
        at=alarm.at,
        severity=_LOUDNESS[alarm.verdict] if alarm.raised else Severity.INFO,
        resource=f"account.{alarm.account}",
        title=f"{alarm.verdict.name}: {alarm.text}" if alarm.raised else alarm.text,
        fields=(("account", alarm.account), ("rule", alarm.rule), ("verdict", alarm.verdict.name)),
        group="" if alarm.raised else f"cleared.{alarm.account}",
    )


def fill_notice(fill: Fill) -> Notice:
    """Say what the venue booked: an execution, funding, money that moved."""
    moved = fill.kind == "transfer"
    return Notice(
        id=f"fill.{fill.venue}.{fill.symbol}.{fill.exec_id}",
        event="money.moved" if moved else f"{fill.kind}.settled" if fill.kind in MONEY_ONLY else "order.filled",
        at=fill.at,
        severity=Severity.INFO if moved else Severity.EVENT,
        resource=f"account.{fill.venue}",
        title=f"{fill.side} {fill.quantity} {fill.symbol} at {fill.price}",
        fields=(("symbol", fill.symbol), ("kind", fill.kind), ("fee", str(fill.fee)), ("link", fill.link)),
        group="",
    )


def order_notice(intent: Intent) -> Notice:
    """Say that the venue refused an order for good."""
    return Notice(
        id=f"rejected.{intent.link}",
        event="order.rejected",
        at=intent.changed_at,
        severity=Severity.WARNING,
        resource=f"account.{intent.account}",
        title=f"refused: {intent.side} {intent.quantity} {intent.symbol}: {intent.reason}",
        fields=(("symbol", intent.symbol), ("leg", intent.leg), ("link", intent.link)),
        group=f"orders.{intent.account}",
    )


def decision_notice(account: str, release: str, due: datetime, orders: tuple[Intent, ...]) -> Notice:
    """Say that a decision was taken, and how many orders came of it."""
    return Notice(
        id=f"decision.{account}.{due:%Y%m%dT%H%M%S%f}",
        event="decision.taken",
        at=due,
        severity=Severity.EVENT,
        resource=f"account.{account}",
        title=f"decided for {due:%Y-%m-%d %H:%M} UTC: {len(orders)} orders",
        fields=(("release", release[:12]), ("orders", str(len(orders)))),
    )


def trades_notice(due: datetime, orders: tuple[Intent, ...], fills: Iterable[Fill], equity: Decimal) -> Notice:
    """Say what came of a decision's orders, once all of them have ended."""
    links = {order.link for order in orders}
    mine = [fill for fill in fills if fill.link in links and fill.kind not in MONEY_ONLY]
    traded = sum((fill.quantity * fill.price for fill in mine), Decimal(0))
    ended = [order for order in orders if order.state is not IntentState.DONE]
    filled = len({fill.link for fill in mine})
    return Notice(
        id=f"trades.{orders[0].account}.{due:%Y%m%dT%H%M%S%f}",
        event="trades.settled",
        at=max(order.changed_at for order in orders),
        severity=Severity.INFO,
        resource=f"account.{orders[0].account}",
        title=f"{filled} of {len(orders)} orders filled, {traded:,.0f} USDT traded",
        text="\n".join((*_sums(mine), *(f"{o.symbol}: {o.state.value.lower()}, {o.reason}" for o in ended[:SHOWN]))),
        fields=(
            ("equity", f"{equity:,.2f} USDT"),
            ("fees", f"{sum((fill.fee for fill in mine), Decimal(0)):,.2f} USDT"),
            ("decision", f"{due:%Y-%m-%d %H:%M} UTC"),
        ),
    )


def has_ended(before: Iterable[Intent], orders: tuple[Intent, ...]) -> bool:
    """Whether these orders have all ended, and had not before this tick."""
    was = {intent.link: intent.state for intent in before}
    still_open = any(order.state in OPEN_STATES for order in orders)
    return not still_open and any(was.get(order.link, IntentState.NEW) in OPEN_STATES for order in orders)


def _sums(fills: list[Fill]) -> list[str]:
    """Name every symbol with what was bought or sold of it, the largest first."""
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for fill in fills:
        quantity, value = sums.get((fill.symbol, fill.side), (Decimal(0), Decimal(0)))
        sums[fill.symbol, fill.side] = quantity + fill.quantity, value + fill.quantity * fill.price
    ranked = sorted(sums.items(), key=lambda item: -item[1][1])
    named = [f"{side} {q.normalize():f} {symbol} at {v / q:.6g}: {v:,.0f} USDT" for (symbol, side), (q, v) in ranked[:SHOWN]]
    return [*named, f"and {len(ranked) - SHOWN} more"] if len(ranked) > SHOWN else named
