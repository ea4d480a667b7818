"""A venue directly over the pure engine: no HTTP, no ccxt. It answers what the Bybit adapter would under the same fault.

It asks in the same order as the adapter (a look-up reads the time, live orders, history, executions), so that "the third
request for executions" is the same request with either.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from core.errors import ExchangeRefused, ExchangeUnavailable
from core.exchange import money
from core.exchange.events import LeverageSet, OrderCancelled
from core.exchange.state import Execution, Order, State
from core.execution.orders import (
    Accepted,
    Account,
    Cancelled,
    Failed,
    Fill,
    Found,
    Gone,
    NotFound,
    NotSent,
    OrderRequest,
    Position,
    Rejected,
    Unknown,
    VenueOrder,
)
from core.market.timeframe import DAY, milliseconds, utc
from core.risk.breaker import Tally
from tasks.venues.bybit_history import SOURCE
from tasks.venues.history_frames import bar_frame, funding_frame
from tasks.venues.retcodes import ACCESS, NOT_PLACED, NOT_PLACED_LATER
from tests.simulation.line import Line, Lost, NeverConnected, Said, submitted

GONE = 110001


class EngineVenue:
    """One account on the simulated exchange at the other end of a `Line`."""

    def __init__(self, name: str, line: Line, sent: Any) -> None:
        self.name = name
        self._line = line
        self._exchange = line.exchange
        self._sent = sent

    def server_time(self) -> datetime:
        return utc(self._read("time", lambda: self._exchange.now_ms))

    def instruments(self) -> tuple[Any, ...]:
        return self._read("instruments", lambda: tuple(r for r in self._exchange.state.instruments.values() if r.active))

    def bars(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> pl.DataFrame:
        now, world = self._exchange.now_ms, self._exchange.world
        rows = self._read("kline", lambda: world.bars(symbol, timeframe, milliseconds(start), milliseconds(end) - 1, now))
        length = rows[1, 0] - rows[0, 0] if len(rows) > 1 else 0
        return bar_frame(self.name, symbol, timeframe, rows[rows[:, 0] + length <= now], SOURCE)

    def funding(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        now, world = self._exchange.now_ms, self._exchange.world
        rates = self._read("funding", lambda: world.funding(symbol, milliseconds(start), milliseconds(end) - 1, now))
        return funding_frame(self.name, symbol, rates, SOURCE)

    def prices(self) -> dict[str, float]:
        state = self._read("tickers", lambda: self._exchange.state)
        live = (r.symbol for r in state.instruments.values() if r.active and r.symbol in state.prices)
        return {symbol: float(state.prices[symbol]) for symbol in live}

    def account(self) -> Account:
        state = self._read("wallet", lambda: self._line.shown("wallet"))
        return Account(money.equity(state), state.wallet, utc(self._exchange.now_ms), money.margin_used(state))

    def positions(self) -> tuple[Position, ...]:
        state = self._read("positions", lambda: self._line.shown("positions"))
        if self._exchange.state.hedge:
            raise ExchangeRefused(f"{self.name}: hedge mode; switch the account to one-way mode")
        return tuple(_position(state, h) for h in state.holdings.values() if h.quantity)

    def submit(self, request: OrderRequest) -> Any:
        self._sent(request)
        try:
            return Accepted(self._line.carry("create", submitted(self._exchange, request)))
        except Said as no:
            if no.code in NOT_PLACED_LATER:
                return NotSent(str(no))
            return Rejected(str(no.code), no.reason) if no.code in NOT_PLACED else Unknown(str(no))
        except NeverConnected:
            return NotSent("refused")
        except Lost as lost:
            return Unknown(str(lost))

    def cancel(self, link: str, symbol: str) -> Any:
        def process() -> str:
            order_id = self._exchange.state.links.get(link, "")
            reply = self._exchange.apply(OrderCancelled(order_id))
            if hasattr(reply, "code"):
                raise Said(reply.code, reply.reason)
            return order_id

        try:
            return Cancelled(self._line.carry("cancel", process))
        except Said as no:
            return Gone(str(no)) if no.code == GONE else Unknown(str(no))
        except (Lost, NeverConnected) as lost:
            return Unknown(str(lost))

    def lookup(self, link: str, symbol: str) -> Any:
        try:
            asked = self.server_time()
            for path in ("realtime", "history"):
                order = self._read(path, lambda path=path: _of_link(self._line.shown(path), path, link))
                if order is not None:
                    return Found(_venue_order(order))
            executed = self._read("executions", lambda: _executed(self._line.shown("executions"), link))
            return Found(_from_executions(executed)) if executed else NotFound(asked)
        except (ExchangeUnavailable, ExchangeRefused) as error:
            return Failed(str(error))

    def open_orders(self) -> tuple[VenueOrder, ...]:
        state = self._read("realtime", lambda: self._line.shown("realtime"))
        return tuple(_venue_order(order) for order in state.orders.values() if order.status == "open")

    def fills_since(self, moment: datetime) -> tuple[Fill, ...]:
        self._read("time", lambda: None)
        start = milliseconds(moment)
        state = self._read("executions", lambda: self._line.shown("executions"))
        found = [row for row in state.executions if row.at >= start]
        if any(row.kind == "transfer" for row in found):
            self._read("transactions", lambda: None)
        return tuple(_fill(self.name, row) for row in found)

    def configure(self, symbol: str, leverage: int) -> None:
        self._read("leverage", lambda: self._exchange.apply(LeverageSet(symbol, Decimal(leverage))))

    def tally(self) -> Tally:
        line = self._line
        down, ban = line.down_since, line.banned_until
        now = utc(line.now)
        return Tally(now, line.requests, line.failed, utc(down) if down else None, utc(ban) if ban > line.now else None)

    def _read(self, path: str, process: Any) -> Any:
        try:
            return self._line.carry(path, process)
        except Said as no:
            kind = ExchangeRefused if no.code in ACCESS else ExchangeUnavailable
            raise kind(f"{self.name}: {no}") from no
        except (Lost, NeverConnected) as lost:
            raise ExchangeUnavailable(f"{self.name}: {path} {lost!r}; read again") from lost


def _of_link(state: State, path: str, link: str) -> Order | None:
    order = state.orders.get(state.links.get(link, ""))
    if order is None or order.status == "open":
        return order if path == "realtime" else None
    is_kept = order.filled or state.now - order.updated < DAY
    is_shown = order.updated >= state.restarted if path == "realtime" else is_kept
    return order if is_shown else None


def _executed(state: State, link: str) -> list[Execution]:
    return [row for row in state.executions if row.link == link]


def _from_executions(rows: list[Execution]) -> VenueOrder:
    newest, filled = rows[-1], sum((row.quantity for row in rows), Decimal(0))
    status = "open" if newest.leaves else "filled"
    return VenueOrder(newest.link, newest.order_id, newest.symbol, newest.side, filled + newest.leaves, filled, status)


def _venue_order(order: Order) -> VenueOrder:
    return VenueOrder(
        order.link, order.order_id, order.symbol, order.side, order.quantity, order.filled, order.status, order.reduce_only
    )


def _fill(name: str, row: Execution) -> Fill:
    at = utc(row.at)
    return Fill(name, row.symbol, row.exec_id, row.link, row.side, row.quantity, row.price, row.fee, row.kind, at)


def _position(state: State, holding: Any) -> Position:
    mark = state.prices[holding.symbol]
    profit = money.unrealised(state, holding)
    return Position(holding.symbol, holding.quantity, holding.entry, mark, profit, sequence=holding.sequence)
