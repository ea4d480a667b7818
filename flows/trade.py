"""The live flow: one tick, every minute. Starting is recovering: every tick reconciles first."""

from dataclasses import replace

from prefect import flow
from prefect.states import Completed

from core.deploy.stages import staged
from core.execution.plan import Plan, plan_orders
from core.execution.sight import Sight
from core.reporting.tick import Tick
from core.risk.verdict import Judgement, Verdict, judge
from flows.forms import Moment, with_help
from storage.decisions import Decision
from tasks.desk import Desk, open_desk
from tasks.heartbeat import beat, missed_minute
from tasks.looking import explain_money, gauge_of, look, lost_orders, standing_of, view_of
from tasks.reconciling import settle
from tasks.recording import record_tick
from tasks.remembering import Memory, recall
from tasks.settings import settings
from tasks.stopping import read_stop
from tasks.telling import tell_tick
from tasks.trading import cancel_lost, compute_targets, record_decision, send_orders, set_leverage

IN_FLIGHT, HELD_BACK = "are still in flight", "wait to be sent"


@with_help
@flow(name="trade", timeout_seconds=35)
def trade(at: Moment | None = None, venue: str | None = None) -> Tick | None:
    """One tick: lock, reconcile, judge, decide, plan, send, book, tell. Safe to run twice.

    A run that comes a minute late or more does nothing, ends as Skipped, and returns None.

    Parameters
    ----------
    at
        Moment to trade at, on recorded bars. Leave empty for the present.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    if at is None and (late := missed_minute()):
        return Completed(name="Skipped", message=late)  # type: ignore[return-value]  # becomes the run's state; its result is None
    with open_desk(venue, settings().timeframe, at) as desk:
        if at is None:
            beat(desk)
        stop = read_stop(at)
        before = recall(desk)
        memory = replace(before, books=settle(desk, before.books))
        sight = look(desk)
        money = explain_money(desk, sight, memory.books, memory.past)
        judged = judge(view_of(desk, sight, memory, stop), memory.live.release.risk)
        cancel_lost(desk, lost_orders(sight, memory.books))
        memory, skipped = _decided(desk, sight, memory, judged)
        books = send_orders(desk, memory.books, memory.due, judged.verdict, gauge_of(desk, sight, memory))
        if books != memory.books:
            books = settle(desk, books)
            sight = look(desk)
        memory = replace(memory, books=books)
        alarms = record_tick(desk, sight, memory, judged, money, before)
        tick = _told(desk, memory, sight, judged, skipped)
        return tell_tick(desk, replace(tick, alarms=alarms, decided=memory.decision != before.decision))


def _decided(desk: Desk, sight: Sight, memory: Memory, judged: Judgement) -> tuple[Memory, tuple[str, ...]]:
    """Take the decision that is due, unless it has been taken, the verdict forbids orders, or some are still in flight."""
    if judged.verdict is Verdict.FLATTEN:
        return _flattened(desk, sight, memory, judged)
    if memory.decision is not None or judged.verdict is Verdict.HALT or memory.books.in_flight:
        return memory, ()
    return _planned(desk, sight, memory, judged)


def _planned(desk: Desk, sight: Sight, memory: Memory, judged: Judgement) -> tuple[Memory, tuple[str, ...]]:
    """Decide on the bars up to the newest close, on the stage's share of the capital; store the orders, unsent."""
    release, books = memory.live.release, memory.books
    targets = staged(compute_targets(desk, release, memory.close), memory.live.capital)
    plan = plan_orders(
        targets, standing_of(desk, sight), band=release.band, verdict=judged.verdict, stop=release.risk.protective_stop
    )
    decision = _decision(desk, memory, judged, targets)
    ordered = record_decision(desk, decision, plan.orders)
    opened = dict.fromkeys(order.symbol for order in ordered if not order.reduce_only and order.symbol not in sight.held)
    said = set_leverage(desk, tuple(opened))
    return replace(memory, decision=decision, books=books.with_intents(ordered)), (*plan.skipped, *said)


def _flattened(desk: Desk, sight: Sight, memory: Memory, judged: Judgement) -> tuple[Memory, tuple[str, ...]]:
    """Store the orders that close everything; a decision that is due is thereby taken.

    Neither the model nor an order in flight is waited for: exits only ever reduce, and what arrives late is closed by the
    next tick. The orders are named by this minute and a microsecond, a moment that no decision has.
    """
    moment = desk.now.replace(second=0, microsecond=1)
    plan: Plan = plan_orders({}, standing_of(desk, sight), band=0.0, verdict=judged.verdict)
    ordered = record_decision(desk, _decision(desk, memory, judged, {}), plan.orders, at=moment)
    return replace(memory, due=moment, books=memory.books.with_intents(ordered)), plan.skipped


def _decision(desk: Desk, memory: Memory, judged: Judgement, targets: dict[str, float]) -> Decision:
    why = "; ".join(judged.reasons)
    release = memory.live.release.fingerprint
    return Decision(desk.account, memory.due, release, judged.verdict.name, why, targets, desk.now)


def _told(desk: Desk, memory: Memory, sight: Sight, judged: Judgement, skipped: tuple[str, ...]) -> Tick:
    books = memory.books
    held_back = [intent for intent in books.open if intent not in books.in_flight]
    waiting = [f"{len(some)} orders {what}" for some, what in ((books.in_flight, IN_FLIGHT), (held_back, HELD_BACK)) if some]
    return Tick(
        at=desk.now,
        release=memory.live.release.fingerprint,
        decision_time=memory.due,
        verdict=judged.verdict.name,
        reasons=(*judged.reasons, *waiting),
        targets=memory.decision.targets if memory.decision else {},
        orders=books.of(memory.due),
        skipped=skipped,
        equity=sight.account.equity,
        positions=sight.positions,
    )
