"""The health of the last day: ticks, requests, orders, alarms, data, notices and disk, as the report tells them."""

from collections.abc import Sequence
from datetime import datetime

from core.execution.intents import IntentState
from core.reporting.health import AlarmLine, Health, Ticks, WaitingLine, count_ticks
from core.reporting.reconciled import Reconciled
from tasks.desk import DAY
from tasks.settings import settings
from tasks.stores import store

FAILED = (IntentState.REJECTED, IntentState.DEAD, IntentState.UNKNOWN)
INTENTS_READ = 2_000
"""Newest orders among which those of the day are looked for."""


def gather_health(books: Reconciled, ticked: Sequence[datetime], *, recorded: bool) -> Health:
    """Look back a day.

    Parameters
    ----------
    ticked : every tick of the account, oldest first
    """
    since = books.at - DAY
    with store().trading.read():
        tallies = store().tallies.since(books.account, since)
        alarms = [alarm for alarm in store().alarms.all(books.account) if alarm.at >= since]
        orders = [intent for intent in store().intents.all(INTENTS_READ) if intent.account == books.account]
        standings = store().outbox.standings()
    return Health(
        ticks=_ticks(ticked, books.at, recorded=recorded),
        requests=sum(tally.total for tally in tallies),
        failed_requests=sum(tally.failed for tally in tallies),
        failed_orders=sum(order.state in FAILED and order.changed_at >= since for order in orders),
        alarms=tuple(AlarmLine(alarm.at, alarm.rule, alarm.raised, alarm.text) for alarm in alarms),
        bars_from=books.newest_close,
        missing=books.missing,
        notices=tuple(WaitingLine(s.destination, s.waiting, s.line.gone or s.line.trouble) for s in standings),
        disk=_disk(),
    )


def _ticks(ticked: Sequence[datetime], now: datetime, *, recorded: bool) -> Ticks:
    since = max(now - DAY, ticked[0]) if ticked else now
    return count_ticks(ticked, since, now, every_minute=not recorded)


def _disk() -> tuple[tuple[str, int], ...]:
    """Name the databases in the home, Prefect's own among them, and their sizes."""
    home = settings().home
    found = sorted((*home.glob("*.duckdb"), *(home / "prefect").glob("*.db")))
    return tuple((str(path.relative_to(home)), path.stat().st_size) for path in found)
