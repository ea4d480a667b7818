"""Backfill through the real client: what is missing comes, from wherever the last run stopped, and nobody is asked twice."""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta

import polars as pl
import pytest

from core.errors import ConfigError, ExchangeUnavailable
from flows.backfill import backfill
from tasks import fetching
from tasks.backfilling import bring, finished, plan_backfill
from tasks.coverage_told import measure_backfill
from tasks.fetch_plan import Order
from tasks.market_data import fetch_instruments, fetch_time, record_instruments
from tasks.project import project_root
from tasks.stores import store
from tasks.venues.meter import Banned
from tasks.venues.simulated.http import Answer
from tests.flows.faulty import empty, faulty
from tests.flows.recorded import START, bar_frame

DAY = timedelta(days=1)


@pytest.fixture
def venue(home, market, monkeypatch):
    """The recorded market behind Bybit's API, twenty days in."""
    monkeypatch.setattr(fetching, "PAUSES", (0.01, 0.01, 0.01, 0.01))
    monkeypatch.setenv("TRADEWIND_REQUESTS_PER_SECOND", "110")
    with faulty(market, START + 20 * DAY, monkeypatch) as running:
        yield running


def fill(start=0, end=20, symbols=None, what="missing", source="same"):
    """Run the flow's tasks one by one, without Prefect."""
    order = Order("synthetic", "1h", START + start * DAY, START + end * DAY, what, source)
    now, listed = fetch_time.fn(order.origin), fetch_instruments.fn(order.origin)
    if order.origin == "synthetic":
        record_instruments.fn(listed, now)
    fetch = plan_backfill.fn(order, symbols, listed, now)
    return finished(measure_backfill.fn(fetch, order, bring.fn(fetch, shown=False)))


def test_a_backfill_adds_older_bars_and_keeps_what_is_stored(venue):
    fill(18, 20)
    before = store().bars.panel("synthetic", "1h")
    done = fill(16, 19)
    after = store().bars.panel("synthetic", "1h")
    assert done.brought.differing == 0
    assert len(after) == len(before) + 2 * 24
    assert after.rows(2 * 24, len(after)).data_hash == before.data_hash


def test_a_repair_asks_only_for_what_is_missing_and_a_second_one_for_nothing(venue, market):
    panel = market.panel.rows(0, 20 * 24)
    hole = pl.col("open_time").is_between(START + 5 * DAY, START + 6 * DAY, closed="left") & (pl.col("symbol") == "SYN02USDT")
    store().bars.merge(bar_frame(panel).filter(~hole))
    assert fill(4, 8, ["SYN02USDT"]).brought.new_bars == 24
    assert venue.pages == 1
    again = fill(4, 8, ["SYN02USDT"])
    assert (again.brought.pages, venue.pages) == (0, 1)
    assert again.share == 1.0


def test_everything_is_fetched_again_and_compared(venue, market):
    changed = bar_frame(market.panel.rows(0, 24)).with_columns(volume=pl.col("volume") + 1)
    store().bars.merge(changed)
    done = fill(0, 1, what="everything")
    assert (done.brought.new_bars, done.brought.differing) == (0, changed.height)


def test_what_the_venue_does_not_have_is_asked_for_twice_remembered_and_never_asked_again(venue):
    venue.lose("SYN01USDT", START + 5 * DAY, hours=7)
    done = fill(4, 8, ["SYN01USDT"])
    assert venue.pages == 2
    (one,) = done.covered
    assert (one.outage, one.missing, one.share) == (7, 0, 1.0)
    fill(4, 8, ["SYN01USDT"])
    assert venue.pages == 2


def test_a_page_that_was_dropped_once_comes_the_second_time(venue):
    venue.answers += [empty]
    done = fill(4, 8, ["SYN01USDT"])
    assert (done.brought.absent, done.brought.new_bars) == (0, 4 * 24)


