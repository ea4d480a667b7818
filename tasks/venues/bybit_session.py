"""Reading from Bybit: every reply complete and in shape, every failure one of our two exceptions, no secret in any message."""

from collections.abc import Callable, Mapping
from typing import Any

import ccxt
from requests.exceptions import RequestException

from core.errors import ExchangeRefused, ExchangeUnavailable
from tasks.venues.bybit_client import Declined, TurnedAway, private_client, public_client
from tasks.venues.meter import Meter
from tasks.venues.retcodes import ACCESS, BANNED, UNANSWERED

Row = Mapping[str, Any]
Reply = dict[str, Any]
Endpoint = Callable[[dict[str, Any]], Reply]

FORBIDDEN = 403

TRANSPORT = (ccxt.BaseError, RequestException, OSError, ValueError)
"""Everything that can go wrong between a call and its reply."""


class BybitSession:
    """Two clients of one account: `public` for market data, `private` for the account and its orders.

    Every request goes through `ask`, which counts it and makes none while this address is banned. Connections stay open.

    Parameters
    ----------
    where : "live", "demo", "testnet" or a URL
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

    def ask(self, endpoint: Endpoint, query: dict[str, Any]) -> Reply:
        """Make one request, once, and count how it went; whatever goes wrong is raised as it came (`TRANSPORT`)."""
        self.meter.admit()
        try:
            reply = endpoint(query)
        except Declined as no:
            self._count(no.code)
            raise
        except TRANSPORT as error:
            self.meter.failed()
            if isinstance(error, TurnedAway) and error.status == FORBIDDEN:
                self.meter.banned()
            raise
        self.meter.answered()
        return reply

    def call(self, endpoint: Endpoint, query: dict[str, Any]) -> Reply:
        """Read one reply.

        Raises
        ------
        ExchangeRefused
            When Bybit does not let us in: a person must act.
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

    def walk(self, endpoint: Endpoint, query: dict[str, Any], *, limit: int) -> list[Row]:
        """Read a list to its end, page by page; never a part of it."""
        found: list[Row] = []
        seen: set[str] = set()
        cursor = ""
        while cursor not in seen:
            seen.add(cursor)
            reply = self.call(endpoint, {**query, "limit": limit, **({"cursor": cursor} if cursor else {})})
            rows = self.rows_of(reply)
            if not all(isinstance(row, dict) for row in rows):
                raise self.malformed("a list with rows that are not objects")
            found += rows
            cursor = str(reply["result"].get("nextPageCursor") or "")
            if not cursor or not rows:
                return found
        raise self.malformed(f"the cursor {cursor!r} came twice, so pages are missing")

    def rows_of(self, reply: Reply) -> list[Row]:
        """Return the reply's list, which must be there even when it is empty."""
        rows = reply["result"].get("list")
        if not isinstance(rows, list):
            raise self.malformed("a reply without a list")
        return rows

    def time_of(self, reply: Reply) -> int:
        """Return the server's time of the reply, milliseconds."""
        try:
            return int(reply["time"])
        except (KeyError, TypeError, ValueError) as error:
            raise self.malformed("a reply without the server's time") from error

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

    def _count(self, code: int) -> None:
        if code not in UNANSWERED:
            self.meter.answered()
            return
        self.meter.failed()
        if code == BANNED:
            self.meter.banned()
