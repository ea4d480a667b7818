from dataclasses import replace

import numpy as np
import pytest

from core.backtest.metrics import daily_returns, sharpe
from core.optimize.search import SearchPlan, top_fifth
from core.portfolio import prepare, run
from core.validation.robust import IDLE
from core.validation.streams import ensemble
from core.validation.walkforward import opened, walk_forward
from tests.core.panels import holey, small_release

PLAN = SearchPlan(strategy="xsmom", trials=6, folds=3, seed=4, neighbours=1)


def release_for(panel):
    return small_release(panel, universe={"top": 8, "min_listed_days": 2, "liquidity_days": 2}, book_start_row=20)


def net_sharpe(market, release, start, stop):
    return sharpe(daily_returns(run(market, release).net[start:stop], market.panel.open_time[start:stop]))


def walk(panel, plan=PLAN, told=lambda _: None):
    release = release_for(panel)
    return walk_forward(prepare(panel, release), release, plan, told)


@pytest.fixture(scope="module")
def panel():
    return holey(4, bars=900, width=8)


@pytest.fixture(scope="module")
def seen(panel):
    return walk(panel)


def test_the_same_seed_gives_the_same_walk(panel, seen):
    again = walk(panel)
    assert [r.trials for r in again.folds] == [r.trials for r in seen.folds]
    assert np.array_equal(again.net, seen.net)


def test_test_bars_follow_each_other_to_the_end(panel, seen):
    first = seen.folds[0].fold.test_start
    assert np.array_equal(seen.open_time, panel.open_time[first:])
    assert len(seen.net) == len(seen.cost) == len(panel) - first
    assert (seen.cost >= 0).all()
    assert seen.cost.any()


def test_the_gap_before_a_test_is_one_rebalance_and_the_bar_of_the_fill(panel, seen):
    assert {r.fold.test_start - r.fold.train_stop for r in seen.folds} == {release_for(panel).rebalance + 1}


@pytest.mark.parametrize("k", range(3))
def test_nothing_of_a_later_bar_reaches_a_fold(panel, seen, k):
    """Every price after the fold's training bars is replaced: what was tried, and how it scored, stays the same."""
    stop = seen.folds[k].fold.train_stop
    other = holey(77, bars=900, width=8)
    later = (np.arange(900) >= stop)[:, None]
    names = ("open", "high", "low", "close", "volume", "funding")
    corrupt = replace(panel, **{n: np.where(later, getattr(other, n), getattr(panel, n)) for n in names})
    changed = walk(corrupt)
    for j in range(k + 1):
        assert changed.folds[j].trials == seen.folds[j].trials
    before = seen.open_time < panel.open_time[stop]
    assert np.array_equal(changed.net[before], seen.net[before])
    assert not np.array_equal(changed.net[~before], seen.net[~before])


def test_what_is_tested_is_the_top_fifth_of_the_trials_as_one_release(panel, seen):
    market, release = prepare(panel, release_for(panel)), release_for(panel)
    joined = []
    for result in seen.folds:
        fold = result.fold
        paths = run(market, ensemble(release, "xsmom", top_fifth(result.trials)))  # bars after the test change nothing before
        joined.append(paths.net[fold.test_start : fold.test_stop])
        days = [
            daily_returns(paths.net[a:b], panel.open_time[a:b])
            for a, b in ((20, fold.train_stop), (fold.test_start, fold.test_stop))
        ]
        assert (result.is_sharpe, result.oos_sharpe) == (sharpe(days[0]), sharpe(days[1]))
    assert np.array_equal(seen.net, np.concatenate(joined))
    assert seen.sharpe == sharpe(daily_returns(seen.net, seen.open_time))


def test_a_trial_is_scored_on_its_training_bars_at_usual_and_at_dearer_costs(panel):
    """Without neighbours: the lower quartile of two. The search runs the fast build."""
    market, release = prepare(panel, release_for(panel)), release_for(panel)
    for result in walk(panel, PLAN.model_copy(update={"neighbours": 0})).folds:
        fold, trial = result.fold, result.trials[3]
        known = market.until(fold.train_stop)
        assert len(known.panel) == fold.train_stop
        assert known.rows[-1] < fold.train_stop
        usual = ensemble(release, "xsmom", (trial.params,))
        dear = usual.model_copy(update={"costs": usual.costs.scaled(1.5)})
        scores = [net_sharpe(known, book, fold.train_start, fold.train_stop) for book in (usual, dear)]
        expected = np.quantile(scores, 0.25) if any(scores) else IDLE  # a book that never trades ranks last
        assert trial.value == pytest.approx(expected, abs=1e-6)


def test_every_trial_of_a_fold_keeps_its_own_test_days(panel, seen):
    market, release = prepare(panel, release_for(panel)), release_for(panel)
    for result in seen.folds:
        fold, days = result.fold, panel.open_time // 86_400_000
        whole = [row for row in range(fold.test_start, fold.test_stop) if days[row] != days[fold.test_start - 1]]
        assert result.streams.shape == (len(result.trials), len(set(days[whole])))
        alone = run(market.until(fold.test_stop), ensemble(release, "xsmom", (result.trials[2].params,)))
        np.testing.assert_allclose(result.streams[2], daily_returns(alone.net[whole], panel.open_time[whole]), atol=1e-9)


def test_a_rolling_walk_trains_on_as_many_bars_as_it_is_told(panel):
    rolled = walk(panel, PLAN.model_copy(update={"train_bars": 200}))
    assert {r.fold.train_stop - r.fold.train_start for r in rolled.folds} == {200}
    assert rolled.folds[-1].fold.test_stop == len(panel)


def test_positions_opened_and_turned_are_counted():
    weights = np.array([[0.1, 0.0], [0.2, -0.1], [-0.1, -0.1], [0.0, np.nan], [0.1, -0.1]])
    assert opened(weights, slice(0, 5)) == 5
    assert opened(weights, slice(1, 3)) == 2


def test_each_fold_searches_by_a_seed_of_its_own(seen):
    first = [result.trials[0].params for result in seen.folds]  # drawn before anything was learned
    assert first[0] != first[1] != first[2] != first[0]


def test_every_trial_is_told(panel):
    told = []
    walk(panel, PLAN.model_copy(update={"folds": 2, "trials": 3}), told.append)
    assert [trial.number for trial in told] == [0, 1, 2, 0, 1, 2]


def test_an_ensemble_shares_the_portfolio_equally(panel):
    crowd = ensemble(release_for(panel), "xsmom", ({"top": 3}, {"top": 4}, {"top": 5}))
    assert [sleeve.budget for sleeve in crowd.sleeves] == [1 / 3] * 3
    assert [sleeve.config.top for sleeve in crowd.sleeves] == [3, 4, 5]
    assert crowd.model_validate(crowd.model_dump()).fingerprint == crowd.fingerprint
