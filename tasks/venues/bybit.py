"""Bybit's USDT perpetuals behind the `Venue` port, through ccxt.

1. A read is complete or raises: every list is walked to its end, every reply must have the shape it should have.
2. `submit` sends one order once and never raises for what happens on the way: only a code that proves the order does not
   exist is `Rejected`; only a connection that was never made, or a refusal for now (too fast, the wrong time), is `NotSent`;
   everything else is `Unknown`. That includes 110072 (our link is taken), which proves the opposite: the order exists.
3. Our link is the only handle: no order is ever asked for by Bybit's id.
4. Keys and secrets appear in no message and no repr.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import polars as pl

from core.errors import ConfigError, ExchangeRefused, ExchangeUnavailable, TradewindError
from core.execution.orders import (
    Accepted,
    Account,
    Cancellation,
    Cancelled,
    Failed,
    Fill,
    Found,
    Gone,
    Lookup,
    NotFound,
    OrderRequest,
    Position,
    Submission,
    Unknown,
    VenueOrder,
)
from core.market.instrument import Instrument
from core.market.timeframe import milliseconds, utc
from core.risk.breaker import Tally
from tasks.venues import bybit_history as history
from tasks.venues import bybit_rows as rows
from tasks.venues.bybit_ledger import MEMORY_MS, booked
from tasks.venues.bybit_orders import order_body, order_id_of, refused, undelivered
from tasks.venues.bybit_session import BybitSession
from tasks.venues.client import TRANSPORT, Declined
from tasks.venues.history_frames import bar_frame, funding_frame
from tasks.venues.meter import Banned
from tasks.venues.reading import Row, read
from tasks.venues.retcodes import FINISHED, NOT_PLACED, UNCHANGED


class BybitVenue:
    """One account at Bybit, or at something that speaks like it.

    Parameters
    ----------
    base_url : where else than at Bybit: the simulated exchange; None is Bybit's `environment`
    environment : live money, or Bybit's demo trading or testnet, each of which has keys of its own
    api_key, secret : needed for the account and orders only
    now_ms : milliseconds since 1970 UTC, for signatures; None is this machine's clock, corrected at every `server_time`
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        environment: Literal["live", "demo", "testnet"] = "live",
        api_key: str | None = None,
        secret: str | None = None,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self.name = name
        self._where = base_url or environment
        self._session = BybitSession(name, where=self._where, api_key=api_key, secret=secret, now_ms=now_ms)
        self._public = self._session.public
        self._private = self._session.private

    def __repr__(self) -> str:
        return f"BybitVenue({self.name!r}, at {self._where!r})"

    def server_time(self) -> datetime:
        """Return Bybit's clock, and correct our signatures by it."""
        server = self._session.time_of(self._session.call(self._public.public_get_v5_market_time, {}))
        self._session.correct_clock(server)
        return utc(server)

    def instruments(self) -> tuple[Instrument, ...]:
        """All crypto perpetuals settled in USDT that trade now."""
        query = {"category": "linear"}
        listed = self._session.walk(self._public.public_get_v5_market_instruments_info, query, limit=1000)
        ours = [row for row in listed if rows.is_usdt_perpetual(row)]
        return read(self.name, "an instrument", ours, rows.instrument)

    def bars(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Return closed candles that open in ``[start, end)``, oldest first; a hole among them is ExchangeUnavailable."""
        candles = history.bars(self._market, symbol, timeframe, start, end)
        return bar_frame(self.name, symbol, timeframe, candles, history.SOURCE)

    def funding(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Funding settled in ``[start, end)``, oldest first, moments rounded to the minute."""
        rates = history.funding(self._market, symbol, start, end)
        return funding_frame(self.name, symbol, rates, history.SOURCE)

    def prices(self) -> dict[str, float]:
        """Last price of every symbol that has one."""
        listed = self._session.rows_of(self._session.call(self._public.public_get_v5_market_tickers, {"category": "linear"}))
        pairs = read(self.name, "a ticker", listed, lambda _, row: (row["symbol"], float(row["lastPrice"] or "nan")))
        return {symbol: price for symbol, price in pairs if price > 0}

    def account(self) -> Account:
        """Return the worth of the account's USDT."""
        reply = self._session.call(self._private.private_get_v5_account_wallet_balance, {"accountType": "UNIFIED"})
        listed, at = self._session.rows_of(reply), utc(self._session.time_of(reply))
        if len(listed) != 1:
            raise self._session.malformed(f"wallet-balance lists {len(listed)} accounts, expected 1")
        return read(self.name, "a wallet", listed, lambda name, row: rows.account(name, row, at))[0]

    def positions(self) -> tuple[Position, ...]:
        """Every position that is not flat, in one-way mode."""
        query = {"category": "linear", "settleCoin": rows.SETTLE}
        listed = self._session.walk(self._private.private_get_v5_position_list, query, limit=200)
        found = read(self.name, "a position", listed, rows.position)
        return tuple(position for position in found if position.quantity)

    def submit(self, request: OrderRequest) -> Submission:
        """Send one order once."""
        try:
            reply = self._session.ask(self._private.private_post_v5_order_create, order_body(request))
        except Declined as no:
            return refused(no.code, self._session.clean(no))
        except (*TRANSPORT, Banned) as error:
            return undelivered(error, self._session.clean(error))
        order_id = order_id_of(reply)
        return Accepted(order_id) if order_id else Unknown("a reply without an orderId")

    def cancel(self, link: str, symbol: str) -> Cancellation:
        """Cancel one order by our link, once."""
        query = {"category": "linear", "symbol": symbol, "orderLinkId": link}
        try:
            reply = self._session.ask(self._private.private_post_v5_order_cancel, query)
        except Declined as no:
            said = self._session.clean(no)
            return Gone(said) if no.code in FINISHED else Unknown(said)
        except (*TRANSPORT, Banned) as error:
            return Unknown(self._session.clean(error))
        order_id = order_id_of(reply)
        return Cancelled(order_id) if order_id else Unknown("a reply without an orderId")

    def lookup(self, link: str, symbol: str) -> Lookup:
        """Ask for one order by our link: live orders, then history, then executions.

        `NotFound.as_of` is taken before the first of these reads, so that no order slips in between it and them.
        """
        query = {"category": "linear", "symbol": symbol, "orderLinkId": link}
        try:
            asked = self.server_time()
            for endpoint in (self._private.private_get_v5_order_realtime, self._private.private_get_v5_order_history):
                listed = self._of_link(endpoint, query, limit=50)
                if listed:
                    return Found(read(self.name, "an order", listed[:1], rows.order)[0])
            executed = self._of_link(self._private.private_get_v5_execution_list, query, limit=100)
            if executed:
                return Found(rows.order_from(read(self.name, "an execution", executed, rows.executed)))
            return NotFound(asked)
        except TradewindError as error:
            return Failed(str(error))

    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Every order in the book, sleeping and foreign ones too; one that was not given a link has an empty one."""
        query = {"category": "linear", "settleCoin": rows.SETTLE}
        listed = self._session.walk(self._private.private_get_v5_order_realtime, query, limit=50)
        once = {row.order_id: row for row in read(self.name, "an order", listed, rows.order)}
        return tuple(row for row in once.values() if row.status == "open")

    def fills_since(self, moment: datetime) -> tuple[Fill, ...]:
        """Every execution and transfer at or after the moment, oldest first, funding and forced ones included.

        Raises ConfigError when the moment is further back than Bybit remembers.
        """
        start, now = milliseconds(moment), milliseconds(self.server_time())
        if now - start > MEMORY_MS:
            raise ConfigError(f"{self.name}: fills since {moment:%Y-%m-%d}: Bybit keeps two years; ask for less")
        return booked(self._session, start, now)

    def configure(self, symbol: str, leverage: int) -> None:
        """Set the leverage; "not modified" is success.

        Raises ExchangeRefused when Bybit says no for good, ExchangeUnavailable when it is not known whether it was set.
        """
        sides = {"buyLeverage": str(leverage), "sellLeverage": str(leverage)}
        try:
            self._session.ask(
                self._private.private_post_v5_position_set_leverage, {"category": "linear", "symbol": symbol, **sides}
            )
        except Declined as no:
            if no.code not in UNCHANGED:
                kind = ExchangeRefused if no.code in NOT_PLACED else ExchangeUnavailable
                raise kind(f"{self.name}: leverage {leverage} of {symbol}: {self._session.clean(no)}") from no
        except TRANSPORT as error:
            raise self._session.unread(self._session.clean(error)) from error

    def tally(self) -> Tally:
        """Return how many requests have been made since this was connected, and how they went."""
        return self._session.meter.tally()

    def _market(self, path: str, **query: Any) -> dict[str, Any]:
        endpoint = getattr(self._public, f"public_get_v5_market_{path.replace('/', '_')}")
        reply = self._session.call(endpoint, {"category": "linear", **query})
        return {**reply["result"], "list": self._session.rows_of(reply), "time": self._session.time_of(reply)}

    def _of_link(self, endpoint: Any, query: dict[str, Any], *, limit: int) -> list[Row]:
        listed = self._session.walk(endpoint, query, limit=limit)
        if any(row.get("orderLinkId") != query["orderLinkId"] for row in listed):
            raise self._session.malformed(f"asked for {query['orderLinkId']} and got another order")
        return listed
