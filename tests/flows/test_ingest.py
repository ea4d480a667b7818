"""Ingest through the real client, from a simulated exchange on loopback."""

from datetime import timedelta

import pytest

from core.errors import ConfigError
from flows.ingest import ingest
from tasks.stores import store
from tests.flows.faulty import faulty
from tests.flows.recorded import START

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def venue(home, market, monkeypatch):
    """The recorded market behind Bybit's API, twenty days in."""
    with faulty(market, START + timedelta(days=20), monkeypatch) as running:
        yield running


def test_what_is_stored_is_what_the_venue_has(venue, market):
    done = ingest(venue="synthetic", history_days=20)

    got = store().bars.panel("synthetic", "1h", None, None)
    columns = [market.panel.symbols.index(symbol) for symbol in got.symbols]
    expected = market.panel.rows(0, 20 * 24).columns(columns)
    assert done.new_bars == sum(series.bars for series in store().bars.series())
    assert got.data_hash == expected.data_hash


def test_ingesting_twice_changes_nothing_and_later_only_adds(venue):
    first = ingest(venue="synthetic", history_days=5)
    asked = len(venue.asked)
    again = ingest(venue="synthetic", history_days=5)
    assert (again.new_bars, again.new_funding, again.differing) == (0, 0, 0)
    assert set(venue.asked[asked:]) == {"/v5/market/time", "/v5/market/instruments-info"}

    venue.exchange.advance_to(venue.at(START + timedelta(days=20, hours=8)))
    later = ingest(venue="synthetic", history_days=5)
    assert later.new_bars == 8 * first.symbols
    assert later.new_funding == first.symbols


def test_a_hole_that_the_venue_left_is_kept_open_told_once_and_filled_when_the_bars_come(venue):
    venue.lose("SYN01USDT", START + timedelta(days=19, hours=20), hours=2)
    ingest(venue="synthetic", history_days=5)
    (told,) = [notice for notice in store().outbox.newest(50) if notice.event == "gap.found"]
    assert told.title == "SYN01USDT: 2 1h bars are not there (venue outage)"

    venue.lost.clear()
    venue.exchange.advance_to(venue.at(START + timedelta(days=20, hours=1)))
    ingest(venue="synthetic", history_days=5)
    assert len([notice for notice in store().outbox.newest(50) if notice.event == "gap.found"]) == 1


def test_a_bar_that_comes_late_is_fetched_by_the_next_ingest(venue):
    """Within the hour it is not remembered as absent."""
    venue.lose("SYN01USDT", START + timedelta(days=19, hours=23), hours=1)
    ingest(venue="synthetic", history_days=5)
    venue.lost.clear()
    assert ingest(venue="synthetic", history_days=5).new_bars == 1


def test_an_unknown_symbol_is_refused_with_the_nearest_name(venue):
    with pytest.raises(ConfigError, match="symbol 'SYN1USDT' does not trade here: did you mean SYN0?1?.USDT"):
        ingest(venue="synthetic", symbols=["SYN1USDT"])
