"""What Binance has booked since a moment, gathered from the places where it keeps it.

1. Trades are asked for symbol by symbol: those that income names, and those whose position has changed.
2. A trade does not carry our link: its order does, and is looked up by its number.
3. Funding and transfers are income; what income says of trades is left out, for the trades say it too.

Not seen: a symbol traded without any fee or profit, and flat again, if Binance should show no time for flat positions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain

from core.exchange.money import signed
from core.execution.orders import Fill, Position
from core.market.timeframe import DAY, HOUR
from tasks.venues import binance_rows as rows
from tasks.venues.binance_rows import Income
from tasks.venues.binance_session import BinanceSession
from tasks.venues.reading import Row, read

Fills = tuple[Fill, ...]

WINDOW_MS = 7 * DAY
"""Longest span userTrades answers for."""

PAGE = 1000

LATE_MS = HOUR
"""An order that cannot be found this long after its trade is not late but forgotten, as Binance does after 90 days."""


def booked(session: BinanceSession, start: int, now: int) -> tuple[Fill, ...]:
    """Return everything booked in ``[start, now]`` (ms), oldest first.

    A row may come twice; two different rows under one name are ExchangeUnavailable.
    """
    listed = session.span(session.private.fapiprivate_get_income, {}, start, now, limit=PAGE)
    income = read(session.name, "income", listed, rows.income)
    risks = _risks(session)
    held = {position.symbol: position.quantity for position in read(session.name, "a position", risks, rows.position)}
    touched = read(session.name, "a position", risks, rows.changed)
    trades = {symbol: _trades(session, symbol, start, now) for symbol in _traded(income, touched, start)}
    _check_fees(session, income, trades)
    found: dict[tuple[str, str], Fill] = {}
    for fill in chain(_money(session.name, income, held, trades), *trades.values()):
        if found.setdefault((fill.symbol, fill.exec_id), fill) != fill:
            raise session.malformed(f"two different bookings are called {fill.exec_id}")
    return tuple(sorted(found.values(), key=lambda fill: fill.at))


def positions(session: BinanceSession) -> tuple[Position, ...]:
    """Return the position in every symbol that is settled in our coin, flat ones too."""
    found = read(session.name, "a position", _risks(session), rows.position)
    return tuple(position for position in found if rows.is_ours(position.symbol))


def _risks(session: BinanceSession) -> list[Row]:
    return session.all_symbols(session.private.fapiprivatev2_get_positionrisk, {})


def _traded(income: Iterable[Income], touched: Iterable[tuple[str, int]], start: int) -> list[str]:
    named = {row.symbol for row in income if row.kind in rows.OF_TRADES}
    return sorted(filter(rows.is_ours, named | {symbol for symbol, at in touched if at >= start}))


def _money(name: str, income: Iterable[Income], held: Mapping[str, Decimal], trades: Mapping[str, Fills]) -> Iterator[Fill]:
    for row in income:
        if row.coin != rows.SETTLE or row.kind in rows.OF_TRADES:
            continue
        if row.kind == rows.FUNDING:
            yield rows.funded(name, row, held.get(row.symbol, Decimal(0)) - _since(row.at, trades.get(row.symbol, ())))
        else:
            yield rows.moved(name, row)


def _check_fees(session: BinanceSession, income: Iterable[Income], trades: Mapping[str, Fills]) -> None:
    """Hold what trades call a commission against the wallet: Binance's own pages disagree on which sign is paid."""
    wallet = {(row.symbol, row.trade): row.amount for row in income if row.kind == rows.COMMISSION}
    for fill in chain(*trades.values()):
        if wallet.get((fill.symbol, fill.exec_id), 0) * fill.fee > 0:
            raise session.malformed(f"trade {fill.exec_id} of {fill.symbol} was paid for, and says that it was paid to us")


def _since(moment: datetime, trades: Iterable[Fill]) -> Decimal:
    """Add up what was traded after the moment."""
    return sum((signed(fill.side, fill.quantity) for fill in trades if fill.at > moment), Decimal(0))


def _trades(session: BinanceSession, symbol: str, start: int, now: int) -> Fills:
    listed: list[Row] = []
    for first in range(start, now + 1, WINDOW_MS):
        last = min(first + WINDOW_MS - 1, now)
        query = session.private.fapiprivate_get_usertrades
        listed += session.span(query, {"symbol": symbol}, first, last, limit=PAGE)
    owners = _owners(session, symbol, listed, now)
    return read(session.name, "a trade", listed, lambda name, row: rows.trade(name, row, owners[int(row["orderId"])]))


def _owners(session: BinanceSession, symbol: str, trades: Sequence[Row], now: int) -> dict[int, str]:
    """Map the number of each order that traded to its link."""
    newest = dict(read(session.name, "a trade", trades, lambda _, row: (int(row["orderId"]), int(row["time"]))))
    known = _listed(session, symbol, min(newest), max(newest)) if newest else {}
    missing = {number: _owner(session, symbol, number, now - at) for number, at in newest.items() if number not in known}
    return known | missing


def _listed(session: BinanceSession, symbol: str, first: int, last: int) -> dict[int, str]:
    """Map the numbers of a symbol's orders to their links, from one number on and at least up to another if they are listed."""
    known: dict[int, str] = {}
    while first <= last:
        query = {"symbol": symbol, "orderId": first, "limit": PAGE}
        page = read(session.name, "an order", session.rows(session.private.fapiprivate_get_allorders, query), rows.order)
        known |= {int(order.order_id): order.link for order in page}
        first = max(known) + 1 if len(page) >= PAGE and max(known) >= first else last + 1
    return known


def _owner(session: BinanceSession, symbol: str, number: int, age_ms: int) -> str:
    row = session.find(session.private.fapiprivate_get_order, {"symbol": symbol, "orderId": number})
    if row is not None:
        return read(session.name, "an order", [row], rows.order)[0].link
    if age_ms < LATE_MS:
        raise session.malformed(f"order {number} of {symbol} has traded but cannot be found")
    return ""
