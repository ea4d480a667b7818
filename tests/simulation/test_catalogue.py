"""Every numbered fault of the venue note: told as stories that the oracle judges, or pinned by a test that is named."""

import ast
import itertools
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import StoreError
from core.execution.orders import NotSent, OrderRequest
from storage.intents import MemoryIntents
from tasks.venues.bybit import BybitVenue
from tests.simulation.catalogue import CATALOGUE
from tests.simulation.living import DRIVERS, live
from tests.simulation.stories import Story, told

pytestmark = pytest.mark.flow
ROOT = Path(__file__).parents[2]
TOLD = [number for number, entry in CATALOGUE.items() if entry.stories]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("number", TOLD)
def test_a_numbered_fault_harms_nothing(number):
    for story in CATALOGUE[number].stories[:1]:
        assert not live(told(story)).violations, story


@pytest.mark.long
@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("number", TOLD)
def test_none_of_the_stories_of_a_fault_ends_badly(number, driver):
    for story in CATALOGUE[number].stories:
        assert not live(told(story), DRIVERS[driver]).violations, story


def test_every_fault_of_the_note_is_told_or_named():
    assert list(CATALOGUE) == list(range(1, 66))
    assert all(entry.stories or entry.elsewhere for entry in CATALOGUE.values())


@pytest.mark.parametrize("name", sorted({name for entry in CATALOGUE.values() for name in entry.elsewhere}))
def test_a_test_that_is_named_exists(name):
    file, function = name.split("::")
    written = ast.walk(ast.parse((ROOT / file).read_text()))
    assert function in {node.name for node in written if isinstance(node, ast.FunctionDef)}


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("nth", range(1, 7))
def test_a_full_disk_ends_the_tick_and_the_next_one_recovers(nth, monkeypatch):
    real, calls = MemoryIntents.update, itertools.count(1)

    def update(table, *intents):
        if intents and next(calls) == nth:
            raise StoreError("trading.duckdb: the disk is full")
        real(table, *intents)

    monkeypatch.setattr(MemoryIntents, "update", update)
    outcome = live(told(Story()))
    assert outcome.failed_ticks == 1
    assert not outcome.violations


def test_a_name_that_is_not_found_is_not_sent():
    nowhere = BybitVenue("paper", base_url="http://nowhere.invalid", api_key="k", secret="s", now_ms=lambda: 1)
    answer = nowhere.submit(OrderRequest("tw-1", "BTCUSDT", "buy", Decimal(1), reduce_only=False))
    assert isinstance(answer, NotSent)
