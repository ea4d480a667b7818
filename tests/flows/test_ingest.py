"""Ingest and backfill through the real client, from a simulated exchange on loopback."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import ConfigError
from core.exchange.state import Terms, open_account
from core.market.timeframe import milliseconds
from flows.ingest import backfill, ingest
from tasks.settings import settings
from tasks.stores import store
from tasks.venues.bybit_server import BybitServer
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.world import PanelWorld
from tests.flows.recorded import START

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def exchange(home, market, monkeypatch):
    """The recorded market behind Bybit's API, twenty days in."""
    running = SimulatedExchange(PanelWorld(market.panel, market.instruments), open_account("x", Decimal(0), Terms()))
    running.advance_to(milliseconds(START + timedelta(days=20)))
    with BybitServer(running, {}) as server:
        monkeypatch.setenv("TRADEWIND_BYBIT_URL", server.url)
        settings.cache_clear()
        yield running


def test_what_is_stored_is_what_the_venue_has(exchange, market):
    done = ingest(venue="synthetic", history_days=20)

    got = store().bars.panel("synthetic", "1h", None, None)
    columns = [market.panel.symbols.index(symbol) for symbol in got.symbols]
    expected = market.panel.rows(0, 20 * 24).columns(columns)
    assert done.new_bars == sum(series.bars for series in store().bars.series())
    assert got.data_hash == expected.data_hash


def test_ingesting_twice_changes_nothing_and_later_only_adds(exchange):
    first = ingest(venue="synthetic", history_days=5)
    again = ingest(venue="synthetic", history_days=5)
    assert (again.new_bars, again.new_funding, again.differing) == (0, 0, 0)

    exchange.advance_to(milliseconds(START + timedelta(days=20, hours=8)))
    later = ingest(venue="synthetic", history_days=5)
    assert later.new_bars == 8 * first.symbols
    assert later.new_funding == first.symbols


def test_a_backfill_adds_older_bars_and_keeps_what_is_stored(exchange):
    ingest(venue="synthetic", history_days=2)
    before = store().bars.panel("synthetic", "1h", None, None)
    done = backfill(start=START + timedelta(days=16), end=START + timedelta(days=19), venue="synthetic")

    after = store().bars.panel("synthetic", "1h", None, None)
    assert done.differing == 0
    assert len(after) == len(before) + 2 * 24
    assert after.rows(2 * 24, len(after)).data_hash == before.data_hash


def test_an_unknown_symbol_is_refused_with_the_nearest_name(exchange):
    with pytest.raises(ConfigError, match="symbol 'SYN1USDT' does not trade here: did you mean SYN0?1?.USDT"):
        ingest(venue="synthetic", symbols=["SYN1USDT"])
