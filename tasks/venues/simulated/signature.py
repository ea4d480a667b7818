"""Bybit's signature and its receive window, which is also the fence behind which a late order is dead."""

import hashlib
import hmac
from collections.abc import Mapping

from tasks.venues.simulated.wire import Decline

EXPIRED = 10002
BAD_KEY = 10003
BAD_SIGNATURE = 10004
AHEAD_MS = 1000


def check(headers: Mapping[str, str], payload: str, keys: Mapping[str, str], now_ms: int) -> None:
    """Decline a request whose key, time or signature is wrong.

    Parameters
    ----------
    payload : the raw query string of a GET, the raw body of a POST
    keys : API key to secret
    now_ms : the exchange's own time; a request is valid in ``[stamp - 1000, stamp + window]``
    """
    key, stamp = headers.get("X-BAPI-API-KEY", ""), headers.get("X-BAPI-TIMESTAMP", "")
    window = headers.get("X-BAPI-RECV-WINDOW", "5000")
    if key not in keys:
        raise Decline(BAD_KEY, "API key is invalid.")
    if not (stamp.isdigit() and window.isdigit() and now_ms - int(window) <= int(stamp) < now_ms + AHEAD_MS):
        reason = f"invalid request, please check your server timestamp or recv_window param. req_timestamp[{stamp}]"
        raise Decline(EXPIRED, f"{reason},server_timestamp[{now_ms}],recv_window[{window}]")
    expected = hmac.new(keys[key].encode(), f"{stamp}{key}{window}{payload}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers.get("X-BAPI-SIGN", "")):
        raise Decline(BAD_SIGNATURE, "error sign! Please check your signature generation algorithm.")
