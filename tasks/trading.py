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
    """Store what is to be sent, then that it was decided: a crash in between repeats the same decision."""
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
def send_orders(desk: Desk, at: datetime) -> bool:
    """Send every NEW intent of this decision once, exits first; give up what an older decision never sent.

    Returns
    -------
    Whether anything was sent.
    """
    _try_dead_ones_again(desk, at)
    new = [intent for intent in desk.store.intents.open() if intent.state is IntentState.NEW]
    for intent in sorted(new, key=lambda i: (i.leg != "exit", i.symbol)):
        if intent.decision_time == at:
            _send(desk, intent)
        else:
            desk.store.intents.update(expired(intent, now=desk.now))
    return bool(new)


def _send(desk: Desk, intent: Intent) -> None:
    leaving = sending(intent, epoch=desk.epoch, now=desk.now)
    desk.store.intents.update(leaving)
    answer = desk.venue.submit(request_of(leaving))
    desk.store.intents.update(answered(leaving, answer, now=desk.venue.server_time()))


def _try_dead_ones_again(desk: Desk, at: datetime) -> None:
    newest: dict[tuple[str, str], Intent] = {}
    for intent in sorted(desk.store.intents.of_decision(desk.account, at), key=lambda i: i.attempt):
        newest[intent.symbol, intent.leg] = intent
    dead = tuple(again(i, now=desk.now) for i in newest.values() if i.state is IntentState.DEAD and i.sent_at)
    if dead:
        desk.store.intents.add(dead)


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
