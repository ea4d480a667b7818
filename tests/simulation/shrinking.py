"""Leaving out of a failing story what it does not need, one part at a time, as long as it fails the same way."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.simulation.living import live
from tests.simulation.world import Scenario


def shrunk(story: Scenario, driver: Any) -> Scenario:
    """Return the story with as few faults, crashes and strangers as still violate the same rule."""
    rule = _rule(story, driver)
    while True:
        smaller = next((less for less in _smaller(story) if _rule(less, driver) == rule), None)
        if smaller is None:
            return story
        story = smaller


def _rule(story: Scenario, driver: Any) -> str:
    violations = live(story, driver).violations
    return violations[0].split(":")[0] if violations else ""


def _smaller(story: Scenario) -> Iterator[Scenario]:
    for name in ("faults", "crashes", "outside"):
        parts = getattr(story, name)
        for left_out in range(len(parts)):
            yield replace(story, **{name: parts[:left_out] + parts[left_out + 1 :]})
    if story.lags:
        yield replace(story, lags={})
