"""Walk-forward folds: always train on the past, leave a gap, test on what came next.

*Purge* is the gap between the last training bar and the first test bar: a position decided in training may still be held
that long, so the two would share returns. It is the holding horizon (bars between decisions) plus the bar in which an order
fills. *Embargo* would be a gap after a test block before training resumes; in a walk-forward no fold trains on bars after
its own test, so there is nothing for it to do here.

Warm-up is not cut from the test: a fold's signals look back into its training bars, which is history, not a leak.
"""

from dataclasses import dataclass

from core.errors import DataError


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows of one fold; every range is ``[start, stop)``."""

    train_start: int
    train_stop: int
    test_start: int
    test_stop: int


def anchored_folds(first: int, stop: int, *, folds: int, purge: int) -> tuple[Fold, ...]:
    """Cut rows ``[first, stop)`` into `folds` tests that follow each other to the end, each trained on all before it.

    The first training range is as long as one test; the last test takes the remainder. Every row after the first training
    range (and none before) is tested exactly once.

    Raises
    ------
    DataError
        When a test would not be longer than the purge.
    """
    length = (stop - first) // (folds + 1)
    if length <= purge:
        raise DataError(
            f"{stop - first} bars are too few for {folds} folds: each would test {length} bars, and {purge} are purged "
            f"before it; use fewer folds or a longer range"
        )
    starts = [first + length * (k + 1) for k in range(folds)]
    stops = [*starts[1:], stop]
    return tuple(Fold(first, a - purge, a, b) for a, b in zip(starts, stops, strict=True))
