"""Mutants of the order protocol: each is one wrong idea, and the simulation must turn red over it.

    python -m tests.simulation.mutants

Applied by patching, so that a mutant stays the same idea however the code around it is written. Each is asked of the story
made for it first, and of seeds after that; the count says how many seeds it survives without the story.
"""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import ccxt
import pytest

from core.execution import intents
from core.execution.intents import answered, request_of, sending
from core.execution.orders import Failed, NotFound, Rejected, Unknown
from core.reporting.tick_notices import alarm_notice as real_notice
from storage import fills
from tasks import reconciling, recording, trading
from tasks.venues import bybit, bybit_client, bybit_rows, bybit_session
from tests.simulation.living import DRIVERS, live
from tests.simulation.stories import ALL, LATE_AND_ASKED, LATE_AND_SUSPENDED, SOON, Story, told
from tests.simulation.world import Fault, Outside, Scenario, scenario

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong idea, how it is put in, the story that kills it and the driver it lives in."""

    says: str
    apply: Callable[[Patch], None]
    story: Story
    driver: str = "engine"


def _no_fence(patch: Patch) -> None:
    patch.setattr(intents, "fence", lambda intent: intent.changed_at - timedelta(days=1))


def _short_fence(patch: Patch) -> None:
    patch.setattr(intents, "fence", lambda intent: intent.changed_at + timedelta(seconds=2))


def _failure_is_absence(patch: Patch) -> None:
    real = intents.resolved

    def resolved(intent: Any, seen: Any, **named: Any) -> Any:
        absent = NotFound(intent.changed_at + timedelta(days=1))
        return real(intent, absent if isinstance(seen, Failed) else seen, **named)

    patch.setattr(reconciling, "resolved", resolved)


def _every_error_rejects(patch: Patch) -> None:
    real = bybit.BybitVenue.submit

    def submit(self: Any, request: Any) -> Any:
        answer = real(self, request)
        return Rejected("0", answer.reason) if isinstance(answer, Unknown) else answer

    patch.setattr(bybit.BybitVenue, "submit", submit)


def _no_guard(patch: Patch) -> None:
    patch.setattr(bybit_client.GuardedBybit, "handle_errors", ccxt.bybit.handle_errors)
    patch.setattr(bybit_session.BybitSession, "rows_of", lambda _, reply: (reply or {}).get("result", {}).get("list", []))
    patch.setattr(bybit_session.BybitSession, "ask", lambda _, endpoint, query: _believed(endpoint(query)))


def _believed(reply: Any) -> Any:
    """Read a reply as ccxt's own parsers do: whatever is not there is empty."""
    reply = reply if isinstance(reply, dict) else {}
    return {"time": "1704067200000", **reply, "result": reply.get("result") or {}}


def _no_exec_id_key(patch: Patch) -> None:
    numbers = itertools.count()
    patch.setattr(fills, "_key", lambda fill: (fill.venue, fill.symbol, f"{fill.exec_id}-{next(numbers)}"))
    patch.setattr(reconciling, "_unknown", lambda asked, _known: asked)


def _every_row_is_a_trade(patch: Patch) -> None:
    patch.setattr(bybit_rows, "_KINDS", dict.fromkeys(bybit_rows._KINDS, "trade"))


def _default_pages(patch: Patch) -> None:
    def walk(self: Any, endpoint: Any, query: Any, *, limit: int) -> Any:
        return self.rows_of(self.call(endpoint, query))

    patch.setattr(bybit_session.BybitSession, "walk", walk)


def _retries_on_submit(patch: Patch) -> None:
    real = bybit.BybitVenue.submit

    def submit(self: Any, request: Any) -> Any:
        answer = real(self, request)
        return real(self, request) if isinstance(answer, Unknown) else answer

    patch.setattr(bybit.BybitVenue, "submit", submit)


def _epoch_ignored(patch: Patch) -> None:
    patch.setattr(reconciling, "orphaned", lambda intent, **_: intent)


def _stored_after_sending(patch: Patch) -> None:
    def send(desk: Any, ready: list[Any]) -> tuple[Any, ...]:
        sent = []
        for intent in ready:
            leaving = sending(intent, epoch=desk.epoch, now=desk.now)
            answer = desk.venue.submit(request_of(leaving))
            desk.store.intents.update(leaving)
            sent.append(answered(leaving, answer, now=desk.venue.server_time()))
            desk.store.intents.update(sent[-1])
        return tuple(sent)

    patch.setattr(trading, "_send", send)


def _unknown_is_forgotten(patch: Patch) -> None:
    patch.setattr(reconciling, "IN_FLIGHT_STATES", (intents.IntentState.ACKED,))


def _unknown_is_new(patch: Patch) -> None:
    """An answer that was lost counts as an order that never left."""
    real = intents.answered

    def answered_(intent: Any, answer: Any, **named: Any) -> Any:
        return real(intent, intents.NotSent(answer.reason) if isinstance(answer, Unknown) else answer, **named)

    patch.setattr(trading, "answered", answered_)


