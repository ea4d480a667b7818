"""What travels between the simulated Binance and its clients: parameters in, refusals out, and the signature on top.

A refusal is Binance's: a negative code with an HTTP status that goes with it. The engine's own codes are Bybit's words for the
same things and are translated here.
"""

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeVar
from urllib.parse import parse_qsl

from core.exchange.account import LEVERAGE_TOO_HIGH
from core.exchange.checks import (
    DUPLICATE_LINK,
    INSUFFICIENT,
    NOT_LIVE,
    PARAMETER,
    REDUCE_ONLY,
    SETTLING,
    TOO_MANY_OPEN,
    TOO_SMALL,
)
from core.exchange.events import Refused
from core.exchange.matching import ORDER_GONE
from tasks.venues.simulated.wire import Decline, Params

T = TypeVar("T")

MISSING = -1102
UNREAD = -1104
TOO_LONG = -1127
BAD_SYMBOL = -1121
INVALID = -1130
UNAUTHORIZED = -2015
EXPIRED = -1021
BAD_SIGNATURE = -1022
NO_SUCH_ORDER = -2013

AHEAD_MS = 1000
SIGNATURE = "&signature="

_REFUSALS = {
    INSUFFICIENT: (-2019, "Margin is insufficient."),
    REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    DUPLICATE_LINK: (-4116, "ClientOrderId is duplicated."),
    NOT_LIVE: (-4141, "Symbol is closed."),
    SETTLING: (-4141, "Symbol is closed."),
    TOO_MANY_OPEN: (-2025, "Reach max open order limit."),
    TOO_SMALL: (-4164, "Order's notional must be no smaller than the minimum (unless you choose reduce only)."),
    ORDER_GONE: (-2011, "Unknown order sent."),
    LEVERAGE_TOO_HIGH: (-4028, "Leverage is not valid"),
    PARAMETER: (INVALID, "Data sent for a parameter is not valid."),
}

_STATUSES = {-1003: 429, -1015: 429, -1002: 401, -2014: 401, UNAUTHORIZED: 401, -1000: 500, -1001: 503, -1006: 500, -1007: 408}


def translated(refused: Refused) -> Decline:
    """Return the engine's refusal in Binance's words."""
    code, said = _REFUSALS.get(refused.code, (INVALID, refused.reason))
    return Decline(code, said)


def status_of(code: int) -> int:
    """Return the HTTP status that goes with an error code."""
    return _STATUSES.get(code, 400)


def parameters(payload: str) -> Params:
    """Read the parameters of a query string or a form body."""
    return dict(parse_qsl(payload, keep_blank_values=True))


def check_signature(headers: Mapping[str, str], payload: str, keys: Mapping[str, str], now_ms: int) -> None:
    """Decline a request whose key, time or signature is wrong.

    Parameters
    ----------
    headers : names in lower case
    payload : the raw query string or form body, with the signature at its end
    keys : API key to secret
    now_ms : the exchange's own time; a request is valid in ``[stamp - 1000, stamp + window]``
    """
    key = headers.get("x-mbx-apikey", "")
    if key not in keys:
        raise Decline(UNAUTHORIZED, "Invalid API-key, IP, or permissions for action.")
    signed, _, signature = payload.partition(SIGNATURE)
    _check_window(parameters(signed), now_ms)
    expected = hmac.new(keys[key].encode(), signed.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise Decline(BAD_SIGNATURE, "Signature for this request is not valid.")


def whole(params: Params, name: str) -> int | None:
    """Read an optional whole number, or decline."""
    value = str(params.get(name, ""))
    if value and not value.lstrip("-").isdigit():
        raise Decline(-1100, f"Illegal characters found in parameter '{name}'.")
    return int(value) if value else None


def required(params: Params, name: str) -> str:
    """Read a parameter that must be there, or decline."""
    value = str(params.get(name, ""))
    if not value:
        raise Decline(MISSING, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return value


def amount(params: Params, name: str) -> Decimal:
    """Read a required decimal, or decline."""
    try:
        number = Decimal(required(params, name))
    except InvalidOperation as error:
        raise Decline(-1100, f"Illegal characters found in parameter '{name}'.") from error
    if not number.is_finite():
        raise Decline(-1100, f"Illegal characters found in parameter '{name}'.")
    return number


def one_of(params: Params, name: str, choices: Mapping[str, T], *, code: int) -> T:
    """Read one of a few words, or decline with the code."""
    value = required(params, name)
    if value not in choices:
        raise Decline(code, f"Invalid {name}.")
    return choices[value]


def limit_of(params: Params, *, usual: int, most: int) -> int:
    """Return how many rows are wanted."""
    return max(1, min(whole(params, "limit") or usual, most))


def window(params: Params, now_ms: int, *, longest: int) -> tuple[int, int]:
    """Return the span of time asked for (ms, both ends in): by default the last of the longest there is."""
    start, end = whole(params, "startTime"), whole(params, "endTime")
    if start is None:
        end = now_ms if end is None else end
        return end - longest, end
    end = min(start + longest, now_ms) if end is None else end
    if end - start > longest:
        raise Decline(TOO_LONG, "Lookup interval is too big.")
    return start, end


def _check_window(params: Params, now_ms: int) -> None:
    stamp, recv_window = whole(params, "timestamp"), whole(params, "recvWindow")
    if stamp is None:
        raise Decline(MISSING, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
    if stamp >= now_ms + AHEAD_MS:
        raise Decline(EXPIRED, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - stamp > (5000 if recv_window is None else recv_window):
        raise Decline(EXPIRED, "Timestamp for this request is outside of the recvWindow.")
