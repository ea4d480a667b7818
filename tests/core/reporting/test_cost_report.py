"""The cost report: figures one can count by hand, and that paying more never leaves more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.kernel import Paths
from core.backtest.metrics import daily_returns, sharpe
from core.market.timeframe import DAY, HOUR
from core.reporting.cost_report import KINDS, cost_report

YEAR = 365


def paths(days=YEAR, *, net=0.001, seed=1, **costs):
    """Make the paths of a book on daily bars; costs are per bar."""
    rng = np.random.default_rng(seed)
    series = {name: np.full(days, costs.get(name, 0.0)) for name in (*KINDS, "turnover")}
    nothing = np.zeros((days, 1))
    nets = net + rng.normal(0, 0.01, days)
    return Paths(
        equity=np.cumprod(1 + nets),
        net=nets,
        targets=nothing,
        weights=nothing,
        contribution=nothing,
        forced=np.zeros(1),
        stopped=np.zeros(1),
        **series,
    )


def report(paths):
    return cost_report(paths, np.arange(len(paths.net), dtype=np.int64) * DAY, DAY)


def test_costs_are_counted_against_equity_time_and_turnover():
    found = report(paths(2 * YEAR, turnover=0.5, fees=0.5 * 5.5e-4, spread=0.5 * 2e-4, funding=-1e-5))
    fees, spread, impact, funding = found.lines
    assert [line.name for line in found.lines] == ["fees", "spread", "impact", "funding"]
    assert fees.total == pytest.approx(2 * YEAR * 0.5 * 5.5e-4)
    assert (fees.per_year, fees.bps) == (pytest.approx(fees.total / 2), pytest.approx(5.5))
    assert (spread.bps, impact.bps) == (pytest.approx(2.0), 0.0)
    assert funding.total == pytest.approx(-2 * YEAR * 1e-5)
    assert found.together.total == pytest.approx(sum(line.total for line in found.lines))
    assert found.turnover == pytest.approx(YEAR)
    assert found.totals == {line.name: line.total for line in found.lines}


def test_a_book_that_never_traded_paid_nothing_per_turnover():
    assert {line.bps for line in report(paths()).lines} == {0.0}


def test_what_is_left_net_is_what_the_metrics_say():
    book = paths(fees=1e-4)
    net = next(line for line in report(book).left if line.name == "net")
    assert net.sharpe == sharpe(daily_returns(book.net, np.arange(YEAR) * DAY))


@given(st.integers(0, 50), *[st.floats(0, 1e-3)] * 3)
def test_paying_more_never_leaves_more(seed, fees, spread, impact):
    before, gross, net, double = report(paths(100, seed=seed, fees=fees, spread=spread, impact=impact)).left
    assert before.cagr == gross.cagr
    assert gross.cagr >= net.cagr >= double.cagr
    assert gross.sharpe >= net.sharpe - 1e-9
    assert net.sharpe >= double.sharpe - 1e-9


def test_twice_the_costs_cannot_lose_more_than_everything():
    left = cost_report(paths(3, net=-0.9, fees=0.5), np.arange(3, dtype=np.int64) * HOUR, HOUR).left
    assert left[-1].cagr == -1.0