def test_days_before_a_listing_are_found_out_with_one_page_of_days(venue, market):
    (one,) = fill(-365, 20, ["SYN01USDT"]).covered
    assert (one.first, one.not_listed, one.missing) == (int(market.panel.open_time[0]), 365 * 24, 0)
    assert venue.pages == 3  # the days twice, since they were not all there, and one page of hours


def test_another_venue_is_asked_only_when_it_is_named_and_its_bars_keep_its_mark(venue, market, monkeypatch):
    venue.lose("SYN01USDT", START + 5 * DAY, hours=7)
    fill(4, 8, ["SYN01USDT"])
    with faulty(market, START + 20 * DAY, monkeypatch, name="BINANCE"):
        done = fill(4, 8, ["SYN01USDT"], source="binance")
    (one,) = done.covered
    assert (done.brought.new_bars, done.origin) == (7, "binance")
    assert one.sources == (("bybit-v5", 89), ("binance-usdm", 7))


@pytest.mark.parametrize("answer", [None, Answer(500, b"oops"), Answer(502, b""), lambda body: body[:200], lambda _: b"<html>"])
def test_a_page_that_fails_is_asked_for_again(venue, answer):
    venue.answers += [answer, answer]
    assert fill(4, 8, ["SYN01USDT"]).brought.new_bars == 4 * 24


def test_a_venue_that_says_wait_is_given_the_time(venue):
    venue.answers += [Answer(429, b"", {"Retry-After": "1"})]
    assert fill(4, 8, ["SYN01USDT"]).brought.seconds > 1.0


def test_too_many_visits_wait_until_the_moment_the_header_names(venue):
    from tasks import clock

    refused = json.dumps({"retCode": 10006, "retMsg": "Too many visits", "result": {}, "time": 1}).encode()
    venue.answers += [Answer(200, refused, {"X-Bapi-Limit-Reset-Timestamp": str(clock.milliseconds() + 3_000)})]
    assert fill(4, 8, ["SYN01USDT"]).brought.seconds > 1.0


def test_after_a_ban_nothing_is_asked_before_its_end_by_whomever(venue, home):
    venue.answers += [Answer(403, b"access too frequent")]
    with pytest.raises(ExchangeUnavailable, match="pages failed, the rest is stored: run it again to go on"):
        fill(4, 8)
    asked = len(venue.asked)
    with pytest.raises(Banned, match="bybit: banned for too many requests; none is made before"):
        fill(4, 8)
    assert len(venue.asked) == asked
    (home / "ban.bybit.json").unlink()
    assert fill(4, 8).share == 1.0


def test_a_venue_that_is_down_is_given_up_soon_and_the_next_run_goes_on(venue, monkeypatch):
    monkeypatch.setattr(fetching, "AT_ONCE", 4)
    venue.answers += [Answer(500, b"oops")] * 1000
    with pytest.raises(ExchangeUnavailable, match="pages failed"):
        fill(0, 20)
    venue.answers.clear()
    assert fill(0, 20).share == 1.0


def test_a_symbol_that_the_venue_refuses_is_asked_for_once_and_holds_up_no_other(venue):
    no = json.dumps({"retCode": 10001, "retMsg": "params error: symbol invalid", "result": {}, "time": 1}).encode()
    venue.answers += [Answer(200, no)]
    with pytest.raises(ExchangeUnavailable, match="1 pages failed, the rest is stored: run it again to go on; first: .*10001"):
        fill(4, 8, ["SYN01USDT", "SYN02USDT"])
    assert venue.pages == 2


def test_a_bar_that_cannot_be_costs_its_page_and_no_other(venue):
    def odd(body):
        reply = json.loads(body)
        reply["result"]["list"][3][2] = "0.0001"  # a high below everything
        return json.dumps(reply).encode()

    venue.answers += [odd]
    with pytest.raises(ExchangeUnavailable, match="1 pages failed, the rest is stored: run it again to go on; first: .*high"):
        fill(4, 8, ["SYN01USDT", "SYN02USDT"])
    assert fill(4, 8, ["SYN01USDT", "SYN02USDT"]).brought.pages == 1