def _exits_may_open(patch: Patch) -> None:
    real = intents.request_of
    patch.setattr(trading, "request_of", lambda intent: replace(real(intent), reduce_only=False))


def _no_last_look(patch: Patch) -> None:
    patch.setattr(trading, "admitted", lambda planned, *_: (tuple(planned), ()))


def _silent(patch: Patch) -> None:
    patch.setattr(recording, "changes", lambda *_: ())


def _untold(patch: Patch) -> None:
    patch.setattr(recording, "alarm_notice", lambda alarm: replace(real_notice(alarm), id=f"lost.{alarm.at}"))


UNANSWERED = Story((Fault(0, "create", 1, "drop-after", 0, ALL),))
NEVER_THERE = Story((Fault(0, "create", 1, "drop-before"),))
BLIND = Story((Fault(0, "create", 1, "drop-after"), Fault(0, "realtime", 2, "html")), SOON, lags=(("executions", 5_000),))
EMPTY = Story(
    (
        Fault(0, "create", 1, "drop-after"),
        *(Fault(0, path, 2, "drop-after", 0, ALL) for path in ("realtime", "history")),
        *(Fault(1, path, 1, "html", 0, ALL) for path in ("realtime", "history", "executions")),
    ),
    lags=(("executions", 5_000),),
)
"""An order of which nothing is seen, and a minute later three pages of HTML where orders and executions should be."""

MUTANTS = (
    Mutant("no fence", _no_fence, LATE_AND_ASKED),
    Mutant("a fence of two seconds", _short_fence, LATE_AND_ASKED),
    Mutant("a look-up that failed proves absence", _failure_is_absence, BLIND),
    Mutant("every error is a rejection", _every_error_rejects, UNANSWERED, "http"),
    Mutant("an answer that was lost means that nothing left", _unknown_is_new, UNANSWERED),
    Mutant("no guard against malformed replies", _no_guard, EMPTY, "http"),
    Mutant("an execution is booked whenever it is seen", _no_exec_id_key, Story()),
    Mutant("every row of the executions is a trade", _every_row_is_a_trade, Story(minutes=(0, 1, 9 * 60, 18 * 60)), "http"),
    Mutant("one page of default size", _default_pages, Story(minutes=(0, 1, 6 * 24 * 60, 6 * 24 * 60 + 1)), "http"),
    Mutant("an order without an answer is sent again at once", _retries_on_submit, UNANSWERED, "http"),
    Mutant("the epoch is ignored", _epoch_ignored, LATE_AND_SUSPENDED),
    Mutant("SENT is stored after sending", _stored_after_sending, Story()),
    Mutant("an UNKNOWN order is nobody's business", _unknown_is_forgotten, NEVER_THERE),
    Mutant("an exit may open a position", _exits_may_open, Story()),
    Mutant("no last look at the exposure", _no_last_look, Story(max_gross=0.2)),
    Mutant("alarms are not kept", _silent, Story((Outside(2, "stop"),))),
    Mutant("alarms are kept and not told", _untold, Story((Outside(2, "stop"),))),
)


def killed_by_story(mutant: Mutant) -> str:
    """Tell the mutant its story; return the violation, or an empty string."""
    return _violation(mutant, told(mutant.story))


def killed_by_seeds(mutant: Mutant, seeds: range) -> tuple[int, str]:
    """Let the mutant live seeds until one kills it; return how many that took, and the violation."""
    for number, seed in enumerate(seeds, 1):
        if said := _violation(mutant, scenario(seed)):
            return number, said
    return len(seeds), ""


def _violation(mutant: Mutant, story: Scenario) -> str:
    with pytest.MonkeyPatch.context() as patch:
        mutant.apply(patch)
        try:
            violations = live(story, DRIVERS[mutant.driver]).violations
        except Exception as error:  # noqa: BLE001 - a mutant may break anything
            return f"broken: {type(error).__name__} {error}"
    return violations[0] if violations else ""


def main() -> int:
    """Try every mutant by story and by seeds; print one line each."""
    survivors = 0
    for mutant in MUTANTS:
        told_ = killed_by_story(mutant)
        number, said = killed_by_seeds(mutant, range(40 if mutant.driver == "http" else 400))
        survivors += not (told_ or said)
        by_seed = f"seed {number}" if said else f"no seed of {number}"
        sys.stdout.write(
            f"{'killed  ' if told_ or said else 'SURVIVED'}  {mutant.says}: {by_seed}; {told_ or said}\n"[:230] + "\n"
        )
        sys.stdout.flush()
    return 1 if survivors else 0


if __name__ == "__main__":
    from tests.simulation.workers import settle_in

    settle_in()
    sys.exit(main())
