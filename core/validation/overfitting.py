"""Overfitting: whether choosing the best of a search on one part of history chooses anything on another.

Two answers from the same daily returns of a search's trials. *CSCV* (Bailey, Borwein, López de Prado and Zhu, "The probability
of backtest overfitting", 2015) halves the history in every way its blocks allow, chooses on one half and ranks the choice on
the other. *CPCV* chooses on purged training days and holds the choice over the days tested, on several full histories.

They rank, they do not prove an edge: a search over noise whose sets differ in cost has a low PBO, because the cheapest set
wins everywhere. Returns demeaned over the whole sample give a PBO of 1 whatever they are: the halves then mirror each other.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.backtest.metrics import DAYS_PER_YEAR, sharpe
from core.errors import ConfigError, DataError
from core.types import Array, Mask
from core.validation.cpcv import combinatorial_splits, recombine


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What choosing the best trial is worth; every Sharpe ratio is annual.

    Parameters
    ----------
    pbo : probability of backtest overfitting
        Share of splits in which the choice ends in the lower half out of sample (logit at most 0).
    logits : (splits,) ln(w / (1 - w)), where w is the choice's out-of-sample rank over (sets + 1)
    slope, intercept : of the choice's Sharpe out of sample on that in sample
        The slope has no unit. It is biased below 0: the halves share one history, what one has more of the other has less.
    oos_loss : share of splits in which the choice loses money out of sample
    dominance : share
        Of the Sharpe levels that any set reaches out of sample, those at which the choice ends at or below with no higher
        probability than a set drawn by lot. 1 is first-order stochastic dominance: choosing beats drawing at every level.
    path_sharpes : (paths,) of "hold what was best in training" over each CPCV history
    """

    pbo: float
    logits: Array
    slope: float
    intercept: float
    oos_loss: float
    dominance: float
    path_sharpes: Array


@dataclass(frozen=True, slots=True)
class Choices:
    """What was best in sample, split by split: annual Sharpe ratios.

    Parameters
    ----------
    inside, outside : (splits,) of the choice, in and out of sample
    everyone : (splits, sets) of all sets out of sample
    """

    inside: Array
    outside: Array
    everyone: Array

    @property
    def logits(self) -> Array:
        """(splits,) of the choice's rank over (sets + 1), from 1 for the worst; sets that tie share their mean rank."""
        chosen = self.outside[:, None]
        below, level = (self.everyone < chosen).sum(axis=1), (self.everyone == chosen).sum(axis=1)
        relative = (below + (level + 1) / 2) / (self.everyone.shape[1] + 1)
        return np.log(relative / (1.0 - relative))


def overfitting(
    streams: Array, *, blocks: int = 10, groups: int = 6, test_groups: int = 2, purge: int = 1, embargo: int = 1
) -> Overfitting:
    """Judge a search by the daily returns of its trials.

    Parameters
    ----------
    streams : (sets, days) net, fraction of equity; finite, not demeaned
    blocks : of CSCV, even
    groups, test_groups, purge, embargo : of CPCV, the last two in days

    Raises
    ------
    DataError
        For fewer than two sets, too few days, or a return that is not finite.
    ConfigError
        When the blocks or groups cannot be divided as asked.
    """
    choices = cscv(streams, blocks=blocks)
    logits = choices.logits
    slope, intercept = line(choices.inside, choices.outside)
    return Overfitting(
        pbo=float(np.mean(logits <= 0.0)),
        logits=logits,
        slope=slope,
        intercept=intercept,
        oos_loss=float(np.mean(choices.outside < 0.0)),
        dominance=dominance(choices.outside, choices.everyone.ravel()),
        path_sharpes=path_sharpes(streams, groups=groups, test_groups=test_groups, purge=purge, embargo=embargo),
    )


