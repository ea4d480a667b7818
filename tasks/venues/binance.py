"""Binance's USDT-M perpetuals behind the `Venue` port, through ccxt.

1. A read is complete or raises: a list that may have been cut is read in halves, every reply must have its shape.
2. `submit` sends one order once and never raises for what happens on the way: only a code that proves the order does not
   exist is `Rejected`, only what never reached Binance or was turned away for now is `NotSent`, everything else is `Unknown`.
3. A link is unique among *open* orders only: sent again after a fill it is a second order. So a lost answer is looked up and
   waited out behind the fence, which Binance keeps like Bybit does (-1021 at the door, -5028 at the matching engine).
4. What one request cannot do is refused, not done in two: Binance attaches no stop-loss and no take-profit to an order.
5. Keys and secrets appear in no message and no repr.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import ccxt
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
    NotSent,
    OrderRequest,
    Position,
    Rejected,
    Submission,
    Unknown,
    VenueOrder,
)
from core.market.instrument import Instrument
from core.market.timeframe import DAY, milliseconds, utc
from core.risk.breaker import Tally
from tasks.venues import binance_fills as fills
from tasks.venues import binance_history as history
from tasks.venues import binance_rows as rows
from tasks.venues.binance_codes import FINISHED, NOT_PLACED, NOT_PLACED_LATER, UNCHANGED
from tasks.venues.binance_session import BinanceSession
from tasks.venues.client import TRANSPORT, Declined, never_connected
from tasks.venues.meter import Banned
from tasks.venues.reading import read

MEMORY_MS = 89 * DAY
"""How long Binance remembers income ("three months") and orders (90 days), with a day to spare."""

RECENT = 1000


class BinanceVenue:
    """One account at Binance, or at something that speaks like it.

    Parameters
    ----------
    base_url : a place of its own, which stands above `environment`
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
        if self._where == "testnet":
            raise ConfigError(f"{name}: Binance has closed its futures testnet; use the mode demo")
        self._session = BinanceSession(name, where=self._where, api_key=api_key, secret=secret, now_ms=now_ms)
        self._public = self._session.public
        self._private = self._session.private

    def __repr__(self) -> str:
        return f"BinanceVenue({self.name!r}, at {self._where!r})"

    def server_time(self) -> datetime:
        """Return Binance's clock, and correct our signatures by it."""
        server = self._server_ms()
        self._session.correct_clock(server)
        return utc(server)

    def instruments(self) -> tuple[Instrument, ...]:
        """All crypto perpetuals settled in USDT that trade now."""
        listed = self._session.row(self._public.fapipublic_get_exchangeinfo, {}).get("symbols")
        if not isinstance(listed, list) or not listed:
            raise self._session.malformed("exchangeInfo without symbols")
        odd = self._session.rows(self._public.fapipublic_get_fundinginfo, {})
        hours = dict(read(self.name, "a funding interval", odd, rows.funding_hours))
        ours = [row for row in listed if rows.is_usdt_perpetual(row)]
        return read(self.name, "an instrument", ours, lambda name, row: rows.instrument(name, row, hours))

    def bars(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Return closed candles that open in ``[start, end)``, oldest first; a hole among them is ExchangeUnavailable."""
        return history.bars(self._session, symbol, timeframe, (start, end), self._server_ms())

    def funding(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Funding settled in ``[start, end)``, oldest first, moments rounded to the minute."""
        return history.funding(self._session, symbol, start, end)

    def prices(self) -> dict[str, float]:
        """Last price of every symbol that has one."""
        listed = self._session.all_symbols(self._public.fapipublicv2_get_ticker_price, {})
        pairs = read(self.name, "a ticker", listed, rows.price)
        return {symbol: price for symbol, price in pairs if price > 0}

    def account(self) -> Account:
        """Return the worth of the account's USDT, as of just before it was read."""
        asked = self.server_time()
        reply = self._session.row(self._private.fapiprivatev2_get_account, {})
        return read(self.name, "an account", [reply], lambda name, row: rows.account(name, row, asked))[0]

    def positions(self) -> tuple[Position, ...]:
        """Every position that is not flat, in one-way mode."""
        return tuple(position for position in fills.positions(self._session) if position.quantity)

    def submit(self, request: OrderRequest) -> Submission:
        """Send one order once."""
        missing = _cannot(request)
        if missing:
            return Rejected("unsupported", f"{self.name}: {missing}; nothing was sent")
        try:
            reply = self._session.ask(self._private.fapiprivate_post_order, rows.order_body(request))
        except Declined as no:
            return _refused(no.code, self._session.clean(no))
        except (*TRANSPORT, Banned) as error:
            return _undelivered(error, self._session.clean(error))
        number = _number(reply, request.link)
        return Accepted(number) if number else Unknown("a reply that is not about our order")

    def cancel(self, link: str, symbol: str) -> Cancellation:
        """Cancel one order by our link, once."""
        query = {"symbol": symbol, "origClientOrderId": link}
        try:
            reply = self._session.ask(self._private.fapiprivate_delete_order, query)
        except Declined as no:
            said = self._session.clean(no)
            return Gone(said) if no.code in FINISHED else Unknown(said)
        except (*TRANSPORT, Banned) as error:
            return Unknown(self._session.clean(error))
        number = _number(reply, link)
        return Cancelled(number) if number else Unknown("a reply that is not about our order")

    def lookup(self, link: str, symbol: str) -> Lookup:
        """Ask for one order by our link: all orders, then live ones, then the list of the last week.

        Trades carry no link, so they cannot be asked. `NotFound.as_of` is taken before the first of these reads.
        """
        query = {"symbol": symbol, "origClientOrderId": link}
        try:
            asked = self.server_time()
            for endpoint in (self._private.fapiprivate_get_order, self._private.fapiprivate_get_openorder):
                row = self._session.find(endpoint, query)
                if row is not None:
                    return Found(self._of_link(link, [row])[0])
            recent = self._session.rows(self._private.fapiprivate_get_allorders, {"symbol": symbol, "limit": RECENT})
            listed = self._of_link(link, [row for row in recent if row.get("clientOrderId") == link])
            return Found(listed[-1]) if listed else NotFound(asked)
        except TradewindError as error:
            return Failed(str(error))

    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Every order in the book, and the conditional ones that still sleep; each has the link it was given, ours or not."""
        live = self._session.rows(self._private.fapiprivate_get_openorders, {})
        asleep = self._session.rows(self._private.fapiprivate_get_openalgoorders, {})
        found = (*read(self.name, "an order", live, rows.order), *read(self.name, "an order", asleep, rows.sleeping))
        return tuple(order for order in found if rows.is_ours(order.symbol))

    def fills_since(self, moment: datetime) -> tuple[Fill, ...]:
        """Every execution and transfer at or after the moment, oldest first, funding and forced ones included.

        Raises ConfigError when the moment is further back than Binance remembers.
        """
        start, now = milliseconds(moment), milliseconds(self.server_time())
        if now - start > MEMORY_MS:
            raise ConfigError(f"{self.name}: fills since {moment:%Y-%m-%d}: Binance keeps three months; ask for less")
        return fills.booked(self._session, start, now)

    def configure(self, symbol: str, leverage: int) -> None:
        """Set the leverage; "not modified" is success.

        Raises ExchangeRefused when Binance says no for good, ExchangeUnavailable when it is not known whether it was set.
        """
        try:
            reply = self._session.ask(self._private.fapiprivate_post_leverage, {"symbol": symbol, "leverage": leverage})
        except Declined as no:
            if no.code in UNCHANGED:
                return
            kind = ExchangeRefused if no.code in NOT_PLACED else ExchangeUnavailable
            raise kind(f"{self.name}: leverage {leverage} of {symbol}: {self._session.clean(no)}") from no
        except TRANSPORT as error:
            raise self._session.unread(self._session.clean(error)) from error
        if not isinstance(reply, dict) or str(reply.get("leverage")) != str(leverage):
            raise self._session.malformed(f"leverage {leverage} of {symbol} is not what the reply says")

    def tally(self) -> Tally:
        """Return how many requests have been made since this was connected, and how they went."""
        return self._session.meter.tally()

    def _server_ms(self) -> int:
        reply = self._session.row(self._public.fapipublic_get_time, {})
        return read(self.name, "the time", [reply], lambda _, row: int(row["serverTime"]))[0]

    def _of_link(self, link: str, listed: list[Any]) -> tuple[VenueOrder, ...]:
        found = read(self.name, "an order", listed, rows.order)
        if any(order.link != link for order in found):
            raise self._session.malformed(f"asked for {link} and got another order")
        return found


def _cannot(request: OrderRequest) -> str | None:
    if request.stop_loss is not None or request.take_profit is not None:
        return "Binance attaches no stop-loss or take-profit to an order"
    return "conditional orders are not sent to Binance" if request.trigger is not None else None


def _refused(code: int, said: str) -> Submission:
    if code in NOT_PLACED:
        return Rejected(str(code), said)
    return NotSent(said) if code in NOT_PLACED_LATER else Unknown(said)


def _undelivered(error: BaseException, said: str) -> Submission:
    if isinstance(error, Banned) or never_connected(error):
        return NotSent(said)
    return Rejected("401", said) if isinstance(error, ccxt.AuthenticationError) else Unknown(said)


def _number(reply: Any, link: str) -> str:
    """Read the number of the order a reply is about; empty when it is not about ours."""
    number = str(reply.get("orderId")) if isinstance(reply, dict) and reply.get("clientOrderId") == link else ""
    return number if number.isdigit() else ""
