"""Reading from Binance: every reply complete and in shape, every failure one of our two errors, no secret in any message."""

from collections.abc import Callable, Mapping
from typing import Any

import ccxt

from core.errors import ExchangeRefused, ExchangeUnavailable
from tasks.venues.binance_client import Declined, private_client, public_client
from tasks.venues.binance_codes import ACCESS, NO_SUCH_ORDER, UNANSWERED
from tasks.venues.bybit_session import TRANSPORT
from tasks.venues.meter import Meter

Row = Mapping[str, Any]
Endpoint = Callable[[dict[str, Any]], Any]


class BinanceSession:
    """Two clients of one account: `public` for market data, `private` for the account and its orders.

    Every request goes through `ask`, which counts it and makes none while this address is turned away. Connections stay open.

    Parameters
    ----------
    where : "live", "demo" or a URL
    """

    def __init__(
        self,
        name: str,
        *,
        where: str,
        api_key: str | None,
        secret: str | None,
        now_ms: Callable[[], int] | None,
    ) -> None:
        self.name = name
        self.public = public_client(where)
        self.private = private_client(where, api_key=api_key, secret=secret, now_ms=now_ms)
        self._secrets = tuple(word for word in (secret, api_key) if word)
        self._corrects_clock = now_ms is None
        self.meter = Meter(name, lambda: int(self.private.nonce()))

    def ask(self, endpoint: Endpoint, query: dict[str, Any]) -> Any:
        """Make one request, once, and count how it went; whatever goes wrong is raised as it came (`TRANSPORT`)."""
        self.meter.admit()
        try:
            reply = endpoint(query)
        except Declined as no:
            self._count(no)
            raise
        except TRANSPORT:
            self.meter.failed()
            raise
        self.meter.answered()
        return reply

    def call(self, endpoint: Endpoint, query: dict[str, Any]) -> Any:
        """Read one reply.

        Raises
        ------
        ExchangeRefused
            When Binance does not let us in: a person must act.
        ExchangeUnavailable
            When the read failed or the reply is malformed: read again.
        """
        try:
            return self.ask(endpoint, query)
        except Declined as no:
            kind = ExchangeRefused if no.code in ACCESS else ExchangeUnavailable
            raise kind(f"{self.name}: {self.clean(no)}") from no
        except ccxt.AuthenticationError as error:
            raise ExchangeRefused(f"{self.name}: {self.clean(error)}; check the API key") from error
        except TRANSPORT as error:
            raise self.unread(self.clean(error)) from error

    def row(self, endpoint: Endpoint, query: dict[str, Any]) -> Row:
        """Read an object that says something."""
        reply = self.call(endpoint, query)
        if not isinstance(reply, dict) or not reply:
            raise self.malformed("a reply that is not an object")
        return reply

    def rows(self, endpoint: Endpoint, query: dict[str, Any]) -> list[Row]:
        """Read a list of objects, which may be empty."""
        reply = self.call(endpoint, query)
        if not isinstance(reply, list) or not all(isinstance(row, dict) for row in reply):
            raise self.malformed("a reply that is not a list of objects")
        return reply

    def all_symbols(self, endpoint: Endpoint, query: dict[str, Any]) -> list[Row]:
        """Read a list that has a row for every symbol, held or not, so it is never empty."""
        rows = self.rows(endpoint, query)
        if not rows:
            raise self.malformed("a list of all symbols without any")
        return rows

    def span(self, endpoint: Endpoint, query: dict[str, Any], first: int, last: int, *, limit: int) -> list[Row]:
        """Read every row of a span of time (ms, both ends in), whichever end of it Binance would cut.

        A page that is full may have been cut: then each half of the span is read on its own.
        """
        rows = self.rows(endpoint, {**query, "startTime": first, "endTime": last, "limit": limit})
        if len(rows) < limit:
            return rows
        if first >= last:
            raise self.malformed(f"more than {limit} rows in one millisecond")
        middle = (first + last) // 2
        early = self.span(endpoint, query, first, middle, limit=limit)
        return early + self.span(endpoint, query, middle + 1, last, limit=limit)

    def find(self, endpoint: Endpoint, query: dict[str, Any]) -> Row | None:
        """Read one order; None when Binance says that there is no such order."""
        try:
            return self.row(endpoint, query)
        except (ExchangeUnavailable, ExchangeRefused) as error:
            if isinstance(error.__cause__, Declined) and error.__cause__.code == NO_SUCH_ORDER:
                return None
            raise

    def correct_clock(self, server_ms: int) -> None:
        """Sign by the server's clock from now on, unless signatures have a clock of their own."""
        if self._corrects_clock:
            self.private.options["timeDifference"] = self.private.milliseconds() - server_ms

    def unread(self, what: str) -> ExchangeUnavailable:
        """Return the error for a request without an answer."""
        return ExchangeUnavailable(f"{self.name}: {what}; read again")

    def malformed(self, what: str) -> ExchangeUnavailable:
        """Return the error for a reply that cannot be believed, which counts as no answer after all."""
        self.meter.failed()
        return self.unread(what)

    def clean(self, error: BaseException) -> str:
        """Return an error in one line without our keys."""
        said = f"{error.code} {error.message}" if isinstance(error, Declined) else f"{type(error).__name__} {error}"
        for word in self._secrets:
            said = said.replace(word, "***")
        return " ".join(said.split())[:200]

    def _count(self, no: Declined) -> None:
        if no.code not in UNANSWERED:
            self.meter.answered()
            return
        self.meter.failed()
        if no.pause_ms:
            self.meter.banned(for_ms=no.pause_ms)
