"""The evidence: luck is measured as it is defined, yardsticks earn what they are, and the whole command runs."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.evidence.books import BASKET, BITCOIN, LEVELS, books, momentum, prepared, sleeves
from benchmarks.evidence.findings import WHOLE, Family, findings, line
from benchmarks.evidence.inference import Ahead, ahead, best, iid_error, judged, resampled, stationary_days
from benchmarks.evidence.tables import tables
from core.backtest.benchmarks import buy_and_hold
from core.backtest.metrics import daily_returns, sharpe
from core.errors import DataError
from core.market.synthetic import synthetic_market
from storage.store import Store

ROOT = Path(__file__).parents[2]
PERPS = ROOT.parent / "shared" / "data" / "ohlcv_1h_perp.parquet"
PRICES = ("open", "high", "low", "close", "volume")


@pytest.fixture(scope="module")
def case():
    made = synthetic_market(np.random.default_rng(3), days=200, symbols=6, start=datetime(2023, 1, 1, tzinfo=UTC), edge=0.0)
    return prepared(replace(made.panel, symbols=("BTCUSDT", *made.panel.symbols[1:])), 70 * 24, long_only=False)


def noise(seed, books=3, days=400, mean=0.0):
    return mean + 0.01 * np.random.default_rng(seed).standard_normal((books, days))


def test_the_error_of_a_sharpe_ratio_is_one_over_the_root_of_the_years_and_grows_with_it():
    assert iid_error(0.0, 4 * 365) == pytest.approx(0.5)
    assert iid_error(3.0, 4 * 365) == pytest.approx(0.5 * np.sqrt(1.0 + 9.0 / 365 / 2.0))


def test_resampled_sharpe_ratios_spread_as_the_error_says():
    daily = noise(1, books=1, days=1_500)
    drawn = resampled(daily, stationary_days(1_500, 2_000, 5.0, np.random.default_rng(2)))
    assert drawn.std() == pytest.approx(iid_error(0.0, 1_500), rel=0.15)


@settings(max_examples=25)
@given(days=st.integers(2, 200), mean_block=st.floats(1.0, 50.0), seed=st.integers(0, 99))
def test_blocks_are_of_neighbouring_days_around_the_end(days, mean_block, seed):
    drawn = stationary_days(days, 20, mean_block, np.random.default_rng(seed))
    assert drawn.shape == (20, days)
    assert drawn.min() >= 0
    assert drawn.max() < days


def test_blocks_have_the_length_asked_for():
    drawn = stationary_days(1_000, 400, 10.0, np.random.default_rng(4))
    breaks = (np.diff(drawn, axis=1) % 1_000 != 1).mean()
    assert breaks == pytest.approx(0.1, rel=0.05)


def test_every_book_is_resampled_on_the_same_days():
    daily = noise(5, books=1)
    days = stationary_days(400, 50, 10.0, np.random.default_rng(6))
    drawn = resampled(np.vstack([daily, daily]), days)
    assert np.array_equal(drawn[:, 0], drawn[:, 1])
    assert ahead((daily[0], drawn[:, 0]), (daily[0], drawn[:, 1])) == Ahead(0.0, 0.0, 0.0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1_000))
def test_the_best_of_several_is_never_surer_than_it_would_be_alone(seed):
    daily = noise(seed, mean=0.0003)
    drawn = resampled(daily, stationary_days(400, 200, 10.0, np.random.default_rng(seed)))
    first = best(("a", "b", "c"), daily, drawn)
    place = "abc".index(first.name)
    assert first.p >= judged(daily[place], drawn[:, place]).p_nothing
    assert first.sharpe == max(sharpe(one) for one in daily)


def test_a_great_edge_is_not_called_luck():
    daily = noise(8, mean=0.004)
    drawn = resampled(daily, stationary_days(400, 500, 10.0, np.random.default_rng(9)))
    assert best(("a", "b", "c"), daily, drawn).p == 0.0


def test_bitcoin_held_through_the_kernel_earns_what_bitcoin_does(case):
    book = books(case)["gross"][BITCOIN]
    panel, first = case.market.panel, case.market.first
    yardstick = buy_and_hold(panel.close[:, 0], first)[first:]
    filled = case.market.rows[0] + 2 - first  # it buys at an open, so not quite everything, and not at the close before
    np.testing.assert_allclose(book.net[filled:], yardstick[filled:], rtol=1e-3)


def test_costs_and_funding_are_what_separates_the_levels(case):
    run = books(case)
    for name in (BITCOIN, BASKET, *sleeves("1h")):
        gross, costs, net = (run[level][name] for level in LEVELS)
        assert not gross.cost.any()
        assert not costs.funding.any()
        assert costs.cost.sum() > 0.0
        assert net.funding.any()
    assert run["costs"][BASKET].net.sum() < run["gross"][BASKET].net.sum()


def test_years_and_regimes_each_add_up_to_the_whole(case):
    found = findings(case, family=False)
    parts = found.lines["net"]["default"]
    whole = parts.pop(WHOLE)
    for some in ([name for name in parts if name.isdigit()], [name for name in parts if not name.isdigit()]):
        assert sum(parts[name].days for name in some) == whole.days
        assert sum(parts[name].annual * parts[name].days for name in some) == pytest.approx(whole.annual * whole.days)
        assert sum(parts[name].turnover * parts[name].days for name in some) == pytest.approx(whole.turnover * whole.days)


def test_every_book_and_the_family_are_in_the_tables(case):
    found = replace(findings(case, family=False), family=Family(200, 0.5, 1.0, 0.9, 2.807))
    told = list(tables(found))
    for name in (*sleeves("1h"), BITCOIN, BASKET):
        assert sum(text.startswith(name) for text in told) >= 5
    assert told[-1] == "key 1 of the deploy gate asks for 2.807 and sees 0.90"


def test_a_line_is_of_the_days_inside(case):
    book = books(case)["net"]["default"]
    inside = np.arange(len(case.open_time)) < 48 * 24
    seen = line(book, case.open_time, inside)
    assert seen.days == 48
    assert seen.sharpe == sharpe(daily_returns(book.net[: 48 * 24], case.open_time[: 48 * 24]))


def test_nothing_is_sold_short_when_nothing_may_be(case):
    long = prepared(case.market.panel, case.market.first, long_only=True)
    for held in sleeves("1h").values():
        assert np.nanmin(momentum(long, held)) == 0.0


def test_a_market_without_bitcoin_is_refused(case):
    panel = case.market.panel.columns([1, 2, 3])
    with pytest.raises(DataError, match="none of 3 symbols is Bitcoin"):
        books(prepared(panel, case.market.first, long_only=False))


@pytest.mark.skipif(not PERPS.exists(), reason=f"no real bars at {PERPS}")
def test_the_command_judges_real_bars(tmp_path):
    months = pl.col("ts").is_between(datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 5, 1, tzinfo=UTC), closed="left")
    names = pl.col("symbol").is_in(["BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT"]) & (pl.col("venue") == "binance")
    rows, store = pl.read_parquet(PERPS).filter(months & names), Store(tmp_path)
    bars = rows.select("venue", "symbol", pl.lit("1h").alias("timeframe"), pl.col("ts").alias("open_time"), *PRICES, "source")
    store.bars.merge(bars)
    command = [sys.executable, "-m", "benchmarks.evidence", "--home", str(tmp_path), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=200)
    told = json.loads(done.stdout)
    assert (told["symbols"], told["funded"]) == (4, 0)
    assert told["start"] == f"{datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=60):%Y-%m-%d}"
    assert set(told["lines"]) == set(LEVELS)
    assert told["best"]["net"]["tried"] == 7
