"""In what two releases differ, field by field. Sleeves have no names: they are matched by what is in them, not by place."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from core.deploy.release import Release, Sleeve
from core.reporting.differences import differences


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, by its dotted path, with its value in the one release and in the other; None where it is absent."""

    field: str
    one: Any
    other: Any


def difference(one: Release, other: Release) -> tuple[Difference, ...]:
    """Return every field in which two releases differ; an empty tuple means that they are the same release.

    A sleeve that both have is left out. If one is left on each side, of the same strategy, its parameters are compared; else
    each sleeve that is left is one line, absent on the other side.
    """
    fields = [config.model_dump(mode="json", exclude={"sleeves"}) for config in (one, other)]
    plain = tuple(Difference(name, *values) for name, values in differences(fields).items())
    return (*plain, *_sleeves(one.sleeves, other.sleeves))


def _sleeves(one: tuple[Sleeve, ...], other: tuple[Sleeve, ...]) -> tuple[Difference, ...]:
    mine, theirs = (Counter(sleeve.canonical_json for sleeve in sleeves) for sleeves in (one, other))
    gone, come = list((mine - theirs).elements()), list((theirs - mine).elements())
    if not gone and not come and one != other:
        return (Difference("sleeves", "the same", "in another order"),)
    if len(gone) == len(come) == 1 and _strategy(gone[0]) == _strategy(come[0]):
        changed = differences([json.loads(gone[0]), json.loads(come[0])])
        return tuple(Difference(f"sleeves.{_strategy(gone[0])}.{name}", *values) for name, values in changed.items())
    lost = tuple(Difference(f"sleeves.{_strategy(sleeve)}", json.loads(sleeve), None) for sleeve in gone)
    return (*lost, *(Difference(f"sleeves.{_strategy(sleeve)}", None, json.loads(sleeve)) for sleeve in come))


def _strategy(sleeve: str) -> str:
    return str(json.loads(sleeve)["strategy"])
