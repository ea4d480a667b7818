"""ccxt's Bybit client, guarded: a reply that is not Bybit's envelope raises instead of reading as "nothing".

1. ccxt takes a Cloudflare page, an empty body, half a JSON or ``result: null`` with HTTP 200 for success; here they are
   `Malformed`.
2. A retCode is raised as `Declined` before ccxt maps it to a class that does not say whether an order exists.
3. Nothing is retried; a private client never sends a request twice.
"""

from collections.abc import Callable
from typing import Any

import ccxt

from tasks.venues.client import RECV_WINDOW_MS, TIMEOUT_MS, Declined, Malformed, number_in

ENVIRONMENTS = ("live", "demo", "testnet")
"""Bybit's own addresses; any other place is a URL."""

PUBLIC_RATE_MS = 4
"""ccxt weighs a market read as 5 of these: 50 reads a second, under half of what Bybit allows one address."""

FORBIDDEN = 403

TOO_MANY = 10006
"""The retCode for too many requests; a header says when the next one is free."""


class TurnedAway(ccxt.DDoSProtection):
    """HTTP 403 or 429: the request was not looked at, for there were too many.

    Parameters
    ----------
    pause_ms : how long to keep quiet; 0 when Bybit does not say
    """

    def __init__(self, status: int, *, pause_ms: int = 0) -> None:
        super().__init__(f"HTTP {status}: too many requests")
        self.status = status
        self.pause_ms = pause_ms


class GuardedBybit(ccxt.bybit):
    """The client that believes only well-formed replies."""

    def handle_errors(  # noqa: PLR0913, PLR0917  (ccxt's signature)
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Any,
        body: str,
        response: Any,
        request_headers: Any,
        request_body: Any,
    ) -> Any:
        """Raise for a malformed success and for every retCode; leave other HTTP statuses to ccxt."""
        if code in {FORBIDDEN, 429}:
            raise TurnedAway(code, pause_ms=(number_in(headers, "retry-after") or 0) * 1000)
        if not 200 <= code < 300:
            return super().handle_errors(code, reason, url, method, headers, body, response, request_headers, request_body)
        if not isinstance(response, dict) or "retCode" not in response:
            raise Malformed(f"not a Bybit reply: {body[:60]!r}")
        if str(response["retCode"]) != "0":
            number = int(response["retCode"])
            free = number_in(headers, "x-bapi-limit-reset-timestamp") if number == TOO_MANY else None
            pause = max(free - int(self.milliseconds()), 0) if free else 0
            raise Declined(number, str(response.get("retMsg", "")), pause_ms=pause)
        if not isinstance(response.get("result"), dict):
            raise Malformed(f"a reply without a result: {body[:60]!r}")
        return None


def public_client(where: str) -> GuardedBybit:
    """Return a client for market data, which needs no keys."""
    return _client(where, {"rateLimit": PUBLIC_RATE_MS})


def private_client(where: str, *, api_key: str | None, secret: str | None, now_ms: Callable[[], int] | None) -> GuardedBybit:
    """Return a client for one account; `now_ms` replaces the machine's clock in signatures."""
    client = _client(where, {"apiKey": api_key or "", "secret": secret or ""})
    if now_ms is not None:
        client.milliseconds = now_ms
    return client


def _client(where: str, settings: dict[str, Any]) -> GuardedBybit:
    options = {
        "recvWindow": RECV_WINDOW_MS,
        "maxRetriesOnFailure": 0,
        "enableUnifiedMargin": False,
        "enableUnifiedAccount": True,
    }
    # On loopback there is no venue to be polite to.
    polite = where in ENVIRONMENTS
    client = GuardedBybit({"timeout": TIMEOUT_MS, "enableRateLimit": polite, "options": options, **settings})
    if where == "demo":
        client.enable_demo_trading(True)
    elif where == "testnet":
        client.set_sandbox_mode(True)
    elif not polite:
        client.urls["api"] = dict.fromkeys(client.urls["api"], where)
    return client
