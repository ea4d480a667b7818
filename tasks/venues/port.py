"""The port every venue is used through: small, three-valued, complete or raising.

Reads raise `ExchangeUnavailable` when they fail or come back malformed, so "empty" can never mean "flat" by accident.
`submit` and `cancel` never raise for transport and never retry: they return what is known.
"""

from datetime import datetime
from typing import Protocol

import polars as pl

from core.execution.orders import Account, Cancellation, Fill, Lookup, OrderRequest, Position, Submission, VenueOrder
from core.market.instrument import Instrument
from core.risk.breaker import Tally


class Venue(Protocol):
    """A perpetual-futures venue, keyed by its own symbol ids (``BTCUSDT``)."""

    name: str

    def server_time(self) -> datetime:
        """Return the venue's clock."""
        ...

    def instruments(self) -> tuple[Instrument, ...]:
        """Return all USDT perpetuals that trade now."""
        ...

    def bars(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Return closed bars that open in ``[start, end)``, however many pages, oldest first, as `storage.bars` takes them."""
        ...

    def funding(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Return funding settled in ``[start, end)``, oldest first, as `storage.funding` takes it."""
        ...

    def prices(self) -> dict[str, float]:
        """Return the last price of every symbol."""
        ...

    def account(self) -> Account:
        """Return the account's worth."""
        ...

    def positions(self) -> tuple[Position, ...]:
        """Return every position that is not flat."""
        ...

    def submit(self, request: OrderRequest) -> Submission:
        """Send one order once; a link is never sent again, whatever came of it."""
        ...

    def cancel(self, link: str, symbol: str) -> Cancellation:
        """Cancel one order by our link, once."""
        ...

    def lookup(self, link: str, symbol: str) -> Lookup:
        """Ask for one order by our link: live orders, then history, then executions."""
        ...

    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Return every order in the venue's book, sleeping ones too, whoever placed it, under whatever link it was given."""
        ...

    def fills_since(self, moment: datetime) -> tuple[Fill, ...]:
        """Return every execution and every transfer of money at or after the moment, oldest first."""
        ...

    def configure(self, symbol: str, leverage: int) -> None:
        """Set the leverage; "not modified" is success."""
        ...

    def tally(self) -> Tally:
        """Return how many requests have been made since this was connected, and how they went."""
        ...
