"""ccxt's Binance USDS-M client, guarded: a reply that cannot be Binance's raises instead of reading as "nothing".

1. Binance has no envelope, so a success is believed only if it is a JSON object or list; which of the two, and what must be in
   it, is for the reader to say (`binance_session`).
2. An error's code is raised as `Declined` before ccxt maps it to a class that does not say whether an order exists.
3. Nothing is retried; a private client never sends a request twice.
"""

from collections.abc import Callable, Mapping
from typing import Any

import ccxt

from core.market.timeframe import MINUTE
from tasks.venues.binance_codes import TOO_MANY
from tasks.venues.client import RECV_WINDOW_MS, TIMEOUT_MS, Declined, Malformed, number_in
from tasks.venues.meter import BAN_MS

ENVIRONMENTS = ("live", "demo")
"""Binance's own addresses; any other place is a URL. Its futures testnet has given way to the demo."""

PUBLIC_RATE_MS = 50
"""One unit of request weight: 20 a second, half of what Binance allows one address."""
PRIVATE_RATE_MS = 5
"""A tick weighs about 150 units, of 2400 a minute; it is not slowed by what it is not going to use."""

TURNED_AWAY = frozenset({403, 418, 429})
"""HTTP: not looked at, for there were too many (418 is a ban, 403 the firewall's)."""

VERSIONS = {"": "v1", "V2": "v2", "V3": "v3"}


class GuardedBinance(ccxt.binanceusdm):
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
        """Raise for a malformed success and for every error code; leave other HTTP statuses to ccxt."""
        error = _error_of(response)
        if error is not None or code in TURNED_AWAY:
            number, said = error or (TOO_MANY, f"HTTP {code}: too many requests")
            raise Declined(number, said, pause_ms=_pause(code, headers))
        if not 200 <= code < 300:
            return super().handle_errors(code, reason, url, method, headers, body, response, request_headers, request_body)
        if not isinstance(response, dict | list):
            raise Malformed(f"not a Binance reply: {body[:60]!r}")
        return None


def public_client(where: str) -> GuardedBinance:
    """Return a client for market data, which needs no keys."""
    return _client(where, {"rateLimit": PUBLIC_RATE_MS})


def private_client(where: str, *, api_key: str | None, secret: str | None, now_ms: Callable[[], int] | None) -> GuardedBinance:
    """Return a client for one account; `now_ms` replaces the machine's clock in signatures."""
    client = _client(where, {"rateLimit": PRIVATE_RATE_MS, "apiKey": api_key or "", "secret": secret or ""})
    if now_ms is not None:
        client.milliseconds = now_ms
    return client


def _client(where: str, settings: dict[str, Any]) -> GuardedBinance:
    options = {"recvWindow": RECV_WINDOW_MS, "maxRetriesOnFailure": 0}
    # On loopback there is no venue to be polite to.
    polite = where in ENVIRONMENTS
    client = GuardedBinance({"timeout": TIMEOUT_MS, "enableRateLimit": polite, "options": options, **settings})
    if where == "demo":
        client.enable_demo_trading(True)
    elif not polite:
        sections = {f"fapi{side}{v}": f"{where}/fapi/{path}" for side in ("Public", "Private") for v, path in VERSIONS.items()}
        client.urls["api"] = sections
    return client


def _error_of(response: Any) -> tuple[int, str] | None:
    """Code and message of an error object; Binance's codes of success are 0 and 200, its errors are negative."""
    code = response.get("code") if isinstance(response, dict) else None
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.lstrip("-").isdigit()) else 0
    return (number, str(response.get("msg", ""))) if number < 0 else None


def _pause(status: int, headers: Mapping[str, str] | None) -> int:
    if status not in TURNED_AWAY:
        return 0
    seconds = number_in(headers, "retry-after")
    usual = MINUTE if status == 429 else BAN_MS
    return usual if seconds is None else seconds * 1000
