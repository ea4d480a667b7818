"""The simulated exchange as a running thing: the engine's state, a world, a clock, and somewhere to keep it."""

from collections import deque
from collections.abc import Callable, Mapping
from threading import RLock

from core.errors import ConfigError
from core.exchange.engine import step
from core.exchange.events import Event, Reply
from core.exchange.memory import dump, facts
from core.exchange.state import State
from tasks.venues.simulated.passage import live
from tasks.venues.simulated.world import World


class SimulatedExchange:
    """One account on one world; safe to use from many threads.

    Parameters
    ----------
    clock : milliseconds since 1970 UTC
        Given, every request first advances to it (paper trading). None is virtual time: it moves only by `advance_to`.
    on_change : called with the whole state as JSON whenever orders or money changed, **before** anybody can see the change;
        when it raises, the change has not happened.
    lags : name of a list -> milliseconds by which it trails behind what happened; a list left out shows everything at once
    """

    def __init__(
        self,
        world: World,
        state: State,
        *,
        clock: Callable[[], int] | None = None,
        on_change: Callable[[str], None] | None = None,
        lags: Mapping[str, int] | None = None,
    ) -> None:
        self.world = world
        self._state = state
        self._clock = clock
        self._on_change = on_change
        self._lags = dict(lags or {})
        self._past: deque[State] = deque([state])
        self._lock = RLock()

    @property
    def state(self) -> State:
        """The state now; frozen, so it may be read at leisure."""
        return self._state

    @property
    def now_ms(self) -> int:
        """The exchange's own time."""
        return self._state.now

    def seen(self, what: str) -> State:
        """Return the state as the list of this name shows it: the last one that is at least its lag old."""
        lag = self._lags.get(what, 0)
        if not lag:
            return self._state
        with self._lock:
            old = [state for state in self._past if state.now <= self.now_ms - lag]
            return old[-1] if old else self._past[0]

    def trail(self, **lags: int) -> None:
        """Let lists trail behind by these milliseconds from now on."""
        with self._lock:
            self._lags |= lags

    def advance_to(self, now_ms: int) -> None:
        """Live through everything until `now_ms`: prices, funding, fills, delistings.

        Raises
        ------
        ConfigError
            When the moment lies in the exchange's past.
        """
        with self._lock:
            if now_ms < self.now_ms:
                raise ConfigError(f"simulated exchange: cannot go back from {self.now_ms} to {now_ms} ms")
            self._keep(*live(self.world, self._state, now_ms))

    def catch_up(self) -> None:
        """Advance to the clock, if there is one; a clock that was set back is waited for."""
        if self._clock is not None:
            with self._lock:
                self.advance_to(max(self._clock(), self.now_ms))

    def apply(self, event: Event) -> Reply:
        """Let one thing happen and keep it before answering."""
        with self._lock:
            outcome = step(self._state, event)
            self._keep(outcome.state)
            return outcome.reply

    def _keep(self, *states: State) -> None:
        if self._on_change and facts(states[-1]) != facts(self._state):
            self._on_change(dump(states[-1]))
        self._state = states[-1]
        self._past.extend(states)
        longest = max(self._lags.values(), default=0)
        while len(self._past) > 1 and self._past[1].now <= self.now_ms - longest:  # no list can trail so far behind
            self._past.popleft()
