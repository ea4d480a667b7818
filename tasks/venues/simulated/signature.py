"""Bybit's signature and its receive window, which is also the fence behind which a late order is dead."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tasks.venues.simulated.wire import Decline

EXPIRED = 10002
BAD_KEY = 10003
BAD_SIGNATURE = 10004
AHEAD_MS = 1000


class Clock(NamedTuple):
    """What time it is (ms), and how many of its seconds pass in one of the client's."""

    now_ms: int
    pace: float = 1


def check(headers: Mapping[str, str], payload: str, keys: Mapping[str, str], clocks: Sequence[Clock]) -> None:
    """Decline a request whose key, time or signature is wrong.

    Parameters
    ----------
    headers : their names in lower case
    payload : the raw query string of a GET, the raw body of a POST
    keys : API key to secret
    clocks : the exchange's own first, then others that a request may go by; by one of them its stamp must be at most its window
        old and less than a second ahead
    """
    key, stamp = headers.get("x-bapi-api-key", ""), headers.get("x-bapi-timestamp", "")
    window = headers.get("x-bapi-recv-window", "5000")
    if key not in keys:
        raise Decline(BAD_KEY, "API key is invalid.")
    if not (stamp.isdigit() and window.isdigit() and _is_timely(int(stamp), int(window), clocks)):
        reason = f"invalid request, please check your server timestamp or recv_window param. req_timestamp[{stamp}]"
        raise Decline(EXPIRED, f"{reason},server_timestamp[{clocks[0].now_ms}],recv_window[{window}]")
    expected = hmac.new(keys[key].encode(), f"{stamp}{key}{window}{payload}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers.get("x-bapi-sign", "")):
        raise Decline(BAD_SIGNATURE, "error sign! Please check your signature generation algorithm.")


def _is_timely(stamp: int, window: int, clocks: Sequence[Clock]) -> bool:
    return any(now - window * pace <= stamp < now + AHEAD_MS * pace for now, pace in clocks)
