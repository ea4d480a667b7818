"""ccxt's Bybit client, guarded: a reply that is not Bybit's envelope raises instead of reading as "nothing".

1. ccxt takes a Cloudflare page, an empty body, half a JSON or ``result: null`` with HTTP 200 for success; here they are
   `Malformed`.
2. A retCode is raised as `Declined` before ccxt maps it to a class that does not say whether an order exists.
3. Nothing is retried; a private client never sends a request twice.
"""

from collections.abc import Callable, Mapping
from typing import Any

import ccxt
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3.exceptions import MaxRetryError, NewConnectionError

ENVIRONMENTS = ("live", "demo", "testnet")
"""Bybit's own addresses; any other place is a URL."""

TIMEOUT_MS = 8_000
RECV_WINDOW_MS = 5_000
PUBLIC_RATE_MS = 4
"""ccxt weighs a market read as 5 of these: 50 reads a second, under half of what Bybit allows one address."""

TOO_MANY = 10006
"""The retCode for too many requests; a header says when the next one is free."""


class Declined(ccxt.ExchangeError):
    """Bybit answered with a retCode other than 0.

    Parameters
    ----------
    pause_ms : how long to keep quiet, if it was for too many requests; 0 when Bybit does not ask for it
    """

    def __init__(self, code: int, message: str, *, pause_ms: int = 0) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.pause_ms = pause_ms


class Malformed(ccxt.BadResponse):
    """HTTP said success, and the body is not Bybit's."""


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
        if code in {403, 429}:
            raise TurnedAway(code, pause_ms=_asked(headers, "retry-after") * 1000)
        if not 200 <= code < 300:
            return super().handle_errors(code, reason, url, method, headers, body, response, request_headers, request_body)
        if not isinstance(response, dict) or "retCode" not in response:
            raise Malformed(f"not a Bybit reply: {body[:60]!r}")
        if str(response["retCode"]) != "0":
            number = int(response["retCode"])
            free = _asked(headers, "x-bapi-limit-reset-timestamp") if number == TOO_MANY else 0
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


def never_connected(error: BaseException) -> bool:
    """Whether the error proves that no byte left: no connection was ever made."""
    cause = error.__cause__
    if not isinstance(cause, RequestsConnectionError) or not cause.args:
        return False
    reason = cause.args[0]
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)


def _asked(headers: Mapping[str, str] | None, name: str) -> int:
    """Read a number from a header; 0 when it is not there."""
    value = next((text for each, text in (headers or {}).items() if each.lower() == name), "")
    return int(value) if str(value).isdigit() else 0


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
