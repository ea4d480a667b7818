"""The fast subset of the simulation; `make simulate` lives ten thousand seeds."""

import pytest

from tests.simulation.living import DRIVERS, live
from tests.simulation.mutants import MUTANTS
from tests.simulation.shrinking import shrunk
from tests.simulation.stories import ALL, Story, told
from tests.simulation.world import Crash, Fault, Outside, scenario

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("alone")]


def replay(seed, driver):
    return f"python -m tests.simulation --seed {seed} --driver {driver}"


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_whatever_the_seed_brings_no_order_is_doubled_and_no_fill_is_lost(first):
    for seed in range(first, first + 20):
        assert not live(scenario(seed)).violations, replay(seed, "engine")


@pytest.mark.parametrize("seed", range(2))
def test_the_same_holds_over_the_wire_and_through_the_real_client(seed):
    assert not live(scenario(seed), DRIVERS["http"]).violations, replay(seed, "http")


def test_a_seed_is_a_whole_story():
    first, again = live(scenario(7)), live(scenario(7))
    assert first == again
    assert first.executions


def test_a_failing_story_is_shrunk_to_what_it_needs(monkeypatch):
    """Here a bot that takes a lost answer for an order that never left."""
    needed, harmless = Fault(0, "create", 1, "drop-after", 0, ALL), Fault(2, "create", 1, "refused")
    mutant = next(one for one in MUTANTS if one.story == Story((needed,)) and one.driver == "engine")
    mutant.apply(monkeypatch)
    least = shrunk(told(Story((harmless, needed, Outside(2, "restart"), Crash(4, 9, "before")))), DRIVERS["engine"])
    assert (least.faults, least.crashes, least.outside) == ((needed,), (), ())