def cscv(streams: Array, *, blocks: int) -> Choices:
    """Choose on every half of the blocks, look at the other half.

    The first ``days mod blocks`` days are left out, so that all blocks are equally long. Sums and sums of squares per block
    are all that is read: time and memory go with splits times sets (16 blocks are 12,870 splits), not with days.

    Parameters
    ----------
    streams : (sets, days) finite daily returns

    Raises
    ------
    DataError, ConfigError
        As `overfitting` says; every block needs two days.
    """
    _check(streams, blocks)
    sets, days = streams.shape
    cut = streams[:, days % blocks :].reshape(sets, blocks, -1)
    inside = _sharpes(_halves(blocks), cut)
    everyone = inside[::-1]  # in lexical order the complement of the i-th half is the i-th from the end
    best, each = inside.argmax(axis=1), np.arange(len(inside))
    return Choices(inside[each, best], everyone[each, best], everyone)


def path_sharpes(streams: Array, *, groups: int, test_groups: int, purge: int, embargo: int) -> Array:
    """Return the annual Sharpe ratio, (paths,), of holding each CPCV training's best set over its tests."""
    splits = combinatorial_splits(streams.shape[1], groups=groups, test_groups=test_groups, purge=purge, embargo=embargo)
    best = _sharpes(splits.train, streams[:, :, None]).argmax(axis=1)
    return np.array([sharpe(history) for history in recombine(splits, streams[best])])


def line(x: Array, y: Array) -> tuple[float, float]:
    """Fit y on x by least squares: slope and intercept; a slope of 0 when x does not vary."""
    away = x - x.mean()
    spread = float(away @ away)
    slope = float(away @ y) / spread if spread > 0.0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def dominance(chosen: Array, everyone: Array) -> float:
    """Return the share of levels in `everyone` at which the distribution of `chosen` lies at or below that of `everyone`."""
    levels = np.sort(everyone)
    choice, lot = (np.searchsorted(np.sort(some), levels, side="right") / len(some) for some in (chosen, everyone))
    return float(np.mean(choice <= lot))


def _check(streams: Array, blocks: int) -> None:
    if blocks < 2 or blocks % 2:
        raise ConfigError(f"overfitting: {blocks} blocks cannot be halved; use an even number of at least 2")
    sets, days = streams.shape
    if sets < 2 or days < 2 * blocks:
        raise DataError(
            f"overfitting: {sets} sets of {days} days; at least 2 sets and {2 * blocks} days are needed for {blocks} blocks"
        )
    if bad := np.count_nonzero(~np.isfinite(streams)):
        raise DataError(f"overfitting: {bad} of {streams.size} daily returns are not finite; leave those sets out")


def _halves(blocks: int) -> Mask:
    """Mark every half of the blocks, (splits, blocks), in lexical order."""
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    halves = np.zeros((len(chosen), blocks), dtype=np.bool_)
    np.put_along_axis(halves, chosen, values=True, axis=1)
    return halves


def _sharpes(member: Mask, cut: Array) -> Array:
    """Annual Sharpe ratio, (splits, sets), of every union of blocks: `cut` is (sets, blocks, days of a block).

    The sums are of distances from each set's own mean: plain sums of squares would lose a small deviation beside a large mean.
    Without variation (a book that did not trade) it is 0.
    """
    mean = cut.mean(axis=(1, 2))
    away = cut - mean[:, None, None]
    weight, count = member.astype(np.float64), member.sum(axis=1)[:, None] * cut.shape[2]
    sums, squares = weight @ away.sum(axis=2).T, weight @ np.square(away).sum(axis=2).T
    average, rest = mean + sums / count, squares - sums**2 / count
    varies = rest > 1e-12 * (squares + count * average**2)  # rounding alone makes a constant vary
    spread = np.sqrt(np.where(varies, rest, np.inf) / (count - 1))
    return np.round(average / spread * np.sqrt(DAYS_PER_YEAR), 10)  # sets that are equal tie, whatever the order of summation
