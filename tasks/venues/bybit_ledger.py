"""What was booked on the account: executions and transfers of money, window by window, each once, oldest first."""

from collections.abc import Iterator

from core.execution.orders import Fill
from core.market.timeframe import DAY
from tasks.venues import bybit_rows as rows
from tasks.venues.bybit_session import BybitSession
from tasks.venues.reading import read

WINDOW_MS = 7 * DAY
"""Longest span execution/list and transaction-log answer for."""

MEMORY_MS = 730 * DAY
"""How long Bybit remembers both."""


def booked(session: BybitSession, start: int, end: int) -> tuple[Fill, ...]:
    """Return everything booked in ``[start, end]`` (ms), oldest first.

    A page may slide while it is read, so a row may come twice; two different rows under one name are ExchangeUnavailable.
    """
    found: dict[tuple[str, str], Fill] = {}
    for fill in (*_executions(session, start, end), *_transfers(session, start, end)):
        if found.setdefault((fill.symbol, fill.exec_id), fill) != fill:
            raise session.malformed(f"two different bookings are called {fill.exec_id}")
    return tuple(sorted(found.values(), key=lambda fill: fill.at))


def _executions(session: BybitSession, start: int, end: int) -> Iterator[Fill]:
    for window in _windows(start, end):
        query = {"category": "linear", **window}
        listed = session.walk(session.private.private_get_v5_execution_list, query, limit=100)
        yield from read(session.name, "an execution", listed[::-1], rows.fill)


def _transfers(session: BybitSession, start: int, end: int) -> Iterator[Fill]:
    for window in _windows(start, end):
        query = {"accountType": "UNIFIED", "currency": rows.SETTLE, **window}
        listed = session.walk(session.private.private_get_v5_account_transaction_log, query, limit=50)
        for moved in read(session.name, "a transaction", listed[::-1], rows.transfer):
            if moved is not None:
                yield moved


def _windows(start: int, end: int) -> Iterator[dict[str, int]]:
    while start <= end:
        yield {"startTime": start, "endTime": min(start + WINDOW_MS, end)}
        start += WINDOW_MS + 1
