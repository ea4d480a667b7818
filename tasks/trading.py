"""Deciding and sending: what a tick does after it has reconciled. Order submission is never retried by anyone but us."""

from datetime import datetime, timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE

from core.deploy.release import Release
from core.errors import DataError
from core.execution.intents import Intent, IntentState, again, answered, expired, link_id, request_of, sending
from core.execution.orders import Account
from core.execution.plan import PlannedOrder, Standing
from core.market.timeframe import bar_ms, milliseconds
from core.portfolio import newest_decision
from core.risk.verdict import Verdict
from storage.decisions import Decision
from storage.equity import Snapshot
from tasks.desk import Desk
from tasks.reconciling import open_intents

RECENT = 1_000
"""Intents among which a later order of the account is looked for, newest first."""

UNANSWERED_STATES = (IntentState.SENT, IntentState.UNKNOWN)
"""States of an order that left, and of which it is not known whether the venue has it."""


@task(cache_policy=NO_CACHE)
def taken_decision(desk: Desk, at: datetime) -> Decision | None:
    """Return the decision of this moment if it has been taken; it stands until the next one is due."""
    return desk.store.decisions.at(desk.account, at)


@task(cache_policy=NO_CACHE)
def compute_targets(desk: Desk, release: Release, at: datetime) -> dict[str, float]:
    """Run the release's model book up to this decision and return its target weights.

    Raises
    ------
    DataError
        When no symbol has the bar that closes at `at`.
    """
    start = release.book_start - timedelta(milliseconds=release.warmup_bars * bar_ms(release.timeframe))
    decision = newest_decision(desk.store.bars.panel(desk.market, release.timeframe, start, at), release)
    if decision.close_time_ms != milliseconds(at):
        raise DataError(f"{desk.market} {release.timeframe}: no symbol has the bar that closes at {at:%Y-%m-%d %H:%M} UTC")
    return decision.targets


@task(cache_policy=NO_CACHE)
def record_decision(desk: Desk, decision: Decision, orders: tuple[PlannedOrder, ...]) -> None:
    """Store what is to be sent, then that it was decided.

    After a crash in between the orders of the first time stand: mixing in those of a second plan, made at other prices,
    would be a plan nobody made.
    """
    if not desk.store.intents.of_decision(desk.account, decision.decision_time):
        record_orders.fn(desk, decision.decision_time, orders)
    desk.store.decisions.add(decision)


@task(cache_policy=NO_CACHE)
def record_orders(desk: Desk, at: datetime, orders: tuple[PlannedOrder, ...]) -> None:
    """Store orders as NEW intents; one that is already there is left as it stands."""
    desk.store.intents.add(tuple(_intent(desk, at, order) for order in orders))


def _intent(desk: Desk, at: datetime, order: PlannedOrder) -> Intent:
    return Intent(
        link=link_id(desk.account, at, order.symbol, order.leg, 1),
        account=desk.account,
        epoch=desk.epoch,
        decision_time=at,
        symbol=order.symbol,
        leg=order.leg,
        attempt=1,
        side=order.side,
        quantity=order.quantity,
        reduce_only=order.reduce_only,
        changed_at=desk.now,
    )


@task(cache_policy=NO_CACHE, retries=0)
def send_orders(desk: Desk, at: datetime, verdict: Verdict) -> bool:
    """Send every NEW intent of this decision once, exits first; give up what an older decision never sent.

    The verdict is this tick's, not the decision's: HALT sends nothing, and entries leave under ALLOW only. An entry waits
    while it is not known whether the exit before it arrived: sent first, it would be eaten by what is still held.

    Returns
    -------
    Whether any intent has changed.
    """
    if verdict is Verdict.HALT:
        return False
    _try_dead_ones_again(desk, at)
    pending = open_intents(desk)
    unsure = {intent.symbol for intent in pending if intent.reduce_only and intent.state in UNANSWERED_STATES}
    new = [intent for intent in pending if intent.state is IntentState.NEW]
    for intent in sorted(new, key=lambda i: (i.leg != "exit", i.symbol)):
        if reason := _reason_to_give_up(intent, at, verdict):
            desk.store.intents.update(expired(intent, now=desk.now, reason=reason))
        elif intent.reduce_only or intent.symbol not in unsure:
            unsure |= {intent.symbol} if _send(desk, intent).state in (IntentState.NEW, *UNANSWERED_STATES) else set()
    return bool(new)


def _reason_to_give_up(intent: Intent, at: datetime, verdict: Verdict) -> str:
    if intent.decision_time != at:
        return "superseded before it was sent"
    return "" if intent.reduce_only or verdict is Verdict.ALLOW else f"no entry while {verdict.name}"


def _send(desk: Desk, intent: Intent) -> Intent:
    leaving = sending(intent, epoch=desk.epoch, now=desk.now)
    desk.store.intents.update(leaving)
    answer = desk.venue.submit(request_of(leaving))
    seen = answered(leaving, answer, now=desk.venue.server_time())
    desk.store.intents.update(seen)
    return seen


def _try_dead_ones_again(desk: Desk, at: datetime) -> None:
    newest: dict[tuple[str, str], Intent] = {}
    for intent in sorted(desk.store.intents.of_decision(desk.account, at), key=lambda i: i.attempt):
        newest[intent.symbol, intent.leg] = intent
    dead = tuple(again(i, now=desk.now) for i in newest.values() if i.state is IntentState.DEAD and i.sent_at)
    if dead and not _is_superseded(desk, at):
        desk.store.intents.add(dead)


def _is_superseded(desk: Desk, at: datetime) -> bool:
    """Whether anything later was ordered: what a flattening has closed does not come back a leg at a time."""
    recent = desk.store.intents.all(RECENT)
    return any(intent.account == desk.account and intent.decision_time > at for intent in recent)


@task(cache_policy=NO_CACHE)
def record_equity(desk: Desk, account: Account, standing: Standing, verdict: Verdict, reasons: tuple[str, ...]) -> None:
    """Store what the account is worth now, and the verdict it was given."""
    gross = sum(abs(float(quantity)) * standing.prices.get(symbol, 0.0) for symbol, quantity in standing.held.items())
    desk.store.equity.append(
        Snapshot(
            at=desk.now,
            account=desk.account,
            equity=account.equity,
            wallet=account.wallet,
            gross=gross / float(account.equity) if account.equity > 0 else 0.0,
            verdict=verdict.name,
            reason="; ".join(reasons),
        )
    )


@task(cache_policy=NO_CACHE)
def orders_of(desk: Desk, at: datetime) -> tuple[Intent, ...]:
    """Return every order of a decision, as it stands."""
    return desk.store.intents.of_decision(desk.account, at)
