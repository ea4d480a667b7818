"""Combinatorial purged cross-validation: many histories out of one (López de Prado 2018, chapter 12).

T observations are cut into N groups. Each of the C(N, k) splits tests k of them and trains on the others, purged and
embargoed on both sides of every test. Each group is tested in C(N-1, k-1) splits, so their tests can be put together to as
many full histories (paths), each of them out of sample from end to end. A walk-forward is one path; these show how much of a
result hangs on the one that happened. They train on the future of their tests, so they judge a way of choosing, never a date.

Counts and both-sided purge are those of skfolio's ``CombinatorialPurgedCV``; what is refused is not (see the errors).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.errors import ConfigError, DataError
from core.types import Array, Ints, Mask
from core.validation.splits import trainable


@dataclass(frozen=True, slots=True)
class Splits:
    """All splits of T observations, in lexical order of the groups they test.

    Parameters
    ----------
    group : (T,) number of each observation's group; groups are equally long, the last takes the remainder
    tested : (splits, groups)
    train : (splits, T) what each split may train on
    """

    group: Ints
    tested: Mask
    train: Mask

    @property
    def test(self) -> Mask:
        """(splits, T) what each split tests."""
        return self.tested[:, self.group]

    @property
    def paths(self) -> Ints:
        """(groups, paths) the split that tests the group on the path: the first path takes the first such split, and so on."""
        return np.stack([np.flatnonzero(column) for column in self.tested.T])


def combinatorial_splits(count: int, *, groups: int, test_groups: int, purge: int, embargo: int) -> Splits:
    """Make every split of `count` observations.

    Parameters
    ----------
    groups, test_groups : N and k
    purge : observations
        Left out of training on both sides of each test, because outcomes last this much longer than one observation.
    embargo : observations
        Left out after each test on top of the purge.

    Raises
    ------
    DataError
        When a training group between two tests would keep no observation: a group must be longer than
        ``2 purge + embargo``. (skfolio asks for ``purge + embargo < length - 1``, which can leave a split without training.)
    ConfigError
        When k is not between 1 and N - 1, or a gap is negative.
    """
    if not 1 <= test_groups < groups or min(purge, embargo) < 0:
        raise ConfigError(
            f"cross-validation: {test_groups} of {groups} groups tested, purge {purge} and embargo {embargo}; "
            f"test at least one group and leave one, with gaps of at least 0"
        )
    length = count // groups
    if length <= 2 * purge + embargo:
        raise DataError(
            f"{count} observations are too few for {groups} groups: each would have {length}, and a purge of {purge} on both "
            f"sides with an embargo of {embargo} takes {2 * purge + embargo}; use fewer groups or a longer range"
        )
    rows = np.arange(count)
    group = np.minimum(rows // length, groups - 1)
    blocks = [np.flatnonzero(group == g) for g in range(groups)]
    chosen = list(combinations(range(groups), test_groups))
    tested = np.array([[g in one for g in range(groups)] for one in chosen])
    train = np.stack([trainable(rows, rows + purge, [blocks[g] for g in one], embargo=embargo) for one in chosen])
    return Splits(group, tested, train)


def recombine(splits: Splits, outcomes: Array) -> Array:
    """Put the tests of the splits together to full histories.

    Parameters
    ----------
    outcomes : (splits, T)
        What each split made of every observation; only its tests are read, so the rest may be anything, NaN included.

    Returns
    -------
    (paths, T) in order of time
    """
    histories: Array = outcomes[splits.paths[splits.group].T, np.arange(len(splits.group))]
    return histories
