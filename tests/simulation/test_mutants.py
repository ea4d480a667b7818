"""The simulation sees what is wrong: every mutant of the order protocol dies of the story made for it."""

import pytest

from tests.simulation.living import DRIVERS, live
from tests.simulation.mutants import MUTANTS, killed_by_story
from tests.simulation.stories import told

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("alone")]


ASKED = [pytest.param(mutant, id=mutant.says, marks=pytest.mark.long if mutant.driver == "http" else ()) for mutant in MUTANTS]


@pytest.mark.parametrize("mutant", ASKED)
def test_a_mutant_dies_of_its_story(mutant):
    assert killed_by_story(mutant)


@pytest.mark.parametrize("mutant", ASKED)
def test_the_bot_itself_lives_through_the_story(mutant):
    assert not live(told(mutant.story), DRIVERS[mutant.driver]).violations
