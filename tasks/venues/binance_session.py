"""Reading from Binance: every reply complete and in shape."""

from collections.abc import Callable
from typing import Any

from core.errors import ExchangeRefused, ExchangeUnavailable
from tasks.venues.binance_client import private_client, public_client
from tasks.venues.binance_codes import ACCESS, NO_SUCH_ORDER, UNANSWERED
from tasks.venues.client import Declined
from tasks.venues.reading import Row
from tasks.venues.session import Endpoint, Session


class BinanceSession(Session):
    """A session with Binance.

    Parameters
    ----------
    where : "live", "demo" or a URL
    now_ms : the clock of signatures; None is this machine's, corrected by the server's
    """

    ACCESS = ACCESS
    UNANSWERED = UNANSWERED

    def __init__(
        self,
        name: str,
        *,
        where: str,
        api_key: str | None,
        secret: str | None,
        now_ms: Callable[[], int] | None,
    ) -> None:
        private = private_client(where, api_key=api_key, secret=secret, now_ms=now_ms)
        super().__init__(name, public_client(where), private, secrets=(secret, api_key), corrects_clock=now_ms is None)

    def ban_ms(self, error: BaseException) -> int:
        """Return for how long the error bans this address."""
        return error.pause_ms if isinstance(error, Declined) else 0

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
