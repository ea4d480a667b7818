"""The live flow: one tick, every minute. Starting is recovering: every tick reconciles first."""

from datetime import datetime

from prefect import flow

from core.deploy.release import Release
from core.deploy.stages import decision_due, staged
from core.execution.intents import Intent
from core.execution.plan import Plan, Standing, plan_orders
from core.market.features import last_decision
from core.market.timeframe import bar_ms, milliseconds, utc
from core.reporting.tick import Tick
from core.risk.verdict import Verdict, judge
from storage.decisions import Decision
from tasks.deploying import Live, staged_release
from tasks.desk import Desk, open_desk
from tasks.reconciling import look, settle
from tasks.settings import settings
from tasks.stores import stored_venue
from tasks.telling import tell_tick
from tasks.trading import compute_targets, orders_of, record_decision, record_equity, record_orders, send_orders, taken_decision


@flow(name="trade", timeout_seconds=35)
def trade(at: datetime | None = None, venue: str | None = None) -> Tick:
    """One tick: lock, reconcile, judge, decide, plan, send, book, tell. Safe to run twice.

    Parameters
    ----------
    at
        Moment to trade at, on recorded bars. Leave empty for the present.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    with open_desk(stored_venue(venue), settings().timeframe, at) as desk:
        live = staged_release(desk.market, desk.timeframe, desk.now)
        release = live.release
        settled = settle(desk)
        account, standing, view = look(desk, settled.book)
        verdict, reasons = judge(view, release.risk)
        close = utc(last_decision(milliseconds(view.newest_close), bar_ms(release.timeframe), release.rebalance))
        due = decision_due(close, live.since, desk.now)
        decision, skipped = taken_decision(desk, due), tuple[str, ...]()
        if verdict is Verdict.FLATTEN:
            due, skipped = _flatten(desk, release, due, standing, reasons)
        elif decision is None and verdict is not Verdict.HALT and not settled.in_flight:
            decision, skipped = _decide(desk, live, (close, due), standing, (verdict, reasons))
        if send_orders(desk, due, verdict):
            settled = settle(desk)
            account, standing, _ = look(desk, settled.book)
        record_equity(desk, account, standing, verdict, reasons)
        return tell_tick(
            Tick(
                at=desk.now,
                release=release.fingerprint,
                decision_time=due,
                verdict=verdict.name,
                reasons=(*reasons, *_waiting(settled.in_flight)),
                targets=decision.targets if decision else {},
                orders=orders_of(desk, due),
                skipped=skipped,
                equity=account.equity,
            )
        )


def _decide(
    desk: Desk, live: Live, when: tuple[datetime, datetime], standing: Standing, judged: tuple[Verdict, tuple[str, ...]]
) -> tuple[Decision, tuple[str, ...]]:
    """Take the decision that is due, from bars up to a close, on the stage's share of the capital; store its orders, unsent."""
    release, (close, due), (verdict, reasons) = live.release, when, judged
    targets = staged(compute_targets(desk, release, close), live.capital)
    plan = plan_orders(targets, standing, band=release.band, verdict=verdict)
    decision = Decision(desk.account, due, release.fingerprint, verdict.name, "; ".join(reasons), targets, desk.now)
    record_decision(desk, decision, plan.orders)
    return decision, plan.skipped


def _flatten(
    desk: Desk, release: Release, due: datetime, standing: Standing, reasons: tuple[str, ...]
) -> tuple[datetime, tuple[str, ...]]:
    """Store the orders that close everything; a decision that is due is thereby taken.

    Neither the model nor an order in flight is waited for: exits only ever reduce, and what arrives late is closed by the
    next tick. The orders are named by this minute and a microsecond, a moment that no decision has.
    """
    verdict = Verdict.FLATTEN
    taken = Decision(desk.account, due, release.fingerprint, verdict.name, "; ".join(reasons), {}, desk.now)
    record_decision(desk, taken, ())
    moment = desk.now.replace(second=0, microsecond=1)
    plan: Plan = plan_orders({}, standing, band=0.0, verdict=verdict)
    record_orders(desk, moment, plan.orders)
    return moment, plan.skipped


def _waiting(in_flight: tuple[Intent, ...]) -> tuple[str, ...]:
    return (f"{len(in_flight)} orders are still in flight",) if in_flight else ()
