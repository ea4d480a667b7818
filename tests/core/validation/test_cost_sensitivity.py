from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.kernel import Paths
from core.backtest.metrics import daily_returns, sharpe
from core.market.timeframe import DAY, HOUR
from core.portfolio import prepare, run
from core.validation.cost_sensitivity import MULTIPLES, at_cost, break_even, cost_sensitivity, paid_a_year
from tests.core.panels import holey, small_release, walk

DAYS = 365
OPEN_TIME = 19_000 * DAY + HOUR * np.arange(24 * DAYS, dtype=np.int64)


def paths_of(**series):
    """Paths of a year of hours, these series constant, all others zero."""
    empty = dict.fromkeys(Paths._fields, np.zeros(len(OPEN_TIME)))
    return Paths(**empty | {name: np.full(len(OPEN_TIME), value) for name, value in series.items()})


@pytest.mark.parametrize(
    ("annual", "expected"),
    [
        ([0.3, 0.2, 0.1, 0.0, -0.1], 1.5),
        ([0.3, 0.2, 0.1, -0.1, -0.2], 1.25),
        ([0.3, -0.1, -0.1, -0.1, -0.1], 0.375),
        ([0.3, 0.2, 0.2, 0.2, 0.1], inf),
        ([0.0, -0.1, -0.2, -0.3, -0.4], 0.0),
        ([-0.1, 0.2, 0.2, 0.2, 0.2], 0.0),
        ([0.1, -0.1, 0.1, 0.1, 0.1], 0.25),
    ],
)
def test_break_even_lies_where_the_return_first_falls_to_zero(annual, expected):
    assert break_even(list(zip(MULTIPLES, annual, strict=False))) == pytest.approx(expected)


@given(gross=st.floats(0.01, 1.0), cost=st.floats(0.01, 1.0))
def test_break_even_of_a_straight_line_is_gross_over_cost(gross, cost):
    found = break_even([(m, gross - m * cost) for m in MULTIPLES])
    assert found == (pytest.approx(gross / cost) if gross / cost <= MULTIPLES[-1] else inf)


def test_a_year_of_payments_adds_up():
    paths = paths_of(net=1e-6, fees=2e-6, spread=1e-6, impact=0.5e-6, funding=-0.5e-6)
    paid = paid_a_year(paths, OPEN_TIME, slice(0, None))
    assert paid.fees == pytest.approx(8760 * 2e-6)
    assert paid.gross == pytest.approx(8760 * 4e-6)
    assert paid.funding_share == pytest.approx(-0.5 / 3.0)


def test_a_year_without_payments_has_no_share():
    assert np.isnan(paid_a_year(paths_of(), OPEN_TIME, slice(0, None)).funding_share)


def test_only_the_rows_that_are_kept_count():
    late = slice(24 * 100, None)
    paths = paths_of(net=1e-6, turnover=0.01, fees=1e-6)
    at = at_cost(paths, OPEN_TIME[late], late, 1.0)
    assert at.turnover_per_day == pytest.approx(0.24)
    assert at.annual_return == pytest.approx(365 * ((1 + 1e-6) ** 24 - 1))
    assert paid_a_year(paths, OPEN_TIME[late], late).fees == pytest.approx(8760e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_costs_of_one_are_the_release_itself_and_more_of_them_never_help(seed):
    panel = holey(seed, bars=700, width=7)
    release = small_release(panel, book_start_row=20)
    market = prepare(panel, release)
    paths = run(market, release)
    daily = daily_returns(paths.net[market.first :], panel.open_time[market.first :])
    done = cost_sensitivity(market, release)
    assert [at.multiple for at in done.outcomes] == list(MULTIPLES)
    assert done.outcomes[2].sharpe == sharpe(daily)
    assert [at.annual_return for at in done.outcomes] == sorted((at.annual_return for at in done.outcomes), reverse=True)
    assert done.survives == (done.outcomes[4].annual_return > 0.0)
    assert done.survives == (done.break_even > 2.0)


def test_without_costs_only_funding_is_paid():
    panel = walk(4, bars=500)
    release = small_release(panel, costs={"taker_bps": 0.0, "half_spread_bps": 0.0, "impact": 0.0})
    done = cost_sensitivity(prepare(panel, release), release)
    assert (done.paid.fees, done.paid.spread, done.paid.impact) == (0.0, 0.0, 0.0)
    assert done.paid.funding != 0.0
    assert len({at.annual_return for at in done.outcomes}) == 1


def test_every_multiple_is_told():
    panel, told = walk(4, bars=300), []
    release = small_release(panel)
    cost_sensitivity(prepare(panel, release), release, lambda: told.append(1))
    assert len(told) == len(MULTIPLES)
