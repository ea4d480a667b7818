"""Deciding and sending: what a tick does after it has reconciled. Order submission is never retried by anyone but us."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.deploy.release import Release
from core.errors import DataError, ExchangeRefused, ExchangeUnavailable
from core.execution.intents import (
    Intent,
    IntentState,
    answered,
    expired,
    leg_of,
    link_id,
    request_of,
    sending,
)
from core.execution.orders import VenueOrder
from core.execution.plan import PlannedOrder
from core.execution.turns import may_leave, reason_to_give_up, tried_again
from core.market.timeframe import bar_ms, milliseconds
from core.portfolio import newest_decision
from core.risk.pretrade import Gauge, admitted
from core.risk.verdict import Verdict
from storage.decisions import Decision
from tasks.desk import Desk
from tasks.reconciling import Books
from tasks.settings import settings
from tasks.steps import step

RECENT = 1_000
"""Intents among which a later order of the account is looked for, newest first."""

LEVERAGE = 5
"""Set at the venue before a symbol is entered: initial margin is a fifth of the position, whatever stood there before."""


@step
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


@step
def record_decision(
    desk: Desk, decision: Decision, orders: tuple[PlannedOrder, ...], at: datetime | None = None
) -> tuple[Intent, ...]:
    """Store what is to be sent and that it was decided, all or nothing.

    Orders that are there already stand: mixing in those of a second plan, made at other prices, would be a plan nobody made.

    Parameters
    ----------
    at : what the orders are named by, if not the decision's own time

    Returns
    -------
    The orders as they stand.
    """
    moment = at or decision.decision_time
    with desk.store.trading.write():
        if not desk.store.intents.of_decision(desk.account, moment):
            desk.store.intents.add(_intent(desk, moment, order) for order in orders)
        desk.store.decisions.add(decision)
        return desk.store.intents.of_decision(desk.account, moment)


def _intent(desk: Desk, at: datetime, order: PlannedOrder) -> Intent:
    return Intent(
        link=link_id(desk.account, at, order.symbol, leg_of(order.leg, order.slice), 1),
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
        slice=order.slice,
        stop_loss=order.stop_loss,
    )


@step
def set_leverage(desk: Desk, symbols: Iterable[str]) -> tuple[str, ...]:
    """Set the leverage of symbols that are entered from flat; return what the venue would not do: that stops nothing.

    The paper exchange has one leverage for all.
    """
    said = []
    for symbol in symbols if settings().mode != "paper" else ():
        try:
            desk.venue.configure(symbol, LEVERAGE)
        except (ExchangeRefused, ExchangeUnavailable) as error:
            said.append(f"{symbol}: its leverage stays as it is: {error}")
    return tuple(said)


@step
def cancel_lost(desk: Desk, orders: Iterable[VenueOrder]) -> None:
    """Take out of the venue's book what carries our kind of link and is not in our journal; the next tick looks again."""
    for order in orders:
        desk.venue.cancel(order.link, order.symbol)


@step
def send_orders(desk: Desk, books: Books, at: datetime, verdict: Verdict, gauge: Gauge) -> Books:
    """Send NEW intents of this decision, each once, exits first; give up what an older decision never sent.

    The verdict is this tick's, not the decision's: HALT sends nothing, and entries leave under ALLOW only. Until then they
    wait, an hour at most: what keeps them may pass in a minute, and their prices do not keep for a day. An order waits for
    an earlier slice of its leg to end, and an entry while it is not known whether the exit before it arrived: sent first, it
    would be eaten by what is still held. An entry that could break a limit, at the prices of now, is given up.

    Returns
    -------
    The books with every intent as it stands now.
    """
    if verdict is Verdict.HALT:
        return books
    books = books.with_intents(_try_dead_ones_again(desk, books.of(at), at))
    books = books.with_intents(_given_up(desk, books, at, verdict))
    for leg in ("exit", "entry"):
        among = books.intents.values()
        ready = [intent for intent in books.open if intent.leg == leg and may_leave(intent, among, verdict, desk.now)]
        kept, refused = admitted(ready, books.in_flight, gauge)
        ended = [expired(intent, now=desk.now, reason=why) for intent, why in refused]
        desk.store.intents.update(*ended)
        books = books.with_intents((*ended, *_send(desk, kept)))
    return books


def _given_up(desk: Desk, books: Books, at: datetime, verdict: Verdict) -> tuple[Intent, ...]:
    reasons = {i: reason_to_give_up(i, at, verdict, desk.now) for i in books.open if i.state is IntentState.NEW}
    ended = tuple(expired(intent, now=desk.now, reason=reason) for intent, reason in reasons.items() if reason)
    desk.store.intents.update(*ended)
    return ended


def _send(desk: Desk, ready: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Send orders one by one: all SENT in one commit before the first leaves, all answers in one after the last.

    A crash in between leaves them SENT: whoever comes next asks for each, and waits for its fence before it sends it again.
    """
    leaving = [sending(i, epoch=desk.epoch, now=desk.now) for i in sorted(ready, key=lambda i: (i.slice, i.symbol))]
    if not leaving:
        return ()
    desk.store.intents.update(*leaving)
    answers = [desk.venue.submit(request_of(intent)) for intent in leaving]
    now = desk.venue.server_time()  # after the last attempt: no fence may begin before its order left
    seen = tuple(answered(intent, answer, now=now) for intent, answer in zip(leaving, answers, strict=True))
    desk.store.intents.update(*seen)
    return seen


def _try_dead_ones_again(desk: Desk, ordered: tuple[Intent, ...], at: datetime) -> tuple[Intent, ...]:
    dead = tried_again(ordered, desk.now)
    if not dead or _is_superseded(desk, at):
        return ()
    desk.store.intents.add(dead)
    return dead


def _is_superseded(desk: Desk, at: datetime) -> bool:
    """Whether anything later was ordered: what a flattening has closed does not come back a leg at a time."""
    recent = desk.store.intents.all(RECENT)
    return any(intent.account == desk.account and intent.decision_time > at for intent in recent)
