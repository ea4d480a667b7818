"""What may be trained on when something is tested: purge, embargo and the folds of a walk-forward.

*Purge* leaves out the bars whose outcome is not over when the test begins, or begins before the test's own outcomes are over:
a position decided in training may still be held then, and the two would share returns. Counted in bars it is the holding
horizon (bars between decisions) plus the bar in which an order fills.

*Embargo* leaves out some bars more, but only after a test block: markets remember, so what follows a test resembles it even
where no position reaches across. Bars *before* a test need none, their past cannot know the test.

1. A walk-forward has a purge and no embargo: no fold trains on bars after its own test. A later fold does train on bars
   after an *earlier* test, but also on that test itself, on purpose, because by then it is the past; to leave out the bars
   behind it would cost data and hide nothing. The embargo is for splits that train on both sides of a test (`cpcv`).
2. Warm-up is not cut from a test: signals look back into training bars, which is history, not a leak.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError, DataError
from core.types import Ints, Mask


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows of one fold; every range is ``[start, stop)``."""

    train_start: int
    train_stop: int
    test_start: int
    test_stop: int


def walk_forward_folds(first: int, stop: int, *, folds: int, purge: int, train: int | None = None) -> tuple[Fold, ...]:
    """Cut rows ``[first, stop)`` into training bars and `folds` tests that follow each other to the end.

    Every row from the first test on is tested exactly once; the tests are equally long, except that the last takes the
    remainder (at most `folds` rows more).

    Parameters
    ----------
    purge : bars
        Left out between the last training bar and the first test bar.
    train : bars
        Rolling: every fold trains on this many. None is anchored: every fold trains on all bars from `first` on, and the
        first one together with its purge on as many as a test has.

    Raises
    ------
    DataError
        When there is not one bar to train on and one to test in every fold.
    ConfigError
        When a number of folds or bars makes no sense by itself.
    """
    if folds < 1 or purge < 0 or (train is not None and train < 1):
        raise ConfigError(f"walk-forward: {folds} folds, purge {purge} and train {train} bars; need at least 1, 0 and 1")
    bars = stop - first
    length = bars // (folds + 1) if train is None else (bars - train - purge) // folds
    if length <= (purge if train is None else 0):
        raise DataError(_too_few(bars, max(length, 0), folds, purge, train))
    begin = first + (length if train is None else train + purge)
    starts = [begin + length * k for k in range(folds)]
    stops = [*starts[1:], stop]
    return tuple(
        Fold(first if train is None else a - purge - train, a - purge, a, b) for a, b in zip(starts, stops, strict=True)
    )


def trainable(start: Ints, end: Ints, tests: Sequence[Ints], *, embargo: int) -> Mask:
    """Say which observations may be trained on while blocks of others are tested.

    An observation lasts from the moment it is decided to the moment its outcome is known, both included. Purged is whatever
    meets the span of a test block, from its first start to its *last end*: its test may not begin at the end of its first
    outcome, which is the leak of mlfinlab's issue 295. Embargoed is what starts up to `embargo` after that span.

    Parameters
    ----------
    start, end : (T,) bars or milliseconds, in any order of rows; end at least start
    tests : rows of each block; a block holds every observation that starts between its first and its last
    embargo : in the unit of `start`

    Returns
    -------
    (T,)
        False for the tested rows too.

    References
    ----------
    López de Prado, *Advances in Financial Machine Learning* (2018), 7.4.1 and 7.4.2; the three cases of overlap there are one.

    Examples
    --------
    >>> trainable(np.arange(8), np.arange(8) + 1, [np.array([3, 4])], embargo=1).nonzero()[0]
    array([0, 1, 7])
    """
    kept = np.ones(len(start), dtype=np.bool_)
    for rows in tests:
        kept &= (end < start[rows].min()) | (start > end[rows].max() + embargo)
    return kept


def _too_few(bars: int, length: int, folds: int, purge: int, train: int | None) -> str:
    trained = "" if train is None else f", each trained on {train}"
    return (
        f"{bars} bars are too few for {folds} folds{trained}: each would test {length} bars, and {purge} are purged "
        f"before it; use fewer folds or a longer range"
    )
