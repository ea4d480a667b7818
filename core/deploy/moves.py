"""Moves: from what is live, and what was, to where a release is to stand. Up, down and back.

1. Up goes one stage at a time and only without an objection; a person may force it, with a stage and a reason.
2. Down goes at any time. Back gives a release the stage it held last, and no more than one that was demoted has kept.
3. Asking twice is asking once: a stage takes its time, and without a target a step down or back is made once.

All three are tested in tests/core/deploy/test_stages.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, Protocol, TypeVar

from core.deploy.stages import Stage, StageRules, Standing, next_stage, previous_stage, promotion, rank
from core.errors import ConfigError


class Placed(Protocol):
    """A release at a stage: a line of the activation log."""

    @property
    def fingerprint(self) -> str:
        """Name of the release."""

    @property
    def stage(self) -> Stage:
        """Where it was put."""


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a release is to stand, why, and what speaks against it; what is live already means that nothing is to be done."""

    fingerprint: str
    stage: Stage
    reason: str
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageChange:
    """What became of a request: done, held back by objections, or nothing to do."""

    action: str
    decision: Literal["done", "held", "nothing"]
    release: str
    stage: Stage
    release_before: str
    stage_before: Stage
    reason: str
    objections: tuple[str, ...]


def promoted(live: Placed, to: Stage | None, seen: Standing, rules: StageRules, *, force: bool, reason: str) -> Aim:
    """Aim at `to`, or one stage up.

    Raises
    ------
    ConfigError
        When `to` is below, or force comes without a stage (twice would be two stages) or a reason.
    """
    if force and not (to and reason):
        raise ConfigError("promote: forcing needs a stage to promote to and a reason, which is stored")
    target: Stage = to or next_stage(live.stage)
    if target == live.stage:
        return Aim(live.fingerprint, live.stage, f"it is {live.stage} already")
    if rank(target) < rank(live.stage):
        raise ConfigError(f"promote: {target} is below {live.stage}; use demote")
    skips = (f"one stage at a time: {next_stage(live.stage)} comes first",) if rank(target) > rank(live.stage) + 1 else ()
    against = () if force else (*skips, *promotion(live.stage, seen, rules))
    return Aim(live.fingerprint, target, reason or f"{seen.days:.0f} days and {seen.fills} fills, no objection", against)


def demoted(log: Sequence[Placed], to: Stage | None, *, reason: str) -> Aim:
    """Aim at `to`, or one stage down; without `to`, what has just been demoted stays where it is.

    Raises
    ------
    ConfigError
        When `to` is above.
    """
    live = log[-1]
    if to is None and _has_just_been_demoted(log):
        return Aim(live.fingerprint, live.stage, f"it has been demoted to {live.stage} already; name a stage to go further")
    target: Stage = to or previous_stage(live.stage)
    if target == live.stage:
        return Aim(live.fingerprint, live.stage, f"it is {live.stage} already")
    if rank(target) > rank(live.stage):
        raise ConfigError(f"demote: {target} is above {live.stage}; use promote")
    return Aim(live.fingerprint, target, reason or f"demoted from {live.stage}")


def rolled_back(log: Sequence[Placed], to: str | None, *, reason: str) -> Aim:
    """Aim at release `to`, or at what the live one replaced; without `to`, what has been returned to stays live.

    It gets the stage back that it held last. Was the live one demoted in the meantime, then no more than that one's stage.

    Raises
    ------
    ConfigError
        When `to` was never live, or nothing was live before.
    """
    live, line = log[-1], lineage(log)
    if to is None and _was_returned_to(log):
        return Aim(live.fingerprint, live.stage, "it was rolled back to already; name a release to go further back")
    if to is None and len(line) < 2:
        raise ConfigError(f"rollback: nothing was live before {live.fingerprint[:12]}")
    target = to or line[-2]
    if target == live.fingerprint:
        return Aim(live.fingerprint, live.stage, "it is live already")
    if all(row.fingerprint != target for row in log):
        raise ConfigError(f"rollback: release {target[:12]} was never live; choose one of {', '.join(n[:12] for n in line)}")
    return Aim(target, _stage_given_back(log, target), reason or f"back from {live.fingerprint[:12]}")


def lineage(log: Sequence[Placed]) -> tuple[str, ...]:
    """Return what is live and, before it, what each release replaced; a return takes back what came after."""
    line: list[str] = []
    for row in log:
        if row.fingerprint in line:
            del line[line.index(row.fingerprint) + 1 :]
        else:
            line.append(row.fingerprint)
    return tuple(line)


def tenure(log: Sequence[P]) -> tuple[P, ...]:
    """Return the last lines of the log that are about what is live now."""
    newest_first = takewhile(lambda row: row.fingerprint == log[-1].fingerprint, reversed(log))
    return tuple(reversed(tuple(newest_first)))


def _stage_given_back(log: Sequence[Placed], target: str) -> Stage:
    held = next(row.stage for row in reversed(log) if row.fingerprint == target)
    stages = [row.stage for row in tenure(log)]
    was_demoted = rank(stages[-1]) < max(map(rank, stages))
    return min(held, stages[-1], key=rank) if was_demoted else held


def _was_returned_to(log: Sequence[Placed]) -> bool:
    earlier = log[: len(log) - len(tenure(log))]
    return any(row.fingerprint == log[-1].fingerprint for row in earlier)


def _has_just_been_demoted(log: Sequence[Placed]) -> bool:
    stages = [row.stage for row in tenure(log)]
    return len(stages) > 1 and rank(stages[-1]) < rank(stages[-2])
