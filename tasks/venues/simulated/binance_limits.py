"""How much one address may ask of Binance: so much weight in each minute, then 429, and a ban for whoever goes on.

What each request weighs is Binance's own table; that a ban begins at the tenth request too many is made up, for theirs is not
published. All addresses share one allowance here: there is one account, on loopback.
"""

from threading import Lock

from core.market.timeframe import MINUTE
from tasks.venues.simulated.wire import Params

TOO_MANY, BANNED = 429, 418
BAN_MS = 2 * MINUTE
PATIENCE = 10
"""Requests too many within a minute before a ban."""

LIGHT = 1
_WEIGHTS = {
    "/fapi/v1/income": 30,
    "/fapi/v1/userTrades": 5,
    "/fapi/v1/allOrders": 5,
    "/fapi/v2/account": 5,
    "/fapi/v2/positionRisk": 5,
    "/fapi/v2/ticker/price": 2,
}
_OF_ALL_SYMBOLS = {"/fapi/v1/openOrders": 40, "/fapi/v1/openAlgoOrders": 40}
_KLINES = ((99, 1), (499, 2), (1000, 5))


class TurnedAway(Exception):
    """The request was not looked at: HTTP 429, or 418 for a ban; how many seconds to wait."""

    def __init__(self, status: int, wait_s: int) -> None:
        super().__init__(f"HTTP {status}: wait {wait_s} s")
        self.status = status
        self.wait_s = wait_s


class WeightLimit:
    """The allowance of one exchange, by its own clock.

    Parameters
    ----------
    most : weight a minute
    """

    def __init__(self, most: int = 2400) -> None:
        self._most = most
        self._minute = 0
        self._used = 0
        self._too_many = 0
        self._banned_until = 0
        self._lock = Lock()

    def spend(self, path: str, params: Params, now_ms: int) -> int:
        """Take a request's weight from the minute's allowance and return what is used of it; TurnedAway when it is over."""
        with self._lock:
            if now_ms < self._banned_until:
                raise TurnedAway(BANNED, _seconds(self._banned_until - now_ms))
            if now_ms // MINUTE != self._minute:
                self._minute, self._used, self._too_many = now_ms // MINUTE, 0, 0
            self._used += weight(path, params)
            if self._used > self._most:
                self._refuse(now_ms)
            return self._used

    def _refuse(self, now_ms: int) -> None:
        self._too_many += 1
        if self._too_many >= PATIENCE:
            self._banned_until = now_ms + BAN_MS
            raise TurnedAway(BANNED, _seconds(BAN_MS))
        raise TurnedAway(TOO_MANY, _seconds((self._minute + 1) * MINUTE - now_ms))


def weight(path: str, params: Params) -> int:
    """Return what a request weighs."""
    if path in _OF_ALL_SYMBOLS and not params.get("symbol"):
        return _OF_ALL_SYMBOLS[path]
    if path == "/fapi/v1/klines":
        rows = int(params.get("limit") or 500)
        return next((cost for most, cost in _KLINES if rows <= most), 10)
    return _WEIGHTS.get(path, LIGHT)


def _seconds(span_ms: int) -> int:
    return -(-span_ms // 1000)
