"""How much of a Sharpe ratio is luck: its standard error, an interval, and what the best of several shows without any edge.

Everything is of daily returns, and every bootstrap resamples whole days, the same ones for every book, so that differences
between books are paired (stationary bootstrap: Politis and Romano 1994).
"""

from dataclasses import dataclass

import numpy as np

from core.backtest.metrics import DAYS_PER_YEAR, sharpe
from core.types import Array, Ints

DRAWS, MEAN_BLOCK, SEED = 5_000, 10, 20_260_101
"""Resamples; mean length of a block in days: about how long a position lives; the seed of all of them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known about one book's annual Sharpe ratio.

    Parameters
    ----------
    error : standard error for independent days (`iid_error`)
    low, high : 95 % interval of the block bootstrap
    p_nothing : one-sided, against earning nothing
    """

    sharpe: float
    error: float
    low: float
    high: float
    p_nothing: float


@dataclass(frozen=True, slots=True)
class Best:
    """The best of several books.

    Parameters
    ----------
    luck : annual Sharpe ratio that the best of them shows on average when none has an edge
    p : probability that luck shows at least as much as was seen
    """

    name: str
    sharpe: float
    tried: int
    luck: float
    p: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """One book's annual Sharpe ratio less another's, on the same days, with a 95 % interval."""

    difference: float
    low: float
    high: float


def iid_error(ratio: float, days: int) -> float:
    """Return the standard error of an annual Sharpe ratio of independent days: sqrt((1 + SR^2 / 2) / n) a day (Lo 2002).

    The ratio in it is that of a day, so for a strategy it is little more than one over the root of the years.

    Examples
    --------
    >>> round(iid_error(0.0, 4 * 365), 3)
    0.5
    """
    daily = ratio / np.sqrt(DAYS_PER_YEAR)
    return float(np.sqrt((1.0 + daily**2 / 2.0) / days * DAYS_PER_YEAR))


def stationary_days(days: int, draws: int, mean_block: float, rng: np.random.Generator) -> Ints:
    """(draws, days) which days each resample is made of: blocks of geometric length, around the end of the history."""
    steps = np.arange(days)
    fresh = rng.random((draws, days)) < 1.0 / mean_block
    fresh[:, 0] = True
    begun = np.maximum.accumulate(np.where(fresh, steps, 0), axis=1)
    start = np.take_along_axis(rng.integers(0, days, (draws, days)), begun, axis=1)
    out: Ints = (start + steps - begun) % days
    return out


def resampled(daily: Array, days: Ints) -> Array:
    """(draws, books) annual Sharpe ratios of the books, (books, n), on resampled days, (draws, n)."""
    return np.stack([_sharpes(one[days]) for one in daily], axis=1)


def judged(daily: Array, drawn: Array) -> Judged:
    """Judge one book by its daily returns, (n,), and its resampled Sharpe ratios, (draws,)."""
    seen = sharpe(daily)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Judged(seen, iid_error(seen, len(daily)), float(low), float(high), float(np.mean(drawn - seen >= seen)))


def best(names: tuple[str, ...], daily: Array, drawn: Array) -> Best:
    """Judge the best of several books as the best of several (reality check, White 2000, of Sharpe ratios).

    Parameters
    ----------
    daily : (books, n)
    drawn : (draws, books) from `resampled`
    """
    seen = np.array([sharpe(one) for one in daily])
    lucky = (drawn - seen).max(axis=1)
    first = int(seen.argmax())
    return Best(names[first], float(seen[first]), len(names), float(lucky.mean()), float(np.mean(lucky >= seen[first])))


def ahead(one: tuple[Array, Array], other: tuple[Array, Array]) -> Ahead:
    """Compare two books, each given as its daily returns and its Sharpe ratios on the same resampled days."""
    low, high = np.quantile(one[1] - other[1], (0.025, 0.975))
    return Ahead(sharpe(one[0]) - sharpe(other[0]), float(low), float(high))


def _sharpes(rows: Array) -> Array:
    """(draws,) annual Sharpe ratio of each row; 0 without variation."""
    spread = rows.std(axis=1, ddof=1)
    out: Array = np.divide(rows.mean(axis=1), spread, out=np.zeros(len(rows)), where=spread > 0) * np.sqrt(DAYS_PER_YEAR)
    return out
