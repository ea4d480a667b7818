"""Bybit's rate limits: so many requests a second per account and endpoint, so many in five seconds per address, then a ban."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from threading import Lock

from core.market.timeframe import MINUTE

PER_SECOND = 10
"""Requests of one account to one endpoint in a second."""

PER_ADDRESS = 600
"""Requests of one address in five seconds."""

SECOND_MS, ADDRESS_MS, BAN_MS = 1_000, 5_000, 10 * MINUTE


class Limits:
    """Counts requests and says when there are too many; safe to use from many threads.

    Parameters
    ----------
    clock : milliseconds, by which requests are counted: the client's pace
    ban_clock : milliseconds, by which a ban lasts ten minutes: the exchange's own time
    """

    def __init__(self, clock: Callable[[], int], ban_clock: Callable[[], int]) -> None:
        self._clock = clock
        self._ban_clock = ban_clock
        self._banned: dict[str, int] = {}
        self._addresses: dict[str, deque[int]] = defaultdict(deque)
        self._endpoints: dict[tuple[str, str], deque[int]] = defaultdict(deque)
        self._lock = Lock()

    def admits(self, address: str) -> bool:
        """Count a request of an address; False when it is banned, or is from now on."""
        with self._lock:
            if self._ban_clock() < self._banned.get(address, 0):
                return False
            if self._counted(self._addresses[address], PER_ADDRESS, ADDRESS_MS):
                return True
            self._banned[address] = self._ban_clock() + BAN_MS
            return False

    def allows(self, key: str, path: str) -> bool:
        """Count a request of an account to an endpoint; False, and not counted, when it is one too many."""
        with self._lock:
            return self._counted(self._endpoints[key, path], PER_SECOND, SECOND_MS)

    def headers(self, key: str, path: str) -> Mapping[str, str]:
        """Return Bybit's headers: the limit, what is left of it, and when the next request is free (now, if one is)."""
        with self._lock:
            now, made = self._clock(), self._endpoints[key, path]
            left = PER_SECOND - len(made)
            return {
                "X-Bapi-Limit": str(PER_SECOND),
                "X-Bapi-Limit-Status": str(left),
                "X-Bapi-Limit-Reset-Timestamp": str(now if left else made[0] + SECOND_MS),
            }

    def _counted(self, made: deque[int], most: int, span: int) -> bool:
        now = self._clock()
        while made and made[0] <= now - span:
            made.popleft()
        if len(made) >= most:
            return False
        made.append(now)
        return True
