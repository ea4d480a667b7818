"""The line to the venue and both ends' clocks: every request of the bot passes here, and some of them go wrong.

A driver hands `Line.carry` a request as a function that lets the venue do it; what comes back is the venue's own answer, or
one of three exceptions that say what the *bot* can know. What really happened stays with the venue.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from core.exchange.events import OrderSubmitted, PricesMoved
from core.exchange.state import State
from tests.simulation.world import AFTER, BEFORE, MINUTE, SECOND, Fault

RECEIVE_WINDOW = 5 * SECOND
TIMEOUT = 8 * SECOND
BAN = 10 * MINUTE


HONEST = Fault(0, "", 0, "")
"""No fault."""


class Lost(Exception):
    """No usable answer: it may have arrived, or may yet."""


class NeverConnected(Exception):
    """No connection was ever made."""


class Said(Exception):
    """The venue answered with a code other than 0."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Line:
    """Time, delivery and faults; `exchange` is moved through time by nobody else.

    Parameters
    ----------
    latency : milliseconds of one request and its answer
    lags : path to milliseconds for which that list does not show what has happened
    """

    def __init__(self, exchange: Any, *, latency: int, lags: dict[str, int], now: int) -> None:
        self.exchange = exchange
        self.now = now
        self.latency = latency
        self.lags = lags
        self.requests = self.failed = 0
        self.down_since: int | None = None
        self.banned_until = 0
        self._past: list[tuple[int, State]] = []
        self._late: list[tuple[int, int, Callable[[], Any]]] = []
        self._faults: Sequence[Fault] = ()
        self._seen: Counter[str] = Counter()
        self.pass_to(now)

    def begin(self, now: int, faults: Sequence[Fault]) -> None:
        """Start a tick: the clocks stand at `now` or later, and these faults wait."""
        self.pass_to(max(now, self.now))
        self._faults, self._seen = faults, Counter()

    def pass_to(self, now: int) -> None:
        """Let time pass: what is on its way is delivered at its moment, and the market moves."""
        for due, signed, deliver in sorted(self._late, key=lambda one: one[0]):
            if due <= now:
                self._move(due)
                if due - signed <= RECEIVE_WINDOW:
                    with suppress(Said):  # nobody is listening any more
                        deliver()
                    self._settle()
        self._late = [one for one in self._late if one[0] > now]
        self._move(now)

    def shown(self, path: str) -> State:
        """Return the venue's state as this list shows it now."""
        lag = self.lags.get(path, 0)
        if not lag:
            return self.exchange.state
        known = [state for at, state in self._past if at <= self.now - lag]
        return known[-1] if known else self._past[0][1]

    def carry(self, path: str, process: Callable[[], Any]) -> Any:
        """Bring one request to the venue and its answer back, or fail as the plan says."""
        fault = self._fault(path)
        self.requests += 1
        try:
            answer = self._carried(fault, process)
        except (Lost, NeverConnected):
            self.failed += 1
            self.down_since = self.down_since or self.now
            raise
        except Said:
            self.down_since = None
            raise
        self.down_since = None
        return answer

    def _fault(self, path: str) -> Fault:
        self._seen.update((path, "*"))
        for fault in self._faults:
            if fault.path in (path, "*") and fault.nth <= self._seen[fault.path] < fault.nth + fault.times:
                return fault
        return HONEST

    def _carried(self, fault: Fault, process: Callable[[], Any]) -> Any:
        self._depart(fault)
        self.pass_to(self.now + self.latency // 2)
        if fault.mode == "late":
            self._late.append((self.now + fault.number, self.now, process))
        self._fail(fault, ("late", *BEFORE), "code-before")
        answer = process()
        self._settle()
        if fault.mode == "duplicate":
            answer = self._again(process, answer, shows_second=bool(fault.number))
        self.pass_to(self.now + self.latency // 2)
        self._fail(fault, AFTER, "code-after")
        return answer

    def _depart(self, fault: Fault) -> None:
        """Leave the bot's machine, if it is not suspended, banned, or without a connection."""
        if fault.mode == "suspend":
            self.pass_to(self.now + fault.number)
        if fault.mode == "ban":
            self.banned_until = self.now + BAN
        if self.now < self.banned_until:
            raise Lost("HTTP 403")
        if fault.mode == "refused":
            raise NeverConnected

    def _fail(self, fault: Fault, lost: tuple[str, ...], refused: str) -> None:
        if fault.mode in lost:
            self.pass_to(self.now + (TIMEOUT if fault.mode.startswith("hang") else 0))
            raise Lost(fault.mode)
        if fault.mode == refused:
            raise Said(fault.number)

    def _again(self, process: Callable[[], Any], first: Any, *, shows_second: bool) -> Any:
        try:
            second = process()
        except Said:
            if shows_second:
                raise
            return first
        return second if shows_second else first

    def _move(self, now: int) -> None:
        before = now - max(self.lags.values(), default=0)
        for moment in (before, now) if self.lags else (now,):
            self._step(moment)

    def _step(self, now: int) -> None:
        if now <= self.exchange.now_ms:
            return
        if self.exchange.world.opens(self.exchange.now_ms, now) or not self.exchange.now_ms:
            self.exchange.advance_to(now)
        else:
            self.exchange.apply(PricesMoved(now, {}))
        self.now = max(self.now, now)
        self._settle()

    def _settle(self) -> None:
        """Remember what the venue looked like, as far back as any list lags."""
        if self.lags:
            self._past.append((self.exchange.now_ms, self.exchange.state))
            if len(self._past) > 400:
                del self._past[:200]


def submitted(exchange: Any, request: Any) -> Any:
    """Return a delivery of this order."""

    def deliver() -> str:
        reply = exchange.apply(OrderSubmitted(request))
        if hasattr(reply, "code"):
            raise Said(reply.code, reply.reason)
        return reply.order_id

    return deliver
