"""A backtest's result: it adds up, survives JSON, is the same twice, and says what a reader must know."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pydantic_core import to_json

from core.backtest.metrics import metrics
from core.errors import ConfigError
from core.market.timeframe import utc
from core.portfolio import prepare, run
from core.reporting.backtest_result import backtested, stretch
from core.reporting.notes import notes, require_history
from core.reporting.periods import Period
from tests.core.panels import holey, small_release, walk


def played(panel, **changes):
    release = small_release(panel, **changes)
    market = prepare(panel, release)
    return market, release, run(market, release), panel


@pytest.fixture(scope="module")
def book():
    return played(holey(31, bars=500, width=7), book_start_row=120)


@pytest.fixture(scope="module")
def result(book):
    return backtested(*book)


def test_the_figures_are_those_of_the_bars_since_the_start(book, result):
    market, _, paths, _ = book
    used = slice(market.first, None)
    assert result.metrics == metrics(paths.net[used], paths.turnover[used], market.panel.open_time[used])
    assert (result.bars, result.start) == (380, utc(int(market.panel.open_time[120])))
    assert result.total == pytest.approx(paths.equity[-1] - 1)


def test_round_trips_symbols_and_sides_all_add_up_to_the_book(book, result):
    whole = book[2].net.sum()
    assert sum(line.profit for line in result.detail.symbols) == pytest.approx(whole)
    assert result.trades.long_profit + result.trades.short_profit == pytest.approx(whole)
    assert sum(line.trips for line in result.detail.symbols) == result.trades.count > 0


def test_curves_months_and_regimes_all_end_where_the_book_ends(book, result):
    own = result.detail.curves[0]
    assert len(own.equity) == len(own.drawdown) == len(result.detail.days) == result.metrics.days
    assert own.equity[-1] == pytest.approx(1 + result.total)
    assert min(own.drawdown) == pytest.approx(result.metrics.max_drawdown)
    assert sum(turnover for *_, turnover in result.detail.months) == pytest.approx(book[2].turnover.sum())
    assert sum(line.days for line in result.regimes) == result.metrics.days
    assert np.prod([1 + line.total for line in result.regimes]) == pytest.approx(1 + result.total)
    assert all([r.regime for r in b.regimes] == [r.regime for r in result.regimes] for b in result.benchmarks)


def test_the_same_run_is_the_same_record_and_survives_json(book, result):
    again = backtested(*book)
    assert again == result
    text = to_json(result.flat, inf_nan_mode="null")
    assert text == to_json(again.flat, inf_nan_mode="null")
    assert json.loads(text)["costs"].keys() == {"fees", "spread", "impact", "funding"}


def test_a_period_that_is_the_range_says_what_the_range_says(book, result):
    market, release, paths, _ = book
    line = stretch(Period("all", release.book_start, shortened=False), market, paths)
    assert (line.metrics, line.total, line.costs) == (result.metrics, result.total, result.costs.totals)


def test_bitcoin_is_a_benchmark_only_where_it_is_quoted(result):
    assert [line.name for line in result.benchmarks] == ["equal weights"]
    panel = replace(walk(3, bars=300, width=3), symbols=("ADAUSDT", "BTCUSDT", "ETHUSDT"))
    found = backtested(*played(panel)).benchmarks[0]
    assert found.name == "BTC, held"
    close = panel.close[:, 1]
    assert found.total == pytest.approx(close[-1] / close[0] - 1)


def test_a_book_that_never_trades_still_has_a_result():
    done = backtested(*played(walk(5, bars=300, width=3), caps={"gross": 0.0}))
    assert (done.trades.count, done.total, done.detail.symbols) == (0, 0.0, ())
    assert "The book never traded." in done.notes


def test_what_a_reader_must_know_is_said(book):
    market, release, paths, _ = book
    quiet = replace(market.panel, funding=np.zeros_like(market.panel.funding))
    odd = paths._replace(forced=np.array([2.0] + [0.0] * 6), equity=np.append(paths.equity[:-1], 0.0))
    figures = replace(backtested(*book).metrics, sharpe=2.5)
    said = notes(replace(market, panel=quiet), release, odd, figures, synthetic=False)
    assert "Figures a year from only 64 days say nothing." in said
    assert any("120 bars lie before the start and" in note for note in said)
    assert "No funding is stored for these bars, so none was paid." in said
    assert "2 positions were closed at the last price because their symbol lost its bars." in said
    assert any(note.startswith("Everything was lost on 2024-") for note in said)
    assert any("a leak until proven otherwise" in note for note in said)
    assert not any("a leak until" in note for note in notes(market, release, odd, figures, synthetic=True))


@pytest.mark.parametrize(("gone", "said"), [(False, True), (True, False)])
def test_a_market_that_nobody_ever_left_is_called_incomplete(gone, said):
    panel = walk(7, bars=400, width=3, timeframe="1d")
    if gone:
        for name in ("open", "high", "low", "close", "volume"):
            getattr(panel, name)[300:, 1] = np.nan
    found = backtested(*played(panel, rebalance=1)).notes
    assert any("was ever delisted" in note for note in found) is said


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"sleeves": [{"strategy": "xsmom", "params": {"lookback": 5000}}]}, "5,001 are needed, because xsmom looks back"),
        ({"universe": {"min_listed_days": 90}}, "540 are needed, because a symbol is held only after 90 days"),
    ],
)
def test_a_run_that_no_decision_can_have_a_signal_in_is_refused(changes, line):
    panel = walk(9, bars=300, width=3)
    release = small_release(panel, **changes)
    with pytest.raises(ConfigError, match=rf"test 4h: \d+ bars lie before the last decision, {line}.*load older bars$"):
        require_history(prepare(panel, release), release)


def test_one_sleeve_that_can_see_far_enough_is_enough():
    panel = walk(9, bars=300, width=3)
    sleeves = [{"strategy": "xsmom", "params": {"lookback": n}, "budget": 0.5} for n in (24, 5000)]
    release = small_release(panel, sleeves=sleeves)
    require_history(prepare(panel, release), release)
