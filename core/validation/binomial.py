"""What counts prove: exact binomial intervals (Clopper and Pearson 1934) and the counts a claim may be accepted at."""

from bisect import bisect_right

from core.errors import ConfigError
from core.validation.beta import incomplete_beta
from core.validation.bisection import crossing

CONFIDENCE = 0.95


def at_least(count: int, of: int, chance: float) -> float:
    """Probability of `count` successes or more among `of` trials that each succeed with `chance`."""
    return incomplete_beta(count, of - count + 1, chance) if count > 0 else 1.0


def at_most(count: int, of: int, chance: float) -> float:
    """Probability of `count` successes or fewer, accurate where it is small."""
    return incomplete_beta(of - count, count + 1, 1.0 - chance) if count < of else 1.0


def interval(count: int, of: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact two-sided interval of a chance of which `count` successes among `of` trials were seen.

    Raises
    ------
    ConfigError
        When there were no trials, or the count is not one of them.
    """
    if not 0 <= count <= of or of < 1:
        raise ConfigError(f"binomial interval: {count} of {of} is no count of successes; give 0 to {of} of at least 1 trial")
    tail = 0.5 * (1.0 - confidence)
    low = crossing(lambda chance: at_least(count, of, chance), tail, 0.0, 1.0) if count > 0 else 0.0
    high = crossing(lambda chance: -at_most(count, of, chance), -tail, 0.0, 1.0) if count < of else 1.0
    return low, high


def max_false(of: int, *, rate: float = 0.01, confidence: float = CONFIDENCE) -> int | None:
    """Return the most false alarms among `of` trials that still prove, one-sided, a rate of at most `rate`.

    None when the trials are too few for even 0 to prove it.
    """
    proving = bisect_right(range(of + 1), 1.0 - confidence, key=lambda count: at_most(count, of, rate))
    return proving - 1 if proving else None


def min_detected(of: int, *, power: float = 0.9, confidence: float = CONFIDENCE) -> int | None:
    """Return the fewest detections among `of` trials that prove, one-sided, a power of at least `power`.

    The misses are what `max_false` counts. None when the trials are too few for even all of them to prove it.
    """
    misses = max_false(of, rate=1.0 - power, confidence=confidence)
    return None if misses is None else of - misses
