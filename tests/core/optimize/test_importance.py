import math

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.optimize.importance import importance
from core.optimize.search import Trial, draw, search
from core.strategies.strategy import FloatRange, IntRange

SPACE = {
    "lookback": IntRange(96, 1440, log=True),
    "skip": IntRange(0, 24),
    "top": IntRange(3, 8),
    "threshold": FloatRange(0, 1),
}

optuna.logging.set_verbosity(optuna.logging.WARNING)


def unit(params):
    """Every parameter as 0 to 1, the look-back on its log scale."""
    look = math.log(params["lookback"] / 96) / math.log(15)
    return look, params["skip"] / 24, (params["top"] - 3) / 5, params["threshold"]


def scored(score, count=300, seed=0):
    drawn = draw(SPACE, count, np.random.default_rng(seed))
    return tuple(Trial(n, params, score(*unit(params))) for n, params in enumerate(drawn))


def test_the_shares_of_a_sum_are_the_variances_of_its_terms():
    """A term a x with x uniform has the variance a^2 / 12: 4, 1 and 0 of 5 parts, whole numbers nearly so."""
    shares = dict(importance(SPACE, scored(lambda look, skip, top, threshold: 2 * look + threshold)))
    assert shares["lookback"] == pytest.approx(0.8, abs=0.03)
    assert shares["threshold"] == pytest.approx(0.2, abs=0.03)
    assert shares["skip"] + shares["top"] < 0.01


def test_a_curve_counts_by_its_variance_as_a_line_does():
    """(2 x - 1)^2 with x uniform has the variance 4 / 45, x has 1 / 12."""
    shares = dict(importance(SPACE, scored(lambda look, skip, top, threshold: look + (2 * threshold - 1) ** 2, 3000)))
    assert shares["threshold"] == pytest.approx((4 / 45) / (4 / 45 + 1 / 12), abs=0.015)


def test_parameters_that_matter_only_together_share_equally():
    shares = dict(importance(SPACE, scored(lambda look, skip, top, threshold: (look - 0.5) * (threshold - 0.5), 2000)))
    assert shares["lookback"] == pytest.approx(0.5, abs=0.03)
    assert shares["threshold"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_a_search_that_learned_where_the_peak_is_still_knows_what_made_it(seed):
    rng = np.random.default_rng(seed)

    def score(params):
        look, _, top, threshold = unit(params)
        return -4 * (look - 0.35) ** 2 - (top - 0.6) ** 2 - 2 * (threshold - 0.3) ** 2 + 0.2 * rng.standard_normal()

    ranked = importance(SPACE, search(SPACE, score, trials=100, seed=seed))
    assert [name for name, _ in ranked[:2]] == ["lookback", "threshold"]


def test_a_few_books_that_never_trade_do_not_decide_alone():
    def score(look, skip, top, threshold):
        return -10.0 if threshold > 0.95 else look

    assert importance(SPACE, scored(score))[0][0] == "lookback"


def test_equal_scores_or_too_few_share_equally():
    equal = (("lookback", 0.25), ("skip", 0.25), ("threshold", 0.25), ("top", 0.25))
    assert importance(SPACE, scored(lambda *_: 0.7)) == equal
    assert importance(SPACE, scored(lambda *_: 0.0)) == equal
    assert importance(SPACE, scored(lambda look, *_: look, count=1)) == equal
    assert importance(SPACE, ()) == equal


def test_a_failed_trial_is_left_out():
    good = scored(lambda look, skip, top, threshold: look + skip)
    failed = tuple(Trial(1000 + n, good[n].params, value) for n, value in enumerate((math.nan, math.inf, -math.inf)))
    assert importance(SPACE, good + failed) == importance(SPACE, good)


values = st.floats(-1e6, 1e6, allow_subnormal=False)


@settings(max_examples=40)
@given(scores=st.lists(values, min_size=2, max_size=40), seed=st.integers(0, 99))
def test_shares_are_sorted_sum_to_one_and_do_not_depend_on_order_or_unit(scores, seed):
    drawn = draw(SPACE, len(scores), np.random.default_rng(seed))
    trials = tuple(Trial(n, params, value) for n, (params, value) in enumerate(zip(drawn, scores, strict=True)))
    named = importance(SPACE, trials)
    shares = [share for _, share in named]
    assert {name for name, _ in named} == set(SPACE)
    assert sum(shares) == pytest.approx(1.0)
    assert all(share >= 0.0 for share in shares)
    assert shares == sorted(shares, reverse=True)
    doubled = tuple(Trial(t.number, t.params, 2.0 * t.value) for t in trials[::-1])
    assert dict(importance(SPACE, doubled)) == pytest.approx(dict(named), abs=1e-6)
