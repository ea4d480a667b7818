"""Inference counts all that was tried, and says what a person would expect of plain cases."""

from math import inf

import numpy as np
import pytest

from core.backtest.metrics import sharpe
from core.errors import DataError
from core.validation.inference import inference


def noise(seed, sets=30, days=500, edge=0.0):
    rng = np.random.default_rng(seed)
    return 0.01 * (0.5 * rng.standard_normal(days) + 0.87 * rng.standard_normal((sets, days)) + edge)


def judge(chosen, streams, trials=None):
    return inference(chosen, streams, trials=trials or len(streams), rng=np.random.default_rng(0))


def test_trials_of_earlier_nights_count():
    """The mutant that counts tonight's alone dies here."""
    streams = noise(1)
    chosen = noise(2, sets=1, edge=0.25)[0]
    tonight, all_nights = judge(chosen, streams), judge(chosen, streams, trials=3000)
    assert all_nights.trials == 3000
    assert all_nights.effective_trials == pytest.approx(100 * tonight.effective_trials)
    assert all_nights.expected_max_sharpe > 1.3 * tonight.expected_max_sharpe
    assert all_nights.dsr < tonight.dsr < tonight.psr == all_nights.psr
    assert abs(all_nights.haircut_sharpe) < abs(tonight.haircut_sharpe) < sharpe(chosen)


def test_copies_of_one_book_are_one_trial():
    book = noise(3, sets=1)
    crowd = judge(book[0], np.repeat(book, 40, axis=0))
    assert crowd.effective_trials == pytest.approx(1.0, abs=0.2)
    assert crowd.expected_max_sharpe == pytest.approx(0.0, abs=0.2)


def test_independent_books_are_many():
    streams = 0.01 * np.random.default_rng(4).standard_normal((40, 800))
    assert judge(streams[0], streams).effective_trials == pytest.approx(40, rel=0.35)


def test_the_best_of_a_crowd_without_skill_is_about_what_is_expected_of_it():
    """The mean over 12 crowds; and half of them look better than their benchmark, as half should."""
    found = [(judge(s[np.argmax([sharpe(one) for one in s])], s), s) for s in (noise(seed, days=150) for seed in range(12))]
    best = [max(sharpe(one) for one in streams) for _, streams in found]
    assert np.mean([seen.expected_max_sharpe for seen, _ in found]) == pytest.approx(np.mean(best), rel=0.15)
    assert 0.25 <= np.mean([seen.dsr > 0.5 for seen, _ in found]) <= 0.75


def test_skill_is_seen_by_every_measure():
    streams = noise(5, days=1000, edge=0.2)
    seen = judge(streams[0], streams)
    assert seen.psr > 0.99
    assert seen.dsr > 0.9
    assert seen.min_track_days < 365
    assert seen.spa_p < 0.01
    assert 0 < seen.haircut_sharpe < sharpe(streams[0])


def test_a_loser_needs_an_endless_record():
    streams = noise(6, edge=-0.2)
    seen = judge(streams[0], streams)
    assert (seen.min_track_days, seen.spa_p) == (inf, 1.0)
    assert seen.psr < 0.01
    assert seen.haircut_sharpe <= 0.0


def test_a_book_that_never_traded_is_undecided():
    seen = judge(np.zeros(100), np.zeros((5, 100)))
    assert (seen.psr, seen.haircut_sharpe, seen.effective_trials) == pytest.approx((0.5, 0.0, 1.0))


@pytest.mark.parametrize(
    ("days", "sets", "trials", "said"),
    [(10, 3, 3, "10 walk-forward days"), (100, 3, 2, "2 trials for 3"), (100, 0, 5, "5 trials for 0")],
)
def test_what_cannot_be_judged_is_refused(days, sets, trials, said):
    with pytest.raises(DataError, match=said):
        judge(np.zeros(days), np.zeros((sets, 100)), trials=trials)
