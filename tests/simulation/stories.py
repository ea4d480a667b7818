"""Short stories on one plain market: three decisions an hour apart, with a quiet tick after each, one thing goes wrong.

Tick 0 enters, ticks 2 and 4 exit and enter. What must hold is the oracle's business.
"""

from dataclasses import dataclass, replace
from functools import cache

from tests.simulation.world import CLEAN, HOUR, MINUTE, Crash, Fault, Outside, Scenario, scenario

ALL = 99
"""Times enough for every request of a tick."""

BASE = 3
"""The seed whose market the stories happen in."""

Disturbance = Fault | Crash | Outside


@dataclass(frozen=True, slots=True)
class Story:
    """What goes wrong, and if need be when the ticks are (minutes after the first) and how late each list is."""

    parts: tuple[Disturbance, ...] = ()
    minutes: tuple[float, ...] = (0, 1, 60, 61, 120, 121)
    lags: tuple[tuple[str, int], ...] = ()
    stop_loss: float | None = None
    max_gross: float = 4.0


def told(story: Story) -> Scenario:
    """Return the whole scenario of a story."""
    base = plain()
    at = tuple(base.at[0] + round(minute * MINUTE) for minute in story.minutes)
    quiet = tuple(at[-1] + (11 + k) * MINUTE for k in range(CLEAN))
    risk = base.release.risk.model_copy(update={"protective_stop": story.stop_loss, "max_gross": story.max_gross})
    return replace(
        base,
        release=base.release.model_copy(update={"risk": risk}),
        at=(*at, *quiet),
        lags=dict(story.lags),
        faults=tuple(part for part in story.parts if isinstance(part, Fault)),
        crashes=tuple(part for part in story.parts if isinstance(part, Crash)),
        outside=tuple(part for part in story.parts if isinstance(part, Outside)),
    )


@cache
def plain() -> Scenario:
    """Return a market of many days without halts, and a release that changes its mind every hour."""
    drawn = scenario(BASE, hours=400, calm=True)
    at = drawn.at[0] // HOUR * HOUR
    risk = drawn.release.risk.model_copy(update={"daily_loss": 0.5})
    release = drawn.release.model_copy(update={"rebalance": 1, "band": 0.0, "risk": risk})
    return replace(drawn, at=(at,), latency=20, release=release, faults=(), crashes=(), outside=(), lags={})


def orders(mode: str, number: int = 0) -> tuple[Story, ...]:
    """Every order of the first decision, the first of the second, or all of the second."""
    first, second = Fault(0, "create", 1, mode, number, ALL), Fault(2, "create", 1, mode, number, ALL)
    return Story((first,)), Story((replace(second, times=1),)), Story((second,))


def every(modes: tuple[str, ...]) -> tuple[Story, ...]:
    return tuple(story for mode in modes for story in orders(mode))


def codes(modes: tuple[str, ...], codes: tuple[int, ...]) -> tuple[Story, ...]:
    return tuple(story for mode in modes for code in codes for story in orders(mode, code))


def crashes(tick: int, *steps: int) -> tuple[Story, ...]:
    return tuple(Story((Crash(tick, step, "before"),)) for step in steps)


def outside(*what: str) -> tuple[Story, ...]:
    return tuple(Story((Outside(2, name, pick, 0.15), Outside(4, name, pick + 1, -0.15))) for name in what for pick in (0, 1))


SOON = (0, 1 / 60, 3 / 60, 4 / 60, 1)
"""The process is started again after one, three and four seconds."""

LATE_AND_ASKED = Story((Fault(0, "create", 1, "late", 4_900),), SOON)
"""An order arrives 4.9 seconds late, and is asked for before it has. (One: more would open the circuit breaker.)"""

LATE_AND_SUSPENDED = Story(
    (Fault(0, "create", 1, "suspend", 10 * MINUTE), Fault(0, "create", 2, "late", 4_900, ALL), Crash(0, 15, "before")), SOON
)
"""Suspended for ten minutes between SENT and the first order, then late, then dead before an answer is stored."""
