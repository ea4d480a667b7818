"""The live flow over recorded bars holds the backtest's weights: the same numbers, to the last bit."""

from datetime import timedelta

import numpy as np
import pytest

from core.backtest.kernel import simulate
from core.market.timeframe import utc
from core.portfolio import decision_at, knobs, run
from flows.trade import trade
from tasks.research import load_market
from tasks.stores import store
from tests.flows.recorded import RELEASE, START

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server", "stored")]

FIRST = START + timedelta(days=40)
HOURS = 26


def backtest_decisions():
    """Every decision of the backtest over all recorded bars, by its moment."""
    market = load_market(RELEASE, None)
    paths = run(market, RELEASE)
    decisions = (decision_at(market, paths, d) for d in range(len(market.rows)))
    return {utc(decision.close_time_ms): decision.targets for decision in decisions}


@pytest.mark.long
def test_ticking_through_recorded_bars_decides_what_the_backtest_decides_exactly():
    ticks = [trade(at=FIRST + timedelta(hours=hour)) for hour in range(HOURS)]

    expected = backtest_decisions()
    taken = store().decisions.all("paper")
    assert len(taken) == HOURS // RELEASE.rebalance + 1
    assert all(decision.targets == expected[decision.decision_time] for decision in taken)
    assert ticks[-1].targets == expected[ticks[-1].decision_time]
    assert any(any(decision.targets.values()) for decision in taken)


@pytest.mark.long
def test_the_account_follows_the_targets_it_decided():
    last = [trade(at=FIRST + timedelta(hours=hour)) for hour in range(0, HOURS, RELEASE.rebalance)][-1]

    assert all(order.state.value == "DONE" for order in last.orders)
    again = trade(at=last.at)
    assert again.equity == last.equity
    assert [order.link for order in again.orders] == [order.link for order in last.orders]


@pytest.mark.long
def test_the_model_and_the_account_earn_alike():
    """The same targets from flat; the account fills at the last price there is, the kernel at the next open."""
    moments = [FIRST + timedelta(hours=hour) for hour in range(0, 2 * 24 + 1, RELEASE.rebalance)]
    ticks = [trade(at=moment) for moment in moments]

    whole = load_market(RELEASE, moments[-1])
    fresh = load_market(RELEASE.model_copy(update={"book_start": FIRST - timedelta(hours=1)}), moments[-1])
    targets = run(whole, RELEASE).targets[-len(fresh.rows) :]
    as_they_are = {"target_vol": np.inf, "max_leverage": 1.0, "stepdown_floor": 1.0, "kelly_floor": 1.0, "kelly_cap": 1.0}
    model = simulate(fresh.tape, targets, knobs(fresh, RELEASE)._replace(**as_they_are)).equity[-1]
    account = float(ticks[-1].equity / ticks[0].equity)
    assert account == pytest.approx(model, abs=0.005)
