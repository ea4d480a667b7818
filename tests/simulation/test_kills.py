"""A tick whose process is killed for good goes on as if nothing had been."""

import pytest

from tests.simulation.kills import eve, kill_points, killed_at

pytestmark = [pytest.mark.flow, pytest.mark.long]


@pytest.mark.usefixtures("alone")
def test_a_tick_killed_at_a_step_ends_like_one_that_was_not(tmp_path):
    before = eve(tmp_path / "eve")
    was_killed, violations = killed_at(before, 14)
    assert was_killed
    assert not violations


@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("flattening", [False, True], ids=["deciding", "flattening"])
def test_a_tick_may_be_killed_at_any_step(flattening):
    found = dict(kill_points(flattening=flattening, stride=2))
    assert len(found) > 5
    assert not {step: violations for step, violations in found.items() if violations}