def test_a_bad_day_of_the_venue_costs_time_and_nothing_else(venue, market, home):
    """It hangs up, breaks, drops a page, has an outage and bans us; whoever runs it again after the ban has everything."""
    venue.lose("*", START + 5 * DAY, hours=3)
    spoiled = [None, Answer(500, b"oops"), empty, Answer(502, b""), lambda body: body[:99], Answer(429, b"")]
    venue.answers += [*spoiled, Answer(403, b"access too frequent"), *spoiled[:2]]
    runs = 0
    while runs < 9:
        runs += 1
        try:
            done = fill(0, 20)
            break
        except ExchangeUnavailable:
            (home / "ban.bybit.json").unlink(missing_ok=True)
    assert 1 < runs < 9
    listed_later = ("SYN03USDT",)
    assert {one.symbol for one in done.covered if (one.outage, one.missing) != (3, 0)} == set(listed_later)
    assert done.share == 1.0
    panel = market.panel.rows(0, 480).columns(range(6))
    for part in (panel.open, panel.high, panel.low, panel.close, panel.volume):
        part[120:123] = float("nan")
    assert store().bars.panel("synthetic", "1h").data_hash == panel.data_hash


@pytest.mark.flow
def test_the_runs_page_shows_progress_coverage_and_a_story(venue, prefect_server):
    from prefect.client.orchestration import get_client

    backfill(start=START + 4 * DAY, end=START + 8 * DAY, venue="synthetic")
    with get_client(sync_client=True) as client:
        kept = {each.key: each for each in client.read_artifacts(limit=20)}
    assert kept["backfill-progress"].data == 100.0
    assert "6 of 6 symbols done" in kept["backfill-progress"].description
    assert len(json.loads(kept["coverage"].data)) == 6
    assert "new settlements" in kept["backfill"].data
    assert "backfill.completed" in {notice.event for notice in store().outbox.newest(9)}


def test_a_range_that_ends_before_it_starts_is_refused():
    with pytest.raises(ConfigError, match="start 2024-01-09 00:00 is not before end 2024-01-05 00:00"):
        backfill.fn(start=START + 8 * DAY, end=START + 4 * DAY)


def test_the_form_offers_what_can_be_chosen():
    fields = backfill.parameters.properties
    assert fields["timeframe"]["enum"][:3] == ["1m", "3m", "5m"]
    assert fields["what"]["enum"] == ["missing", "everything"]
    assert fields["source"]["enum"] == ["same", "bybit", "binance"]
    assert all("description" in each for each in fields.values())


@pytest.mark.long
def test_killed_in_the_middle_and_run_again_it_stores_what_one_run_stores(venue, market, tmp_path):
    """Small pages, so that there are some hundred of them; each run but the last is killed a second after it began to store."""
    for _ in range(3):
        child = worker(venue, tmp_path)
        before = venue.pages
        while venue.pages < before + 60 and child.poll() is None:
            time.sleep(0.01)
        child.kill()
        child.wait()
    assert 0 < sum(series.bars for series in store().bars.series()) < 6 * 480
    asked = venue.pages
    assert worker(venue, tmp_path).wait() == 0
    assert venue.pages - asked < 6 * 48
    assert store().bars.panel("synthetic", "1h").data_hash == market.panel.rows(0, 480).columns(range(6)).data_hash


def worker(venue, home):
    env = {**os.environ, "TRADEWIND_BYBIT_URL": venue.url, "TRADEWIND_HOME": str(home), "TRADEWIND_REQUESTS_PER_SECOND": "60"}
    return subprocess.Popen([sys.executable, "-m", "tests.flows.backfill_worker"], env=env, cwd=project_root())
