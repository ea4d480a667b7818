"""The simulated exchange as a running thing: the engine's state, a world, a clock, and somewhere to keep it."""

from collections.abc import Callable
from threading import RLock

from core.errors import ConfigError
from core.exchange.engine import Reply, step
from core.exchange.events import Event
from core.exchange.memory import dump
from core.exchange.state import State
from tasks.venues.simulated.passage import advance
from tasks.venues.simulated.world import World


class SimulatedExchange:
    """One account on one world; safe to use from many threads.

    Parameters
    ----------
    clock : milliseconds since 1970 UTC
        Given, every request first advances to it (paper trading). None is virtual time: it moves only by `advance_to`.
    on_change : called with the whole state as JSON whenever orders or money changed, **before** anybody can see the change;
        when it raises, the change has not happened.
    """

    def __init__(
        self,
        world: World,
        state: State,
        *,
        clock: Callable[[], int] | None = None,
        on_change: Callable[[str], None] | None = None,
    ) -> None:
        self.world = world
        self._state = state
        self._clock = clock
        self._on_change = on_change
        self._lock = RLock()

    @property
    def state(self) -> State:
        """The state now; frozen, so it may be read at leisure."""
        return self._state

    @property
    def now_ms(self) -> int:
        """The exchange's own time."""
        return self._state.now

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
            self._keep(advance(self.world, self._state, now_ms))

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

    def _keep(self, state: State) -> None:
        if self._on_change and _facts(state) != _facts(self._state):
            self._on_change(dump(state))
        self._state = state


def _facts(state: State) -> tuple[object, ...]:
    return state.sequence, state.leverage, state.opened, [o for o in state.orders.values() if o.status == "open"]
