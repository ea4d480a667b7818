"""Remembering: everything a tick needs to know from our own record, read once, at one moment."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.deploy.release import Release
from core.deploy.stages import decision_due
from core.errors import StoreError
from core.market.features import last_decision
from core.market.timeframe import bar_ms, milliseconds, utc
from storage.decisions import Decision
from storage.equity import Snapshot
from tasks.desk import Desk
from tasks.live_releases import Live, make_live, read_live
from tasks.reconciling import Books, read_books
from tasks.steps import step

WATCH_COUNTS = timedelta(days=2)
"""How long the last watch says something about today."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the account's own record says: snapshots, and which rules had fired.

    Parameters
    ----------
    first_today : the first snapshot since 00:00 UTC, None before it
    peak : quote currency, the highest equity in the drawdown's window, transfers taken out; None without a snapshot
    """

    last: Snapshot | None
    first_today: Snapshot | None
    peak: Decimal | None
    raised: frozenset[str]


@dataclass(frozen=True, slots=True)
class Memory:
    """What our record says before a tick.

    Parameters
    ----------
    close : the newest bar close of the release's calendar
    due : the moment of the decision that is due, see `core.deploy.stages.decision_due`
    decision : that decision, None when it has not been taken
    tracking_bps : live less backtest, a day, as the last watch saw it; looked up only when a decision is to be taken
    """

    live: Live
    close: datetime
    due: datetime
    decision: Decision | None
    books: Books
    past: Past
    tracking_bps: float | None = None


@step
def recall(desk: Desk) -> Memory:
    """Read the record: what is live, what is due, the books, the past. A home where nothing is live gets the baseline."""
    memory = _recalled(desk)
    if memory is None:
        make_live(desk.market, desk.timeframe, desk.now)
        memory = _recalled(desk)
    if memory is None:
        raise StoreError("what was just put live is not: is somebody replacing the trading database?")
    return memory if memory.decision else replace(memory, tracking_bps=_tracking(desk, memory.live.release))


def _recalled(desk: Desk) -> Memory | None:
    with desk.store.trading.read():
        live = read_live(desk.market, desk.timeframe)
        if live is None:
            return None
        release = live.release
        close = utc(last_decision(milliseconds(desk.bars.newest_close), bar_ms(release.timeframe), release.rebalance))
        due = decision_due(close, live.since, desk.now)
        decision = desk.store.decisions.at(desk.account, due)
        return Memory(live, close, due, decision, read_books(desk, due), read_past(desk, release.risk.drawdown_days))


def read_past(desk: Desk, days: int) -> Past:
    """Read what the account's record says; `days` is the window of the drawdown."""
    midnight = desk.now.replace(hour=0, minute=0, second=0, microsecond=0)
    equity = desk.store.equity
    return Past(
        last=equity.last(desk.account),
        first_today=equity.first_since(desk.account, midnight),
        peak=equity.peak(desk.account, desk.now - timedelta(days=days)),
        raised=desk.store.alarms.raised(desk.account),
    )


def _tracking(desk: Desk, release: Release) -> float | None:
    """Return the tracking error of the last watch, None without a recent one of this release."""
    runs = desk.store.runs.all("watch", 1)
    if not runs or not timedelta(0) <= desk.now - runs[0].finished <= WATCH_COUNTS:
        return None
    watched: dict[str, Any] = json.loads(runs[0].result_json)
    return watched["tracking_bps_per_day"] if watched["release"] == release.fingerprint else None
