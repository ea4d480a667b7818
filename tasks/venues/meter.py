"""How the requests of one connection went: counted in one place, and held back while the venue has banned this address."""

from collections.abc import Callable

from core.errors import ExchangeUnavailable
from core.market.timeframe import MINUTE, utc
from core.risk.breaker import Tally

BAN_MS = 10 * MINUTE
"""How long a venue's ban is taken to last when it does not say."""


class Banned(ExchangeUnavailable):
    """No request was made, because the venue has banned this address."""


class Meter:
    """Counts requests of one connection.

    Parameters
    ----------
    name : of the venue, for messages
    now_ms : milliseconds since 1970 UTC, by the venue's clock as well as it is known
    """

    def __init__(self, name: str, now_ms: Callable[[], int]) -> None:
        self._name = name
        self._now_ms = now_ms
        self._total = 0
        self._failed = 0
        self._down_since: int | None = None
        self._banned_until = 0

    def admit(self) -> None:
        """Count a request that is about to be made; raise Banned instead while none may be."""
        if self._now_ms() < self._banned_until:
            raise Banned(
                f"{self._name}: banned for too many requests; none is made before {utc(self._banned_until):%H:%M:%S} UTC"
            )
        self._total += 1

    def answered(self) -> None:
        """Say that the last request was answered, be it with a refusal."""
        self._down_since = None

    def failed(self) -> None:
        """Say that the last request brought no usable answer."""
        self._failed += 1
        self._down_since = self._now_ms() if self._down_since is None else self._down_since

    def banned(self, *, for_ms: int = BAN_MS) -> None:
        """Say that the venue has turned this address away."""
        self._banned_until = self._now_ms() + for_ms

    def tally(self) -> Tally:
        """Return the counts so far."""
        now = self._now_ms()
        down = None if self._down_since is None else utc(self._down_since)
        banned = utc(self._banned_until) if now < self._banned_until else None
        return Tally(utc(now), self._total, self._failed, down, banned)
