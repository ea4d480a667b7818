from dataclasses import replace

import numpy as np
import pytest

from core.backtest.metrics import daily_returns, sharpe
from core.deploy.guard import GuardLimits
from core.deploy.sequence import KeyOne
from core.optimize.search import SearchPlan, top_fifth
from core.portfolio import prepare, run
from core.validation.evidence import challenger_of, gather_evidence, look_for_better
from tests.core.panels import holey, small_release

KEY = KeyOne(z=1.0, boundary=3.0, e_value=1.0, e_threshold=300.0)
LIMITS = GuardLimits(trailing_days=30)


@pytest.fixture(scope="module")
def case():
    panel = holey(4, bars=900, width=8)
    release = small_release(panel, universe={"top": 8, "min_listed_days": 2, "liquidity_days": 2}, book_start_row=20)
    market = prepare(panel, release)
    found = look_for_better(market, release, SearchPlan(trials=6, folds=2, seed=4, neighbours=1))
    return market, release, found


def test_every_figure_is_of_the_walk_forward_that_was_found(case):
    market, _, found = case
    walk, seen = found.walk, gather_evidence(market, found, None, KEY, LIMITS)
    daily = daily_returns(walk.net, walk.open_time)
    assert seen.key == KEY
    assert (seen.oos_days, seen.trades, seen.oos_sharpe) == (len(daily), walk.trades, walk.sharpe)
    assert seen.trailing_net_sharpe == sharpe(daily[-30:])
    assert seen.drawdown_1_in_20 == found.worst.drawdown_1_in_20
    assert (seen.incumbent_sharpe, seen.tail, seen.same_as_incumbent) == (None, None, False)


def test_twice_the_cost_takes_what_was_paid_once_more(case):
    market, _, found = case
    seen, walk = gather_evidence(market, found, None, KEY, LIMITS), found.walk
    assert walk.cost.sum() > 0
    dearer = np.mean(daily_returns(walk.net - walk.cost, walk.open_time))
    assert seen.net_at_double_cost == pytest.approx(dearer)
    assert seen.net_at_double_cost < np.mean(daily_returns(walk.net, walk.open_time))


def test_the_live_release_runs_over_the_same_out_of_sample_bars(case):
    market, release, found = case
    seen = gather_evidence(market, found, release, KEY, LIMITS)
    first = market.panel.row_at(int(found.walk.open_time[0]))
    theirs = daily_returns(run(market, release).net[first:], found.walk.open_time)
    assert seen.incumbent_sharpe == sharpe(theirs)
    assert seen.tail is not None
    assert seen.tail.margin == LIMITS.max_es_ratio


def test_the_release_that_is_live_already_is_recognised(case):
    market, _, found = case
    live = found.challenger.model_copy(update={"parent": "something else"})
    seen = gather_evidence(market, replace(found, challenger=found.challenger), live, KEY, LIMITS)
    assert seen.same_as_incumbent


def test_the_challenger_is_the_top_fifth_and_a_child_of_what_is_live(case):
    _, release, found = case
    made = challenger_of(release, SearchPlan(), found.trials, parent="abc")
    assert [sleeve.params for sleeve in made.sleeves] == [
        type(sleeve.config).model_validate(params).model_dump(mode="json")
        for sleeve, params in zip(made.sleeves, top_fifth(found.trials), strict=True)
    ]
    assert made.parent == "abc"
