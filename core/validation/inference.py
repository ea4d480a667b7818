"""What the walk-forward's Sharpe ratio is worth, given how much was tried. Reported beside the decision, never a gate.

All trials of all nights count. What one night's crowd of trials is worth in independent ones is measured on its own best;
each further night is taken to add as much again, which overstates what nights with nearly the same data add.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from core.backtest.metrics import DAYS_PER_YEAR, lo_sharpe, sharpe
from core.errors import DataError
from core.types import Array
from core.validation.block_length import holding_block
from core.validation.effective_trials import trials_of_best
from core.validation.haircut import bonferroni_sharpe
from core.validation.reality_check import FEWEST, mean_best, resample, spa
from core.validation.sharpe_tests import best_of, min_track_record, psr, shape_of, unit_variance

HOLDING_DAYS = 7.0
"""Shortest mean block of the bootstrap: about the longest holding period."""


@dataclass(frozen=True, slots=True)
class Inference:
    """Probabilities and Sharpe ratios that allow for luck; Sharpe ratios are annual.

    Parameters
    ----------
    psr : probability that a skill-less walk-forward would have looked worse (2025 form)
    dsr : the same for the best of `effective_trials` skill-less ones
    trials : tried over all nights
    effective_trials : independent trials they are worth
    expected_max_sharpe : of the best of those without skill, over as many days as the walk-forward has
    min_track_days : days after which this Sharpe ratio differs from 0 at 5 %; infinite when it is not positive
    haircut_sharpe : after Bonferroni's haircut for `trials`; autocorrelation can only lower it (Lo 2002)
    spa_p : Hansen's consistent p-value of tonight's trials against cash; optimistic, because a search chose them
    """

    psr: float
    dsr: float
    trials: int
    effective_trials: float
    expected_max_sharpe: float
    min_track_days: float
    haircut_sharpe: float
    spa_p: float


def inference(chosen: Array, streams: Array, *, trials: int, rng: np.random.Generator) -> Inference:
    """Judge the walk-forward by its own length and by all that was tried.

    Parameters
    ----------
    chosen : (days,) daily net returns of the walk-forward; never NaN
    streams : (sets, n) daily net returns of tonight's trials over the full range; never NaN
    trials : tried over all nights, these sets included

    Raises
    ------
    DataError
        When there are fewer than 20 days, no sets, or more sets than trials.
    """
    days = len(chosen)
    if days < FEWEST or not 1 <= len(streams) <= trials:
        raise DataError(
            f"inference: {days} walk-forward days and {trials} trials for {len(streams)} sets; "
            f"at least {FEWEST} days and one set are needed, and every set is a trial"
        )
    resampled = resample(streams, block=holding_block(streams.mean(axis=0), HOLDING_DAYS), rng=rng)
    effective = trials_of_best(mean_best(resampled)) * trials / len(streams)
    daily, shape = sharpe(chosen) / sqrt(DAYS_PER_YEAR), shape_of(chosen)
    best = best_of(effective)[0] * sqrt(unit_variance(0.0, shape) / days)
    return Inference(
        psr=psr(daily, 0.0, days, shape),
        dsr=psr(daily, best, days, shape),
        trials=trials,
        effective_trials=effective,
        expected_max_sharpe=best * sqrt(DAYS_PER_YEAR),
        min_track_days=min_track_record(daily, 0.0, shape),
        haircut_sharpe=bonferroni_sharpe(_slowest(chosen), days, trials) * sqrt(DAYS_PER_YEAR),
        spa_p=spa(resampled).consistent,
    )


def _slowest(chosen: Array) -> float:
    """Smaller of the plain and the autocorrelation-adjusted Sharpe ratio, per day."""
    return min(sharpe(chosen), lo_sharpe(chosen), key=abs) / sqrt(DAYS_PER_YEAR)
