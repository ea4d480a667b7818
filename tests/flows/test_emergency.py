"""The stop from Prefect's UI: set first, then a tick at once; and whether a night finds its bars behind."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from core.market.timeframe import milliseconds
from flows.emergency import emergency_stop, resume
from flows.trade import trade
from tasks import clock
from tasks.freshness import symbols_behind
from tasks.settings import settings
from tasks.stopping import stop_file
from tasks.stores import store
from tests.flows.recorded import START

pytestmark = pytest.mark.flow


@pytest.mark.usefixtures("prefect_server", "stored")
def test_the_stop_closes_everything_in_its_own_tick_and_holds_until_it_is_taken_back():
    noon = START + timedelta(days=40)
    trade(at=noon)
    assert store().fills.totals("paper").quantities
    tick = emergency_stop("a test", at=noon + timedelta(minutes=1))
    assert tick.verdict == "FLATTEN"
    assert "a test" in tick.reasons[0]
    assert not store().fills.totals("paper").quantities
    assert stop_file().exists()
    assert resume()
    assert not stop_file().exists()
    assert not resume()


def bars(symbol, opened):
    row = {"venue": "bybit", "symbol": symbol, "timeframe": settings().timeframe, "open_time": milliseconds(opened)}
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), 1.0)
    return pl.DataFrame([row | prices | {"source": "test"}]).with_columns(pl.col("open_time").cast(pl.Datetime("ms", "UTC")))


def test_bars_are_behind_when_a_listed_symbol_lacks_its_newest_closed_bar(home, market):
    now = clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    rules = [replace(market.instruments[0], venue="bybit", symbol=symbol) for symbol in ("AUSDT", "BUSDT")]
    store().instruments.record(rules, now)
    store().bars.merge(bars("AUSDT", hour - timedelta(hours=1)))
    store().bars.merge(bars("GONEUSDT", hour - timedelta(hours=9)))
    assert symbols_behind.fn("bybit") == (), "what is delisted cannot be brought"
    store().bars.merge(bars("BUSDT", hour - timedelta(hours=3)))
    assert symbols_behind.fn("bybit") == ("AUSDT", "BUSDT")


def test_an_archive_and_a_timeframe_without_bars_are_never_behind(home, market, monkeypatch):
    now = clock.now()
    store().instruments.record([replace(market.instruments[0], venue="bybit", symbol="AUSDT")], now)
    store().bars.merge(bars("AUSDT", now.replace(minute=0, second=0, microsecond=0) - timedelta(days=30)))
    assert symbols_behind.fn("bybit") == ()
    monkeypatch.setenv("TRADEWIND_TIMEFRAME", "4h")
    settings.cache_clear()
    assert symbols_behind.fn("bybit") == ()
